"""Intervals cover what they promise to, and say nothing where nothing can be said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from backend.statistics import intervals

TRIALS = 300
CLUSTERS = 200


def clustered(rng: np.random.Generator, clusters: int, size: int, shared: float) -> tuple[np.ndarray, list[str]]:
    """Values of mean 0.6: clusters of `size` that share a part of their deviation."""
    centres = rng.normal(0.6, shared, clusters).repeat(size)
    values = centres + rng.normal(0, 0.1, clusters * size)
    return values[None, :], [str(cluster) for cluster in np.arange(clusters).repeat(size)]


def test_an_interval_of_constants_collapses_onto_them() -> None:
    bounds = intervals(np.full((1, 40), 0.7), [str(n // 2) for n in range(40)])
    assert bounds is not None and bounds[0] == pytest.approx([0.7, 0.7], abs=1e-12)


def test_the_same_seed_gives_the_same_bounds_and_another_does_not() -> None:
    values, names = clustered(np.random.default_rng(3), 30, 2, 0.2)
    first, again, other = (intervals(values, names, resamples=500, seed=seed) for seed in (1, 1, 2))
    assert first is not None and again is not None and other is not None
    assert (first == again).all() and (first != other).any()


@pytest.mark.parametrize("names", [["a"], ["a"] * 9])
def test_one_cluster_leaves_nothing_to_resample(names: list[str]) -> None:
    assert intervals(np.ones((2, len(names))), names) is None


def test_clusters_widen_the_interval_where_their_members_are_alike() -> None:
    values, names = clustered(np.random.default_rng(5), 60, 5, 0.3)
    by_cluster, naive = intervals(values, names), intervals(values, [str(n) for n in range(values.size)])
    assert by_cluster is not None and naive is not None
    assert np.ptp(by_cluster) > 1.6 * np.ptp(naive)


def test_the_interval_covers_the_true_mean_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(11)
    covered = 0
    for trial in range(TRIALS):
        values, names = clustered(rng, CLUSTERS, 3, 0.2)
        bounds = intervals(values, names, resamples=1000, seed=trial)
        assert bounds is not None
        covered += bool(bounds[0, 0] <= 0.6 <= bounds[0, 1])
    assert 0.92 <= covered / TRIALS <= 0.98


def test_every_row_is_measured_on_the_same_draws() -> None:
    values, names = clustered(np.random.default_rng(7), 40, 2, 0.2)
    bounds = intervals(np.concatenate([values, values, 1 - values]), names)
    assert bounds is not None
    assert (bounds[0] == bounds[1]).all()
    assert bounds[2] == pytest.approx(1 - bounds[0][::-1])


def test_the_draws_do_not_depend_on_how_clusters_are_called() -> None:
    values, names = clustered(np.random.default_rng(9), 12, 2, 0.2)
    renamed = intervals(values, [f"patient {name:>3}" for name in names], resamples=4000)
    plain = intervals(values, [f"{int(name):03}" for name in names], resamples=4000)
    assert renamed is not None and plain is not None and (renamed == plain).all()


@hypothesis_settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from("abcdef")), min_size=2, max_size=30))
def test_bounds_stay_within_the_values(items: list[tuple[float, str]]) -> None:
    values, names = np.array([[value for value, _ in items]]), [name for _, name in items]
    bounds = intervals(values, names, resamples=200)
    if len(set(names)) < 2:
        assert bounds is None
    else:
        assert bounds is not None
        low, high = bounds[0]
        assert values.min() - 1e-9 <= low <= high <= values.max() + 1e-9
