"""Every pair of runs in every cell of the board: the difference, and whether it can be told from chance."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import Any, TypeVar

import numpy as np

from backend.comparison.tables import Table
from backend.domain import LEVEL_TASKS
from backend.statistics import (
    ALPHA,
    HELD,
    RESAMPLES,
    Differences,
    Floats,
    Means,
    RowPair,
    average,
    blocks,
    bounds_of,
    holm,
    joined,
    judge,
    pair_differences,
    rank_ranges,
    resample,
    seed_of,
)

OVERALL, LEVELS, TASKS = "overall", "levels", "tasks"  # families
T = TypeVar("T")


class Finding(StrEnum):
    """What a comparison says of the first run of a pair."""

    BETTER = "better"
    WORSE = "worse"
    UNDECIDED = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A column of the board, and the family of tests it is corrected with."""

    title: str
    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDifferences:
    """The differences of some pairs in every cell that could be filled, with p-values adjusted within families.

    `tests` says for each cell for how many its p-values are adjusted.
    """

    cells: Mapping[str, Cell]
    differences: Mapping[str, Differences]
    adjusted: Mapping[str, Floats]
    tests: Mapping[str, int]
    resamples: int

    def records(self, cell: str) -> list[dict[str, Any]]:
        """What is known of each pair in one cell: percentage points, p-values, finding; None for what is not."""
        return _records(self.differences[cell], self.adjusted[cell])


def compare_tables(runs: Sequence[str], tables: Sequence[Table]) -> dict[str, Any]:
    """All pairs of runs in every cell of the board, as a JSON object; what cannot be had is None.

    Cells are `overall`, `level_1`, `<task>` and `<task>.<metric>`, an average only where all its parts are. Each says
    `tests`, for how many its p-values are adjusted: all pairs in all cells of its family, which are the levels, the
    tasks, or the metrics of one task. `runs` holds each run's score over everything it was judged on, in percent, and
    the range of its rank; `pairs` the difference over shared items in percentage points, first less second, its 95 %
    interval, p-values, finding, and what difference the set could detect.
    """
    pairs = list(combinations(range(len(runs)), 2))
    together = find_differences(tables, pairs)
    scores = _summaries(tables, _scores, RESAMPLES)
    found: dict[str, Any] = {}
    for key, cell in together.cells.items():
        ranks = rank_ranges(len(runs), pairs, together.differences[key].values, together.adjusted[key])
        found[key] = {
            "title": cell.title,
            "tests": together.tests[key],
            "runs": _run_records(runs, scores[key], ranks),
            "pairs": [
                {"first": runs[first], "second": runs[second], **record}
                for (first, second), record in zip(pairs, together.records(key), strict=True)
            ],
        }
    return {"runs": list(runs), "resamples": together.resamples, "cells": found}


def find_differences(tables: Sequence[Table], pairs: Sequence[RowPair], *, metrics: bool = True) -> CellDifferences:
    """These pairs of the tables' runs in every cell; without `metrics`, only in the tasks and their averages."""
    tables = tables if metrics else [_averages_only(table) for table in tables]
    cells = {key: cell for key, cell in _cells(tables).items() if metrics or "." not in key}
    found = _differences(tables, pairs, RESAMPLES)
    differences = {key: found[key] for key in cells}
    adjusted = _adjusted(cells, differences)
    tests = Counter[str]()
    for key, cell in cells.items():
        tests[cell.family] += int(np.count_nonzero(~np.isnan(adjusted[key])))
    return CellDifferences(
        cells=cells,
        differences=differences,
        adjusted=adjusted,
        tests={key: tests[cell.family] for key, cell in cells.items()},
        resamples=RESAMPLES,
    )


def _averages_only(table: Table) -> Table:
    """What a task's own score is made of: one row for all metrics that judge the same examples, as their mean is drawn.

    A run without one of them has no score, so that nothing of it is left.
    """
    own = [metric for metric in table.task.metrics if metric.averaged]
    values = table.values[[table.task.metrics.index(metric) for metric in own]]
    values[:, np.isnan(values).all(axis=2).any(axis=0)] = np.nan
    missing = np.isnan(values)
    if (missing == missing[0]).all():
        own, values = own[:1], values.mean(axis=0, keepdims=True)
    return replace(table, task=replace(table.task, metrics=tuple(own)), values=values)


