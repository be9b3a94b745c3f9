"""transformers' `generate`, prompt by prompt in the order of the file: what every other answer is held against."""

from collections.abc import Mapping

from backend.bench.generation.peers.stock import load
from backend.bench.generation.work import Stopwatch, Work, take_turn


def answer(work: Work, watch: Stopwatch) -> Mapping[str, str]:
    """The text written for each prompt."""
    stock = load(work)
    found: dict[str, str] = {}
    with watch.answering():
        for text in stock.read(work):
            found |= stock.generate([text])
    return found


if __name__ == "__main__":
    take_turn(answer)
