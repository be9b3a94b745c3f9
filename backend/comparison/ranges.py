"""The range of ranks of every row of the board in its main cells, from the judged values that are kept."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from backend.comparison.findings import LEVELS, OVERALL, TASKS
from backend.comparison.rows import Hindrance, tasks_of
from backend.domain import LEVEL_TASKS, Task
from backend.judged import Judged
from backend.statistics import Floats, Mixture, RankRange, Sample, all_rank_ranges, influence

Read = Callable[[int, str], Judged | Hindrance]
Place = RankRange | Hindrance | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """One row's mean over a task's averaged metrics, and each cluster's pull on it."""

    data: tuple[int, str, str]
    holes: int
    mean: float
    pulls: Floats


def board_ranges(rows: int, tasks: Sequence[Task], read: Read) -> dict[str, list[Place]]:
    """Each cell's best and worst rank for every row, by its place; for a row that is compared with none, the hindrance.

    None where nothing hinders a row but that it has no score, or nobody to be compared with. `read(row, task)` gives
    what is kept. In each task the rows of one version on one set of examples are compared, that of the most rows; of
    two with as many, the one that was asked last.
    """
    told: dict[tuple[int, str], Hindrance] = {}
    samples = {task.name: sample for task in tasks if (sample := _sample(rows, task, read, told)) is not None}
    mixtures = {name: Mixture(family=TASKS, weights={name: 1.0}) for name in samples}
    for cell, family in [*((f"level_{level}", LEVELS) for level in LEVEL_TASKS), (OVERALL, OVERALL)]:
        parts = tasks_of(cell)
        if samples.keys() >= set(parts):
            mixtures[cell] = Mixture(family=family, weights=dict.fromkeys(parts, 1 / len(parts)))
    found = all_rank_ranges(samples, mixtures) if mixtures else {}
    return {cell: [one or _told(told, row, cell) for row, one in enumerate(ranges)] for cell, ranges in found.items()}


def _told(told: Mapping[tuple[int, str], Hindrance], row: int, cell: str) -> Hindrance | None:
    """What hinders a row in the first task of a cell that it is hindered in."""
    return next((told[row, task] for task in tasks_of(cell) if (row, task) in told), None)


def _sample(rows: int, task: Task, read: Read, told: dict[tuple[int, str], Hindrance]) -> Sample | None:
    """The rows that are compared in a task; what hinders the others is told in `told`."""
    found: dict[int, _Whole] = {}
    for row in range(rows):
        judged = read(row, task.name)
        if isinstance(judged, Hindrance):
            told[row, task.name] = judged
        elif (whole := _whole(task, judged)) is not None:
            found[row] = whole
    counts = Counter((one.data, one.holes) for one in found.values())
    last = {(one.data, one.holes): row for row, one in found.items()}
    if not counts:
        return None
    chosen = max(counts, key=lambda data: (counts[data], last[data]))
    means = np.full(rows, np.nan)
    pulls = np.zeros((rows, len(found[last[chosen]].pulls)))
    for row, one in found.items():
        if (one.data, one.holes) == chosen:
            means[row], pulls[row] = one.mean, one.pulls
        else:
            told[row, task.name] = Hindrance.OTHER_DATA
    return Sample(means=means, pulls=pulls)


def _whole(task: Task, judged: Judged) -> _Whole | None:
    """None where a metric of the task's score is missing."""
    names = [metric.name for metric in task.metrics if metric.averaged]
    if not set(names) <= set(judged.metrics):
        return None
    values = judged.values[[judged.metrics.index(name) for name in names]]
    means, pulls = influence(values, judged.clusters, judged.items)
    mean = float(means.mean())
    if np.isnan(mean):
        return None
    return _Whole(data=judged.data, holes=hash(np.isnan(values).tobytes()), mean=mean, pulls=pulls.mean(axis=0))