def _cells(tables: Sequence[Table]) -> dict[str, Cell]:
    """Every cell that may be filled, averages first."""
    names = {table.task.name for table in tables}
    cells = {
        f"level_{level}": Cell(title=f"Level {level}", family=LEVELS)
        for level, needed in LEVEL_TASKS.items()
        if names.issuperset(needed)
    }
    if len(cells) == len(LEVEL_TASKS):
        cells = {OVERALL: Cell(title="Overall", family=OVERALL), **cells}
    for task in (table.task for table in tables):
        cells[task.name] = Cell(title=task.title, family=TASKS)
        for metric in task.metrics:
            cells[f"{task.name}.{metric.name}"] = Cell(title=f"{task.title}: {metric.title}", family=task.name)
    return cells


def _differences(tables: Sequence[Table], pairs: Sequence[RowPair], resamples: int) -> dict[str, Differences]:
    """Every cell's differences, for as many pairs at a time as memory should hold."""
    held = resamples * max(len(table.values) for table in tables)
    found = []
    for block in blocks(pairs, HELD // held):
        paired = [replace(table, values=pair_differences(table.values, block)) for table in tables]
        found.append(_summaries(paired, judge, resamples))
    return {key: joined([block[key] for block in found]) for key in found[0]}


def _summaries(tables: Sequence[Table], summarise: Callable[[Means], T], resamples: int) -> dict[str, T]:
    """Each cell's means over the tables' rows, summed up as soon as they are known. Tasks are drawn independently."""
    found: dict[str, T] = {}
    averages: dict[str, Means] = {}
    for table in tables:
        metrics, rows, examples = table.values.shape
        flat = table.values.reshape(metrics * rows, examples)
        seed = seed_of(table.task.name)
        means = resample(flat, table.clusters, table.items, resamples=resamples, seed=seed)
        parts = [means.rows(slice(start, start + rows)) for start in range(0, metrics * rows, rows)]
        named = list(zip(table.task.metrics, parts, strict=True))
        found |= {f"{table.task.name}.{metric.name}": summarise(part) for metric, part in named}
        averages[table.task.name] = average([part for metric, part in named if metric.averaged])
    for level, needed in LEVEL_TASKS.items():
        if averages.keys() >= set(needed):
            averages[f"level_{level}"] = _average_apart([averages[name] for name in needed])
    levels = [averages[key] for level in LEVEL_TASKS if (key := f"level_{level}") in averages]
    if len(levels) == len(LEVEL_TASKS):
        averages[OVERALL] = _average_apart(levels)
    return found | {key: summarise(means) for key, means in averages.items()}


def _average_apart(parts: Sequence[Means]) -> Means:
    """The average of parts that have no item in common."""
    return replace(average(parts), items=np.sum([part.items for part in parts], axis=0))


def _scores(means: Means) -> list[dict[str, Any]]:
    bounds = bounds_of(means)
    return [
        {
            "value": _percent(point),
            "low": _percent(low),
            "high": _percent(high),
            "n": 0 if math.isnan(point) else count,
        }
        for point, (low, high), count in zip(means.points.tolist(), bounds.tolist(), means.items.tolist(), strict=True)
    ]


def _adjusted(cells: Mapping[str, Cell], differences: Mapping[str, Differences]) -> dict[str, Floats]:
    """Each cell's p-values, adjusted within its family."""
    adjusted: dict[str, Floats] = {}
    for family in {cell.family for cell in cells.values()}:
        keys = [key for key, cell in cells.items() if cell.family == family]
        together = holm(np.concatenate([differences[key].p_values for key in keys]))
        adjusted |= dict(zip(keys, np.split(together, len(keys)), strict=True))
    return adjusted


def _run_records(
    runs: Sequence[str], scores: Sequence[Mapping[str, Any]], ranges: Sequence[tuple[int, int] | None]
) -> dict[str, dict[str, Any]]:
    return {
        run: {**score, "rank": list(found) if found else None}
        for run, score, found in zip(runs, scores, ranges, strict=True)
    }


def _records(differences: Differences, adjusted: Floats) -> list[dict[str, Any]]:
    columns = (
        differences.items.tolist(),
        differences.values.tolist(),
        differences.bounds.tolist(),
        differences.p_values.tolist(),
        adjusted.tolist(),
        differences.detectable.tolist(),
    )
    return [
        {
            "n": 0 if math.isnan(value) else n,
            "difference": _percent(value),
            "low": _percent(low),
            "high": _percent(high),
            "p": _known(p),
            "p_adjusted": _known(corrected),
            "detectable": _percent(detectable),
            "finding": _finding(value, corrected),
        }
        for n, value, (low, high), p, corrected, detectable in zip(*columns, strict=True)
    ]


def _finding(difference: float, adjusted: float) -> Finding | None:
    if math.isnan(difference):
        return None
    if adjusted < ALPHA:
        return Finding.BETTER if difference > 0 else Finding.WORSE
    return Finding.UNDECIDED


def _percent(value: float) -> float | None:
    return _known(100 * value)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
