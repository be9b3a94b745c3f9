"""Our local engine, through its isolated process, as an evaluation uses it."""

from collections.abc import Mapping
from pathlib import Path
from threading import Event

from backend.bench.generation.work import Stopwatch, Work, take_turn
from backend.domain import ModelSource
from backend.engines.transformers import open_model
from backend.ordering import in_prefix_order
from backend.settings import Settings


def answer(work: Work, watch: Stopwatch) -> Mapping[str, str]:
    """The text written for each prompt; group by group, as the tasks of an evaluation."""
    source = ModelSource(hub_id="bench/model", revision="0" * 40, folder=work.folder)
    settings = Settings.model_validate({"home": Path.cwd(), "dtype": work.dtype})
    found: dict[str, str] = {}
    with open_model(source, settings, Event()) as client:
        for name, prompts in work.groups.items():
            with watch.answering(name):
                found |= {one.example_id: one.text for one in client.complete(in_prefix_order(prompts))}
        watch.facts |= {**client.facts, "reuse": client.reuse, **client.effort}
    return found


if __name__ == "__main__":
    take_turn(answer)
