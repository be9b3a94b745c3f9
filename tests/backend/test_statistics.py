"""Means and intervals of clustered examples cover what they promise, and say nothing where nothing can be said."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from backend.statistics import Floats, Means, average, bounds_of, estimate, resample, seed_of
from backend.statistics.student import normal, student

TRUTH = 0.6


def named(numbers: np.ndarray) -> list[str]:
    return [f"{number}" for number in numbers]


def clustered(rng: np.random.Generator, trials: int, clusters: int, size: int, shared: float) -> Floats:
    """Values of mean 0.6, a row per trial: clusters of `size` that share a part of their deviation."""
    centres = rng.normal(TRUTH, shared, (trials, clusters)).repeat(size, axis=1)
    return centres + rng.normal(0, 0.1, centres.shape)


def coverage(values: Floats, clusters: list[str], items: list[str]) -> float:
    """The share of trials whose interval holds the truth."""
    bounds = estimate(values, clusters, items, resamples=2000).bounds
    assert bounds is not None
    return float(np.mean((bounds[:, 0] <= TRUTH) & (bounds[:, 1] >= TRUTH)))


def test_two_clusters_can_be_drawn_in_three_ways() -> None:
    found = resample(np.array([[1.0, 0.0, 0.0, 1.0]]), ["a", "b", "b", "b"], ["1", "2", "3", "4"], resamples=4000)
    means, times = np.unique(found.draws.round(9), return_counts=True)
    assert found.points.tolist() == [0.5]
    assert means.tolist() == pytest.approx([1 / 3, 1 / 2, 1])
    assert (times / 4000).tolist() == pytest.approx([1 / 4, 1 / 2, 1 / 4], abs=0.03)
    assert bounds_of(found).tolist() == [pytest.approx([1 / 3, 1])]


def test_repetitions_of_a_question_are_averaged_before_questions_are() -> None:
    found = estimate(np.array([[1.0, 0.0, 0.0, 1.0, 1.0]]), ["p", "p", "q", "p", "q"], ["1", "1", "2", "1", "3"])
    assert found.means.tolist() == pytest.approx([(2 / 3 + 0 + 1) / 3])


def test_a_row_is_the_mean_of_what_it_judges() -> None:
    nan = math.nan
    values = np.array([[1.0, 0.0, nan, nan], [nan, nan, 1.0, 1.0], [nan] * 4])
    found = estimate(values, ["p", "q", "p", "q"], ["1", "2", "1", "2"], combined=[0, 1])
    assert found.means[[0, 1, 3]].tolist() == [0.5, 1.0, 0.75]
    assert found.bounds is not None and np.isnan(found.means[2]) and np.isnan(found.bounds[2]).all()
    assert found.bounds[3].tolist() == [0.5, 1.0]


def test_an_average_with_a_missing_part_is_missing() -> None:
    found = estimate(np.array([[1.0, 0.0], [math.nan] * 2]), ["a", "b"], ["1", "2"], combined=[0, 1])
    assert found.bounds is not None and np.isnan(found.means[2]) and np.isnan(found.bounds[2]).all()


def test_a_draw_that_judges_nothing_of_a_row_is_left_out() -> None:
    found = resample(np.array([[0.2, 0.4, math.nan]]), ["a", "b", "c"], ["1", "2", "3"], resamples=9000)
    assert np.isnan(found.draws).mean() == pytest.approx(1 / 27, abs=0.01)
    assert bounds_of(found)[0].tolist() == pytest.approx([0.2, 0.4])


def test_a_row_within_one_cluster_has_a_mean_and_no_interval() -> None:
    found = estimate(np.array([[1.0, 0.0, math.nan], [1.0, 0.0, 1.0]]), ["a", "a", "b"], ["1", "2", "3"])
    assert found.bounds is not None and found.means[0] == 0.5
    assert np.isnan(found.bounds).tolist() == [[True, True], [False, False]]


@pytest.mark.parametrize("clusters", [["a"], ["a"] * 9])
def test_one_cluster_leaves_nothing_to_resample(clusters: list[str]) -> None:
    found = estimate(np.ones((2, len(clusters))), clusters, named(np.arange(len(clusters))))
    assert found.bounds is None and found.means.tolist() == [1.0, 1.0]


def test_no_examples_have_no_mean() -> None:
    found = estimate(np.empty((2, 0)), [], [], combined=[0, 1])
    assert found.bounds is None and np.isnan(found.means).tolist() == [True] * 3


def test_an_item_in_two_clusters_is_refused() -> None:
    with pytest.raises(ValueError, match="two clusters"):
        estimate(np.ones((1, 2)), ["a", "b"], ["1", "1"])


@given(st.lists(st.floats(0, 1), min_size=2, max_size=300), st.integers(1, 9))
@hypothesis_settings(max_examples=30)
def test_means_are_numpys_own_to_the_last_bit(values: list[float], rows: int) -> None:
    table = np.array([np.roll(values, row) for row in range(rows)])
    names = named(np.arange(len(values)))
    found = estimate(table, names, names, combined=range(rows), resamples=2)
    assert found.means[:rows].tolist() == [np.mean(row) for row in table]
    assert found.means[rows] == np.mean([np.mean(row) for row in table])


def test_an_interval_of_constants_collapses_onto_them() -> None:
    found = estimate(np.full((1, 40), 0.7), named(np.arange(40) // 2), named(np.arange(40)))
    assert found.bounds is not None and found.bounds[0] == pytest.approx([0.7, 0.7], abs=1e-12)


def test_the_same_seed_gives_the_same_bounds_and_another_does_not() -> None:
    values, names = clustered(np.random.default_rng(3), 1, 60, 1, 0.2), named(np.arange(60))
    first, again, other = (estimate(values, names, names, resamples=500, seed=seed).bounds for seed in (1, 1, 2))
    assert first is not None and again is not None and other is not None
    assert (first == again).all() and (first != other).any()


def test_the_draws_do_not_depend_on_how_clusters_and_items_are_called() -> None:
    values, numbers = clustered(np.random.default_rng(9), 1, 12, 2, 0.2), np.arange(24)
    plain = resample(values, named(numbers // 2), named(numbers), resamples=50)
    renamed = resample(
        values, [f"patient {9 - n // 2}" for n in numbers], [f"item {-n}" for n in numbers], resamples=50
    )
    assert (renamed.draws == plain.draws).all()


def test_every_row_is_measured_on_the_same_draws() -> None:
    values = clustered(np.random.default_rng(7), 1, 40, 2, 0.2)
    names = named(np.arange(80))
    bounds = estimate(np.concatenate([values, values, 1 - values]), named(np.arange(80) // 2), names).bounds
    assert bounds is not None and (bounds[0] == bounds[1]).all()
    assert bounds[2] == pytest.approx(1 - bounds[0][::-1])


def slow_draws(values: Floats, clusters: list[str], items: list[str], resamples: int, seed: int) -> Floats:
    """The same draws by plain loops."""
    rng, order = np.random.default_rng(seed), list(dict.fromkeys(clusters))
    draws = np.full((len(values), resamples), np.nan)
    for draw in range(resamples):
        picked = [order[number] for number in rng.integers(len(order), size=len(order))]
        for row, judged in enumerate(values):
            means = []
            for cluster in picked:
                for item in dict.fromkeys(items):
                    mine = [v for v, c, i in zip(judged, clusters, items, strict=True) if (c, i) == (cluster, item)]
                    known = [value for value in mine if not math.isnan(value)]
                    means += [sum(known) / len(known)] if known else []
            draws[row, draw] = sum(means) / len(means) if means else math.nan
    return draws


@st.composite
def judged(draw: st.DrawFn) -> tuple[Floats, list[str], list[str]]:
    """A few rows of examples with holes; items are repeated, clusters hold several."""
    items = draw(
        st.lists(st.integers(0, 7), min_size=2, max_size=14).filter(lambda found: len({n // 2 for n in found}) > 1)
    )
    value = st.one_of(st.just(math.nan), st.floats(0, 1))
    rows = draw(st.lists(st.lists(value, min_size=len(items), max_size=len(items)), min_size=1, max_size=3))
    return np.array(rows), [f"c{item // 2}" for item in items], [f"i{item}" for item in items]


@given(judged())
@hypothesis_settings(max_examples=60)
def test_draws_are_those_of_a_plain_loop(sample: tuple[Floats, list[str], list[str]]) -> None:
    values, clusters, items = sample
    found = resample(values, clusters, items, resamples=12, seed=3)
    np.testing.assert_allclose(found.draws, slow_draws(values, clusters, items, 12, 3), atol=1e-12)
    bounds = bounds_of(found)
    for row in np.flatnonzero(~np.isnan(bounds[:, 0])):
        assert np.nanmin(values[row]) - 1e-12 <= bounds[row, 0] <= bounds[row, 1] <= np.nanmax(values[row]) + 1e-12


def test_draws_go_on_over_the_border_of_a_chunk() -> None:
    values, names = np.random.default_rng(5).random((1, 700)), named(np.arange(700))
    found = resample(values, names, names, resamples=1203, seed=4)
    rng = np.random.default_rng(4)
    assert found.draws[0] == pytest.approx([values[0, rng.integers(700, size=700)].mean() for _ in range(1203)])


def test_intervals_of_clusters_cover_the_truth_where_naive_ones_do_not() -> None:
    values = clustered(np.random.default_rng(11), 1500, 60, 5, 0.2)
    each = named(np.arange(300))
    assert 0.93 <= coverage(values, named(np.arange(300) // 5), each) <= 0.97
    assert coverage(values, each, each) < 0.75


def test_twenty_patients_with_repeated_questions_are_enough_to_cover_the_truth() -> None:
    rng = np.random.default_rng(13)
    questions = clustered(rng, 1500, 20, 4, 0.2).repeat(5, axis=1)
    values = questions + rng.normal(0, 0.1, questions.shape)
    numbers = np.arange(400)
    assert 0.93 <= coverage(values, named(numbers // 20), named(numbers // 5)) <= 0.97
    assert coverage(values, named(numbers // 5), named(numbers // 5)) < 0.75
    assert coverage(values, named(numbers), named(numbers)) < 0.6


def test_tasks_of_different_names_are_drawn_independently() -> None:
    values, names = clustered(np.random.default_rng(15), 1, 50, 1, 0.2), named(np.arange(50))
    parts = [resample(values, names, names, seed=seed_of(name)) for name in ("mednli", "meqsum")]
    assert (parts[0].draws == resample(values, names, names, seed=seed_of("mednli")).draws).all()
    assert average(parts).draws.var() == pytest.approx(parts[0].draws.var() / 2, rel=0.05)


def test_an_average_rests_on_its_weakest_part() -> None:
    many, few = (
        Means(points=np.array([mean]), draws=np.array([draws]), clusters=np.array([clusters]), items=np.array([9]))
        for mean, draws, clusters in ((0.2, [0.1, 0.3], 400), (0.6, [0.5, 0.9], 20))
    )
    both = average([many, few])
    assert (both.points.tolist(), both.clusters.tolist()) == ([0.4], [20])
    assert both.draws[0] == pytest.approx([0.3, 0.6])


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(4, 2.7764), (9, 2.2622), (19, 2.0930), (99, 1.9842), (1418, 1.9616)]
)
def test_students_quantiles_are_those_of_the_tables(freedom: int, quantile: float) -> None:
    assert student(1.959964, freedom) == pytest.approx(quantile, rel=0.01 if freedom < 9 else 0.001)


@given(st.floats(0, 6), st.integers(2, 2000))
def test_to_students_tails_and_back_is_where_one_was(z: float, freedom: int) -> None:
    assert normal(student(z, freedom), freedom) == pytest.approx(z, abs=1e-9)
