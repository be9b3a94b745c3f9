"""Means over examples that are sampled in clusters, and their intervals."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from backend.statistics.student import NORMAL, student

RESAMPLES = 10_000
SEED = 1
CONFIDENCE = 0.95
CHUNK = 350_000  # cluster draws held at a time, few enough to stay in the processor's cache

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.signedinteger[Any]]
Seed = int | Sequence[int]
Names = Sequence[str] | Ints  # numbers count from 0 without a gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The mean of each row, and the same mean over each draw of clusters.

    `points` (rows,), `draws` (rows, resamples); NaN where nothing was judged, or nothing that was drawn. `clusters` and
    `items` (rows,) say how many were judged.
    """

    points: Floats
    draws: Floats
    clusters: Ints
    items: Ints

    def rows(self, wanted: slice) -> "Means":
        """These rows alone."""
        return Means(
            points=self.points[wanted],
            draws=self.draws[wanted],
            clusters=self.clusters[wanted],
            items=self.items[wanted],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanEstimate:
    """Means (rows,) with 95 % intervals (rows, 2), in the unit of the values; NaN where they cannot be had.

    `bounds` is None when all examples are of one cluster, which leaves nothing to resample.
    """

    means: Floats
    bounds: Floats | None


def estimate(
    values: Floats,
    clusters: Names,
    items: Names,
    *,
    combined: Sequence[int] = (),
    resamples: int = RESAMPLES,
    seed: Seed = SEED,
) -> MeanEstimate:
    """The mean of each row of `values` (rows, examples) with its interval; see `resample` and `bounds_of`.

    When `combined` names rows, one row more holds the mean of their means, with its interval from the same draws.
    """
    means = resample(values, clusters, items, resamples=resamples, seed=seed)
    points, bounds = means.points, bounds_of(means)
    if combined:
        together = average([means.rows(slice(row, row + 1)) for row in combined])
        points = np.append(points, together.points)
        bounds = np.concatenate([bounds, bounds_of(together)])
    return MeanEstimate(means=points, bounds=bounds if len(set(clusters)) > 1 else None)


def resample(
    values: Floats,
    clusters: Names,
    items: Names,
    *,
    resamples: int = RESAMPLES,
    seed: Seed = SEED,
) -> Means:
    """The mean of each row of `values` (rows, examples), where NaN means not judged, and draws of these means.

    Examples of the same item are averaged first, then all items count the same. Whole clusters are drawn with
    replacement, as many as there are, the same draws for every row (Davison & Hinkley, 1997, ch. 3.8). ValueError when
    an item lies in two clusters.
    """
    cells, home = _average_repetitions(values, clusters, items)
    judged = ~np.isnan(cells)
    count = len(set(clusters))
    sums = _totals(np.where(judged, cells, 0.0), home, count)
    sizes = _totals(judged.astype(np.float64), home, count)
    return Means(
        points=np.array(
            [row[known].mean() if known.any() else np.nan for row, known in zip(cells, judged, strict=True)]
        ),
        draws=_draws(sums, sizes, resamples, np.random.default_rng(seed)),
        clusters=np.count_nonzero(sizes, axis=1),
        items=np.count_nonzero(judged, axis=1),
    )


def average(parts: Sequence[Means]) -> Means:
    """Row by row the mean of several means; what one part does not have is missing.

    Parts must come from the same draws, or from draws of different seeds when they were sampled independently, as tasks
    are. It counts as resting on the fewest clusters of its parts, which errs to the wide side.
    """
    return Means(
        points=np.stack([part.points for part in parts], axis=-1).mean(axis=-1),
        draws=reduce(np.add, [part.draws for part in parts]) / len(parts),
        clusters=np.min([part.clusters for part in parts], axis=0),
        items=np.max([part.items for part in parts], axis=0),
    )


def influence(values: Floats, clusters: Names, items: Names) -> tuple[Floats, Floats]:
    """The mean of each row of `values` (rows, examples), and how far each cluster pulls it: (rows,), (rows, clusters).

    Examples, items and clusters count as in `resample`. A row's pulls add up to 0, and the sum of their squares is the
    variance of its mean when clusters are drawn (Taylor linearisation; Cochran, 1977, Sampling Techniques, ch. 9A).
    """
    cells, home = _average_repetitions(values, clusters, items)
    judged = ~np.isnan(cells)
    count = int(home.max(initial=-1)) + 1
    sums = _totals(np.where(judged, cells, 0.0), home, count)
    sizes = _totals(judged.astype(np.float64), home, count)
    totals = sizes.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        means = sums.sum(axis=1, keepdims=True) / totals
        return means[:, 0], (sums - means * sizes) / totals


def bounds_of(means: Means) -> Floats:
    """95 % percentile intervals (rows, 2); NaN for a row that rests on fewer than two clusters.

    The percentiles are taken further out the fewer clusters there are, so that the interval is as wide as Student's and
    still within the values (Hesterberg, 2015, The American Statistician 69, 371, "expanded percentile").
    """
    bounds = np.full((len(means.points), 2), np.nan)
    for row, (draws, count) in enumerate(zip(means.draws, means.clusters.tolist(), strict=True)):
        known = draws[~np.isnan(draws)]
        if count > 1 and known.size:
            reach = student(NORMAL.inv_cdf((1 + CONFIDENCE) / 2), count - 1) * math.sqrt(count / (count - 1))
            tail = NORMAL.cdf(-reach)
            bounds[row] = np.quantile(known, [tail, 1 - tail])
    return bounds


def seed_of(name: str) -> Seed:
    """A seed of its own for everything called `name`: the same every time, so that tasks are drawn independently."""
    return SEED, zlib.crc32(name.encode())


def _average_repetitions(values: Floats, clusters: Names, items: Names) -> tuple[Floats, Ints]:
    """Each item's mean over its judged examples (rows, items), NaN where there is none, and its cluster's number."""
    item_of, cluster_of = _numbered(items), _numbered(clusters)
    count = int(item_of.max(initial=-1)) + 1
    home = np.zeros(count, dtype=np.int64)
    home[item_of] = cluster_of
    if (home[item_of] != cluster_of).any():
        raise ValueError("an item lies in two clusters")
    judged = ~np.isnan(values)
    sums = _totals(np.where(judged, values, 0.0), item_of, count)
    sizes = _totals(judged.astype(np.float64), item_of, count)
    with np.errstate(invalid="ignore"):
        return sums / sizes, home


def _numbered(names: Names) -> Ints:
    """Names as numbers in the order in which they first appear; what is numbered already stays as it is."""
    if isinstance(names, np.ndarray):
        return names
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)


