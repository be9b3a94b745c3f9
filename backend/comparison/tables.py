"""The judged answers of several runs, example by example side by side."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backend.domain import ScoredExample, Task
from backend.errors import UsageError
from backend.reporting import read_examples
from backend.statistics import Floats, Names

WHO_WAS_ASKED = frozenset({"submission", "model", "revision", "engine"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One task's judged answers of all runs: `values` (metrics, runs, examples), NaN where there is none."""

    task: Task
    values: Floats
    items: Names
    clusters: Names


def read_table(task: Task, folders: Mapping[str, Path]) -> Table | None:
    """The task's judged answers in all folders side by side; None when no two runs share an example."""
    runs = [_read_run(folder, task) for folder in folders.values()]
    examples: dict[str, list[ScoredExample]] = {}
    for run in runs:
        for line in run:
            examples.setdefault(line.example_id, []).append(line)
    if all(len(lines) < 2 for lines in examples.values()):
        return None
    asked = [rules for folder in folders.values() if (rules := _rules(folder, task)) is not None]
    if any(other != asked[0] for other in asked):
        raise _other_data(task)
    place = {name: column for column, name in enumerate(examples)}
    values = np.full((len(task.metrics), len(runs), len(examples)), np.nan)
    for row, run in enumerate(runs):
        for line in run:
            found = [line.metrics.get(metric.name) for metric in task.metrics]
            values[:, row, place[line.example_id]] = [np.nan if value is None else value for value in found]
    items = [_agreed(task, name, [line.item for line in lines]) for name, lines in examples.items()]
    clusters = [_agreed(task, name, [line.cluster for line in lines]) for name, lines in examples.items()]
    if len(set(zip(items, clusters, strict=True))) > len(set(items)):
        raise _other_data(task)
    if any(len({line.reference for line in lines}) > 1 for lines in examples.values()):
        raise _other_data(task)
    return Table(task=task, values=values, items=items, clusters=clusters)


def _read_run(folder: Path, task: Task) -> list[ScoredExample]:
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder. Name folders that `python app.py evaluate … --out DIR` wrote.")
    path = folder / f"{task.name}.jsonl"
    return read_examples(path) if path.exists() else []


def _rules(folder: Path, task: Task) -> Mapping[str, Any] | None:
    """What the journal beside the judged answers says of version, protocol and data; None where there is none."""
    try:
        with (folder / "predictions" / f"{task.name}.jsonl").open("rb") as journal:
            run = json.loads(journal.readline())["run"]
        return {name: value for name, value in run.items() if name not in WHO_WAS_ASKED}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _agreed(task: Task, example_id: str, names: Sequence[str]) -> str:
    """What the runs call an example's item or cluster; one that never knew better calls it by its id."""
    known = set(names) - {example_id}
    if len(known) > 1:
        raise _other_data(task)
    return known.pop() if known else example_id


def _other_data(task: Task) -> UsageError:
    return UsageError(
        f"The runs were not asked and judged alike in the task {task.name}: its data, version or protocol differ. "
        "Evaluate the models once more with the same version of the program and its data, and compare again."
    )
