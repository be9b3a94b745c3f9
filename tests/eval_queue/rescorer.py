"""Tasks that other processes find by name, and a rescoring that takes its time: python -m … HOME."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from backend.domain import Access, Measure, Metric, Task
from backend.settings import Settings
from eval_queue.rescoring import Rescoring
from storage.ledger import Ledger
from storage.submissions import Submissions
from tests.storage.records import toy_metric, toy_task

TASKS = (toy_task("open"), toy_task("secret", access=Access.CREDENTIALED))


def _judged(metric: Metric) -> dict[str, Task]:
    return {task.name: replace(task, metrics=(metric,)) for task in TASKS}


def same_tasks() -> dict[str, Task]:
    """The tasks as they were when the models were asked."""
    return {task.name: task for task in TASKS}


def harsh_tasks() -> dict[str, Task]:
    """The same tasks, with a metric of the same name that finds everything wrong."""

    def prepare(settings: Settings) -> Measure:
        return lambda answers, references: [0.0] * len(answers)

    return _judged(replace(toy_metric(), prepare=prepare))


def slow_tasks() -> dict[str, Task]:
    """The same tasks, with a metric that takes ten minutes."""

    def prepare(settings: Settings) -> Measure:
        def measure(answers: Sequence[str], references: Sequence[str]) -> list[float]:
            time.sleep(600)
            return [0.0] * len(answers)

        return measure

    return _judged(replace(toy_metric(), prepare=prepare))


if __name__ == "__main__":
    from tests.eval_queue.rescorer import slow_tasks as found_by_name

    home = Path(sys.argv[1])
    Rescoring(
        settings=Settings(home=home),
        ledger=Ledger(home / "ledger.jsonl"),
        submissions=Submissions(home / "queue.sqlite"),
        tasks=found_by_name,
    ).run([], None, lambda name, done, total: None, processes=2)
