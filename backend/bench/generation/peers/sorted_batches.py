"""transformers' `generate` over padded batches of prompts of similar length, the longest first."""

from collections.abc import Mapping

from backend.bench.generation.peers.stock import load
from backend.bench.generation.work import Stopwatch, Work, take_turn


def answer(work: Work, watch: Stopwatch) -> Mapping[str, str]:
    """The text written for each prompt."""
    stock = load(work)
    found: dict[str, str] = {}
    with watch.answering():
        texts = sorted(stock.read(work), key=lambda text: -len(text.ids))
        for start in range(0, len(texts), work.batch_size):
            found |= stock.generate(texts[start : start + work.batch_size])
    return found


if __name__ == "__main__":
    take_turn(answer)
