"""The range of ranks of every row of the board in its main cells, from the judged values that are kept."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from backend.comparison.findings import LEVELS, OVERALL, TASKS
from backend.comparison.rows import tasks_of
from backend.domain import LEVEL_TASKS, Task
from backend.judged import Judged
from backend.statistics import Floats, Mixture, RankRange, Sample, all_rank_ranges, influence

Read = Callable[[int, str], Judged | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """One row's mean over a task's averaged metrics, and each cluster's pull on it."""

    data: tuple[int, str, str]
    holes: int
    mean: float
    pulls: Floats


def board_ranges(rows: int, tasks: Sequence[Task], read: Read) -> dict[str, list[RankRange | None]]:
    """Each cell's best and worst rank for every row, by its place; None for a row that is compared with none there.

    `read(row, task)` gives what is kept. In each task the rows of one version on one set of examples are compared,
    that of the most rows; of two with as many, the one that was asked last.
    """
    samples = {task.name: sample for task in tasks if (sample := _sample(rows, task, read)) is not None}
    mixtures = {name: Mixture(family=TASKS, weights={name: 1.0}) for name in samples}
    for cell, family in [*((f"level_{level}", LEVELS) for level in LEVEL_TASKS), (OVERALL, OVERALL)]:
        parts = tasks_of(cell)
        if samples.keys() >= set(parts):
            mixtures[cell] = Mixture(family=family, weights=dict.fromkeys(parts, 1 / len(parts)))
    return all_rank_ranges(samples, mixtures) if mixtures else {}


def _sample(rows: int, task: Task, read: Read) -> Sample | None:
    found = {row: whole for row in range(rows) if (whole := _whole(task, read(row, task.name))) is not None}
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
    return Sample(means=means, pulls=pulls)


def _whole(task: Task, judged: Judged | None) -> _Whole | None:
    """None where a metric of the task's score is missing."""
    names = [metric.name for metric in task.metrics if metric.averaged]
    if judged is None or not set(names) <= set(judged.metrics):
        return None
    values = judged.values[[judged.metrics.index(name) for name in names]]
    means, pulls = influence(values, judged.clusters, judged.items)
    mean = float(means.mean())
    if np.isnan(mean):
        return None
    return _Whole(data=judged.data, holes=hash(np.isnan(values).tobytes()), mean=mean, pulls=pulls.mean(axis=0))
