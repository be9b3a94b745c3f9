"""Which of several models is better: paired differences over shared items, corrected for asking often."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from backend.statistics.means import CONFIDENCE, RESAMPLES, SEED, Floats, Ints, Means, Seed, resample
from backend.statistics.student import NORMAL, normal, student

ALPHA = 0.05
POWER = 0.80
HELD = 8_000_000  # draws of differences held at a time: 64 MB
ROUNDING = 1e-12  # a smaller difference is one of adding in another order

RowPair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Mean differences (rows,) in the unit of the values, and how sure they are; NaN where they cannot be had.

    `bounds` (rows, 2) are 95 % intervals. `p_values` are two-sided and never 0. `detectable` is the difference that
    examples like these would find at 5 % in four of five samples. `items` says over how many items each one is.
    """

    values: Floats
    bounds: Floats
    p_values: Floats
    detectable: Floats
    items: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All pairs of models, first less second, with p-values adjusted for their number."""

    pairs: tuple[RowPair, ...]
    differences: Differences
    adjusted: Floats


def compare(
    values: Floats,
    clusters: Sequence[str],
    items: Sequence[str],
    *,
    resamples: int = RESAMPLES,
    seed: Seed = SEED,
) -> Comparison:
    """All pairs of the models in `values` (models, examples), NaN where a model has no value.

    Each pair is compared on the examples that both have, item by item; a pair that shares none is NaN. Resampling is as
    in `resample`; p-values are adjusted by Holm's method over the pairs.
    """
    pairs = tuple(combinations(range(len(values)), 2))
    found = [
        judge(resample(pair_differences(values, block), clusters, items, resamples=resamples, seed=seed))
        for block in blocks(pairs, HELD // resamples)
    ]
    differences = joined(found)
    return Comparison(pairs=pairs, differences=differences, adjusted=holm(differences.p_values))


def pair_differences(values: Floats, pairs: Sequence[RowPair]) -> Floats:
    """The first model's values less the second's: (…, models, examples) → (…, pairs, examples)."""
    first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return values[..., first, :] - values[..., second, :]


def blocks(pairs: Sequence[RowPair], size: int) -> list[Sequence[RowPair]]:
    """The pairs in order, at most `size` at a time and at least one."""
    step = max(1, size)
    return [pairs[start : start + step] for start in range(0, max(1, len(pairs)), step)]


def judge(means: Means) -> Differences:
    """Whether each mean of differences is different from 0.

    A draw contradicts it when it lies as far from the mean as 0 does (Davison & Hinkley, 1997, ch. 4.4), p is the share
    of such draws, and the interval holds those values that p would not reject at 5 %. Distances are measured in
    standard errors and carried from the normal's tails to Student's, without which few clusters promise too much.
    Where no draw contradicts, p is Student's own tail if that is smaller than one in the number of draws: Holm's method
    multiplies p by the number of tests, and draws alone would have to grow with it without end.
    p is no less than one in the number of draws that can differ, and where all clusters have the same difference no
    less than the sign test's; there is neither an interval nor a detectable difference when that is above 5 %.
    """
    rows = [
        _judge_row(point, draws[~np.isnan(draws)], count)
        for point, draws, count in zip(means.points.tolist(), means.draws, means.clusters.tolist(), strict=True)
    ]
    half, p_values, detectable = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return Differences(
        values=means.points,
        bounds=np.stack([means.points - half, means.points + half], axis=1),
        p_values=p_values,
        detectable=detectable,
        items=means.items,
    )


def joined(parts: Sequence[Differences]) -> Differences:
    """The rows of all parts, in order."""
    return Differences(
        values=np.concatenate([part.values for part in parts]),
        bounds=np.concatenate([part.bounds for part in parts]),
        p_values=np.concatenate([part.p_values for part in parts]),
        detectable=np.concatenate([part.detectable for part in parts]),
        items=np.concatenate([part.items for part in parts]),
    )


def holm(p_values: Floats) -> Floats:
    """P-values (n,) adjusted so that a false one among all those below 5 % is a one in twenty (Holm, 1979).

    NaN stays NaN and does not count as a test.
    """
    adjusted = np.full(len(p_values), np.nan)
    order = np.argsort(p_values, kind="stable")[: np.count_nonzero(~np.isnan(p_values))]
    steps = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def rank_ranges(
    models: int, pairs: Sequence[RowPair], values: Floats, adjusted: Floats
) -> list[tuple[int, int] | None]:
    """The best and worst rank each model may have: only significant differences put one above another.

    Best is 1 + the number of models significantly better, worst the number of models less those significantly worse.
    None for a model that could be compared with none; it does not count for the others.
    """
    above, below = [0] * models, [0] * models
    compared: set[int] = set()
    for (first, second), value, p in zip(pairs, values.tolist(), adjusted.tolist(), strict=True):
        if math.isnan(value):
            continue
        compared |= {first, second}
        if p < ALPHA:
            winner, loser = (first, second) if value > 0 else (second, first)
            below[winner] += 1
            above[loser] += 1
    return [(1 + above[one], len(compared) - below[one]) if one in compared else None for one in range(models)]


def _judge_row(point: float, draws: Floats, clusters: int) -> tuple[float, float, float]:
    """Half the interval's width, the p-value and the detectable difference."""
    if clusters < 2 or not draws.size:
        return math.nan, math.nan, math.nan
    spread, freedom = float(draws.std()), clusters - 1
    error = spread * math.sqrt(clusters / freedom)
    distances = np.abs(draws - point)
    far, half, tail = abs(point), 0.0, 1.0
    least = 1 / math.comb(2 * clusters - 1, clusters)  # so few draws there are that differ
    if spread > ROUNDING:
        rank = min(len(draws), math.ceil(CONFIDENCE * (len(draws) + 1)))
        half = error * student(float(np.partition(distances, rank - 1)[rank - 1]) / spread, freedom)
        score = normal(abs(point) / error, freedom)
        far, tail = spread * score, math.erfc(score / math.sqrt(2))
    elif far > ROUNDING:
        # Two clusters that happen to agree would otherwise be as sure as Student's tail, which is nothing here.
        least, tail = max(least, 2.0**-freedom), 0.0
    half = math.nan if least > ALPHA else half
    against = int(np.count_nonzero(distances >= far - ROUNDING))
    p_value = max(least, (against + 1) / (len(draws) + 1) if against else min(tail, 1 / (len(draws) + 1)))
    power = student(NORMAL.inv_cdf(1 - ALPHA / 2), freedom) + student(NORMAL.inv_cdf(POWER), freedom)
    return half, p_value, math.nan if math.isnan(half) else error * power
