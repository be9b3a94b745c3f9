"""Ranges of ranks for a whole board at once: every pair of its models tested without drawing anything."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from backend.statistics.differences import ALPHA, ROUNDING
from backend.statistics.means import Floats, Ints
from backend.statistics.student import NORMAL, student

BLOCK_CELLS = 400_000  # of pairs held at a time, for each task: 3 MB
FEWEST_CLUSTERS = 4  # fewer have no interval either, see `judge`
SAME = 1e-12  # of the variances: less is what adding in another order leaves

RankRange = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One task of many models: means (models,), NaN for who is not compared, and each cluster's pull on them.

    `pulls` (models, clusters) are those of `influence`, all of the same clusters.
    """

    means: Floats
    pulls: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """A cell of the board as a weighted sum of tasks, and the family of tests it is corrected with."""

    family: str
    weights: Mapping[str, float]


@dataclass(slots=True)
class _Tally:
    """What a pass over all pairs found in one cell: each model's number of better and of worse ones."""

    above: Ints
    below: Ints
    found: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """A cell made ready: its models' means, what weight each task's variance has, and what its tests need."""

    family: str
    means: Floats
    weights: Mapping[str, float]
    freedom: int
    tests: int


def all_rank_ranges(
    samples: Mapping[str, Sample], mixtures: Mapping[str, Mixture]
) -> dict[str, list[RankRange | None]]:
    """In each cell the best and worst rank of each model; None for one that is compared with none.

    Best is 1 + the number of models that are significantly better, worst the number of those compared less the
    significantly worse. A difference is tested with the variance between clusters of the paired pulls and Student's
    distribution with as many degrees of freedom as the fewest clusters leave (Cameron & Miller, 2015, Journal of Human
    Resources 50, 317); tasks are drawn independently. All pairs in all cells of a family are corrected together by
    Holm's method. Nobody is told apart by fewer than four clusters, and models with equal differences in all of them
    only as the sign test does it: see `judge`.
    """
    cells = {name: _prepared(samples, mixture) for name, mixture in mixtures.items()}
    tests = Counter[str]()
    for cell in cells.values():
        tests[cell.family] += cell.tests
    scaled = {name: _scaled(sample.pulls) for name, sample in samples.items()}
    found = Counter[str]()
    while True:
        # Holm rejects k hypotheses, with k the first fixpoint of: how many p-values are below α / (tests − k).
        limits = {family: ALPHA / max(1, tests[family] - found[family]) for family in tests}
        tallies = _separated(cells, scaled, limits)
        now = Counter[str]()
        for name, tally in tallies.items():
            now[cells[name].family] += tally.found
        if now == found:
            return {name: _ranges(cells[name], tally) for name, tally in tallies.items()}
        found = now


def _prepared(samples: Mapping[str, Sample], mixture: Mixture) -> _Cell:
    means = np.sum([weight * samples[task].means for task, weight in mixture.weights.items()], axis=0)
    freedom = min(samples[task].pulls.shape[1] for task in mixture.weights) - 1
    compared = int(np.count_nonzero(~np.isnan(means)))
    return _Cell(
        family=mixture.family,
        means=means,
        weights={task: weight**2 for task, weight in mixture.weights.items()},
        freedom=freedom,
        tests=compared * (compared - 1) // 2 if freedom + 1 >= FEWEST_CLUSTERS else 0,
    )


def _scaled(pulls: Floats) -> Floats:
    """Pulls whose squares add up to the variance as few clusters show it; none where there is no second cluster."""
    count = pulls.shape[1]
    return np.nan_to_num(pulls) * np.sqrt(count / (count - 1)) if count > 1 else pulls[:, :0]


def _separated(
    cells: Mapping[str, _Cell], scaled: Mapping[str, Floats], limits: Mapping[str, float]
) -> dict[str, _Tally]:
    models = len(next(iter(cells.values())).means)
    tallies = {name: _Tally(np.zeros(models, np.int64), np.zeros(models, np.int64)) for name in cells}
    squares = {name: np.einsum("ij,ij->i", pulls, pulls) for name, pulls in scaled.items()}
    for rows in _blocks(models):
        variances = {name: _variances(pulls, squares[name], rows) for name, pulls in scaled.items()}
        for name, cell in cells.items():
            if cell.tests:
                _count(cell, variances, limits[cell.family], rows, tallies[name])
    return tallies


def _variances(pulls: Floats, squares: Floats, rows: slice) -> Floats:
    """Of the differences between these models and all from the first of them on."""
    both = squares[rows, None] + squares[None, rows.start :]
    variances = both - 2 * (pulls[rows] @ pulls[rows.start :].T)
    variances[variances <= SAME * both] = 0.0
    return variances


def _count(cell: _Cell, variances: Mapping[str, Floats], limit: float, rows: slice, tally: _Tally) -> None:
    differences = cell.means[rows, None] - cell.means[None, rows.start :]
    variance = sum(weight * variances[task] for task, weight in cell.weights.items())
    reach = student(-NORMAL.inv_cdf(limit / 2), cell.freedom)
    clear = differences**2 > reach**2 * variance
    clear &= np.abs(differences) > ROUNDING  # false for NaN
    if 2.0**-cell.freedom >= limit:
        clear &= np.asarray(variance) > 0
    better, worse = clear & (differences > 0), clear & (differences < 0)
    worse[:, : rows.stop - rows.start] = False  # within the block each pair is met twice
    tally.below[rows] += better.sum(axis=1)
    tally.above[rows.start :] += better.sum(axis=0)
    tally.above[rows] += worse.sum(axis=1)
    tally.below[rows.start :] += worse.sum(axis=0)
    tally.found += int(better.sum() + worse.sum())


def _blocks(models: int) -> Iterator[slice]:
    step = max(1, BLOCK_CELLS // max(1, models))
    for start in range(0, models, step):
        yield slice(start, min(models, start + step))


def _ranges(cell: _Cell, tally: _Tally) -> list[RankRange | None]:
    compared = ~np.isnan(cell.means)
    count = int(np.count_nonzero(compared))
    if count < 2:
        return [None] * len(compared)
    best, worst = (1 + tally.above).tolist(), (count - tally.below).tolist()
    return [(best[one], worst[one]) if compared[one] else None for one in range(len(compared))]
