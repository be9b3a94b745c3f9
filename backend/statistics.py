"""Bootstrap intervals of means over examples that are sampled in clusters."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

RESAMPLES = 10_000
CHUNK = 500
SEED = 1

Floats = npt.NDArray[np.float64]


def intervals(
    values: Floats, clusters: Sequence[str], *, resamples: int = RESAMPLES, seed: int = SEED
) -> Floats | None:
    """95 % percentile bootstrap intervals of each row's mean: (rows, examples) → (rows, 2).

    Whole clusters are drawn with replacement and the mean is taken over the examples drawn, the same draws for every
    row (Davison & Hinkley, 1997, ch. 3.8). None when fewer than two clusters leave nothing to resample.
    """
    names, member = np.unique(np.asarray(clusters), return_inverse=True)
    count = len(names)
    if count < 2:
        return None
    sums = np.stack([np.bincount(member, weights=row, minlength=count).astype(np.float64) for row in values], axis=1)
    sizes: Floats = np.bincount(member, minlength=count).astype(np.float64)
    rng = np.random.default_rng(seed)
    means = np.concatenate(
        [_resampled_means(sums, sizes, min(CHUNK, resamples - start), rng) for start in range(0, resamples, CHUNK)]
    )
    bounds: Floats = np.percentile(means, [2.5, 97.5], axis=0).T
    return bounds


def _resampled_means(sums: Floats, sizes: Floats, draws: int, rng: np.random.Generator) -> Floats:
    count = len(sizes)
    drawn = rng.integers(count, size=(draws, count)) + np.arange(draws)[:, None] * count
    weights = np.bincount(drawn.ravel(), minlength=draws * count).reshape(draws, count).astype(np.float64)
    means: Floats = (weights @ sums) / (weights @ sizes)[:, None]
    return means
