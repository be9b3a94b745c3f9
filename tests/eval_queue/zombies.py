"""Workers over one home, each in a process of its own: python -m tests.eval_queue.zombies NAME HOME [WHERE]

With WHERE the worker comes to that place of the first submission, says so, and goes on when the file `go` is there.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from backend.domain import Metric, Prompt
from backend.settings import Settings
from backend.submission import Status
from storage.clocks import Clocks
from storage.submissions import Claim, Submissions
from tests.eval_queue.toys import House, toy_engine
from tests.storage.records import Measured, toy_task

LEASE = 1.0


class Place:
    """Where a worker waits, once, to be stopped and woken."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._been = False

    def come(self) -> None:
        """Says that it is there, and goes on when it may."""
        if self._been:
            return
        self._been = True
        (self._home / "there").touch()
        while not (self._home / "go").exists():
            time.sleep(0.02)


class AtTheEnd(Submissions):
    """Waits right before it publishes."""

    place: Place

    def step(self, claim: Claim, status: Status, **kwargs: Any) -> None:
        if status is Status.FINISHED:
            self.place.come()
        super().step(claim, status, **kwargs)


def halting_metric(place: Place) -> Metric:
    """Waits while it is made ready to score."""

    def prepare(settings: Settings) -> Callable[[Sequence[str], Sequence[str]], list[float]]:
        place.come()
        return Measured()

    return Metric(name="exact", title="exact", meaning="the same text", prepare=prepare)


def house_of(home: Path, place: Place | None, where: str) -> House:
    """The house of a worker that comes to a place."""

    def answer(prompt: Prompt, halt: Event) -> str:
        if place and where == "predict" and prompt.example_id == "first-2":
            place.come()
        return "yes"

    tasks = [toy_task("first", examples=4), toy_task("second", examples=4)]
    if place and where == "score":
        tasks[0] = replace(tasks[0], metrics=(halting_metric(place),))
    house = House(home, engine=toy_engine(answer), tasks=tasks, lease_seconds=LEASE)
    store = AtTheEnd if place and where == "publish" else Submissions
    house.submissions = store(home / "queue.sqlite", Clocks())
    if isinstance(house.submissions, AtTheEnd) and place:
        house.submissions.place = place
    house.queue._submissions = house.submissions
    return house


def main(name: str, home: str, where: str = "") -> None:
    """Works until nothing waits and `stop` is there."""
    folder = Path(home)
    house = house_of(folder, Place(folder) if where else None, where)
    worker = replace(house.worker(), name=name)
    while not (folder / f"stop-{name}").exists():
        if not where:
            house.queue.rescue()
        if not worker.run_next():
            time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