def _totals(values: Floats, group: Ints, count: int) -> Floats:
    """Sums of each row over groups: (rows, n) → (rows, count)."""
    totals = np.zeros((len(values), count))
    for total, row in zip(totals, values, strict=True):
        total[:] = np.bincount(group, weights=row, minlength=count)
    return totals


def _draws(sums: Floats, sizes: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    """Means over drawn clusters, (rows, resamples), from each cluster's sum and size in every row."""
    rows, count = sums.shape
    draws = np.full((rows, resamples), np.nan)
    if count < 2 or not rows:
        return draws
    shapes, shape_of = np.unique(sizes, axis=0, return_inverse=True)
    step = max(1, CHUNK // count)
    for start in range(0, resamples, step):
        block = draws[:, start : start + step]
        times = _times_drawn(count, block.shape[1], rng)
        with np.errstate(invalid="ignore"):
            block[:] = (sums @ times) / (shapes @ times)[shape_of]
    return draws


def _times_drawn(count: int, draws: int, rng: np.random.Generator) -> Floats:
    """How often each cluster is in each draw: (count, draws)."""
    drawn = rng.integers(count, size=(draws, count)) + np.arange(draws)[:, None] * count
    times: Floats = np.bincount(drawn.ravel(), minlength=draws * count).reshape(draws, count).T.astype(np.float64)
    return times
