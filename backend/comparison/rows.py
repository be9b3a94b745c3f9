"""Rows of the board compared by the judged values that are kept of them; where that cannot be, the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from backend.comparison.findings import CellDifferences, find_differences
from backend.comparison.tables import Table
from backend.domain import LEVEL_TASKS, Task
from backend.judged import Judged, Numbers
from backend.statistics import RowPair

_NONE: Numbers = np.zeros(0, dtype=np.int32)


class Hindrance(StrEnum):
    """Why a difference cannot be judged."""

    NOT_KEPT = "not kept"
    OTHER_JUDGING = "other judging"
    OTHER_DATA = "other data"


JudgedRow = Mapping[str, Judged | Hindrance]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Pairs of rows in every cell of the board: what was found, else what hindered it."""

    pairs: Sequence[RowPair]
    found: CellDifferences | None = None
    hindrances: Mapping[str, Sequence[Hindrance | None]] = field(default_factory=dict)

    def tests(self, cell: str) -> int:
        """For how many tests this cell's p-values are adjusted."""
        return self.found.tests.get(cell, 0) if self.found else 0

    def records(self, cell: str) -> list[dict[str, Any] | None]:
        """What was found of each pair in this cell; None for a pair that could not be judged."""
        if self.found is None or cell not in self.found.cells:
            return [None] * len(self.pairs)
        return [record if record["finding"] else None for record in self.found.records(cell)]

    def hindrance(self, cell: str, pair: int) -> Hindrance | None:
        """What hindered this pair in this cell; of an average, in the first of its tasks."""
        tasks = tasks_of(cell)
        told = [found[pair] for task in tasks if (found := self.hindrances.get(task))]
        return next((one for one in told if one), None)


def tasks_of(cell: str) -> tuple[str, ...]:
    """The tasks that a cell of the board is made of."""
    levels = {f"level_{level}": names for level, names in LEVEL_TASKS.items()}
    if cell == "overall":
        return tuple(name for names in levels.values() for name in names)
    return levels.get(cell) or (cell.partition(".")[0],)


def compare_rows(
    tasks: Sequence[Task], rows: Sequence[JudgedRow], pairs: Sequence[RowPair], *, metrics: bool = True
) -> Compared:
    """These pairs of rows; each row holds for every task that it was measured on its values, or why there are none.

    Rows are compared where task version, data and examples are the same. `metrics` as in `find_differences`.
    """
    tables = [table for task in tasks if (table := _table(task, rows)) is not None]
    hindrances = {task.name: [_hindrance(task.name, rows, pair) for pair in pairs] for task in tasks}
    found = find_differences(tables, pairs, metrics=metrics) if tables and pairs else None
    return Compared(pairs=pairs, found=found, hindrances=hindrances)


def _table(task: Task, rows: Sequence[JudgedRow]) -> Table | None:
    """All rows side by side; those on other data have no example in common, so their differences are missing."""
    kept = {place: one for place, row in enumerate(rows) if isinstance(one := row.get(task.name), Judged)}
    sets = {one.data: one for one in kept.values()}
    if not kept:
        return None
    names = [metric.name for metric in task.metrics]
    values = np.full((len(names), len(rows), sum(len(one.items) for one in sets.values())), np.nan)
    start, items, clusters = 0, [_NONE], [_NONE]
    for data, one in sets.items():
        end = start + len(one.items)
        for place, judged in kept.items():
            for at, name in enumerate(judged.metrics):
                if judged.data == data and name in names:
                    values[names.index(name), place, start:end] = judged.values[at]
        items.append(one.items + _beyond(items))
        clusters.append(one.clusters + _beyond(clusters))
        start = end
    return Table(task=task, values=values, items=np.concatenate(items), clusters=np.concatenate(clusters))


def _beyond(parts: Sequence[Numbers]) -> int:
    """The first number that none of the parts has."""
    return 1 + max(int(part.max(initial=-1)) for part in parts)


def _hindrance(task: str, rows: Sequence[JudgedRow], pair: RowPair) -> Hindrance | None:
    first, second = (rows[place].get(task, Hindrance.NOT_KEPT) for place in pair)
    for one in (first, second):
        if isinstance(one, Hindrance):
            return one
    same = isinstance(first, Judged) and isinstance(second, Judged) and first.data == second.data
    return None if same else Hindrance.OTHER_DATA
