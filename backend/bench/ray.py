"""What carrying over Ray costs: the same prompts asked of 1, 2, 4 … actors, each with a model that sleeps."""

import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from threading import Event
from typing import Any

from backend.bench.circumstances import circumstances
from backend.bench.local_cluster import local_cluster
from backend.bench.sleeper import PAUSE_SECONDS
from backend.domain import Message, ModelSource, Prompt, Role
from backend.engines.carrying.nodes import check_installed
from backend.engines.ray import open_carried
from backend.ordering import in_prefix_order
from backend.progress import FractionProgress
from backend.settings import Settings

MODULE = "backend.bench.sleeper"
NODES = 2
EACH = 100  # prompts for each actor, so that every round takes as long
ROUNDS = 3


def measure_ray(most: int, report: FractionProgress) -> dict[str, Any]:
    """Items per second with 1, 2, 4 … up to so many actors on two nodes of this machine: the median of three rounds.

    `efficiency` is items per second and actor, over that of one. `carried` is the share of the time of one actor
    that its model slept; the rest is what carrying costs. `clean` when every prompt was answered exactly once.
    """
    check_installed()
    runs: dict[str, dict[str, float]] = {}
    clean = True
    actors = [2**power for power in range(most.bit_length())]
    with tempfile.TemporaryDirectory(prefix="clue-bench-") as home, local_cluster(NODES, most) as cluster:
        for number, count in enumerate(actors):
            report(f"{count} actors", number / len(actors))
            settings = Settings(home=Path(home), ray=cluster.address, ray_actors=count)
            asked = in_prefix_order(_prompt(number) for number in range(EACH * count))
            seconds, answered = _time(settings, asked)
            clean &= answered == sorted(ROUNDS * [prompt.example_id for prompt in asked])
            runs[str(count)] = {"items_per_second": round(len(asked) / seconds, 1)}
    one = runs["1"]["items_per_second"]
    for name, run in runs.items():
        run["efficiency"] = round(run["items_per_second"] / int(name) / one, 3)
    carried = round(one * PAUSE_SECONDS, 3)
    told = {"ray": version("ray"), "nodes": NODES, "actors": runs, "carried": carried}
    return {**circumstances(), **told, "clean": clean}


def _time(settings: Settings, asked: Sequence[Prompt]) -> tuple[float, list[str]]:
    """The median of the rounds' seconds, once all actors are there, and whose answers came in all of them."""
    source = ModelSource(hub_id="bench/sleeper", revision="1")
    with open_carried(MODULE, source, settings, Event()) as crew:
        while crew.seats_open < (settings.ray_actors or 1):
            list(crew.complete([_prompt(0)]))  # an actor takes seconds to start, on any machine
        rounds, answered = [], []
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            answered += [prediction.example_id for prediction in crew.complete(asked)]
            rounds.append(time.perf_counter() - begin)
        return median(rounds), sorted(answered)


def _prompt(number: int) -> Prompt:
    turns = (Message(Role.SYSTEM, "Answer with one word."), Message(Role.USER, f"Is {number} an even number? " * 50))
    return Prompt(example_id=f"q-{number}", messages=turns, max_new_tokens=8)
