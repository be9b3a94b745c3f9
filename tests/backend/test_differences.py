"""Paired differences find what is there as often as they say, and no more often what is not."""

import math
from itertools import combinations
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from backend.statistics import (
    ALPHA,
    Comparison,
    Differences,
    Floats,
    compare,
    holm,
    joined,
    judge,
    pair_differences,
    rank_ranges,
    resample,
)
from backend.statistics.student import normal, student

NAN = math.nan


def named(count: int, size: int = 1) -> list[str]:
    """So many names, each given `size` times."""
    return [f"{number // size}" for number in range(count)]


def answers(rng: np.random.Generator, models: int, clusters: int, size: int) -> Floats:
    """Models that are equally good: questions differ in difficulty, and models in how they fare with each cluster."""
    difficulty = rng.normal(0, 1, clusters * size)
    luck = rng.normal(0, 0.3, (models, clusters)).repeat(size, axis=1)
    return difficulty + luck + rng.normal(0, 0.3, (models, clusters * size))


def paired(rng: np.random.Generator, trials: int, clusters: int, size: int) -> Floats:
    """The differences between two such models, a row per trial."""
    rows = [answers(rng, 2, clusters, size) for _ in range(trials)]
    return np.array([first - second for first, second in rows])


def slow_compare(
    values: Floats, clusters: list[str], items: list[str], resamples: int
) -> list[tuple[float, float, float]]:
    """Difference, half an interval and p of every pair, pair by pair and draw by draw."""
    found = []
    for first, second in combinations(range(len(values)), 2):
        means = resample((values[first] - values[second])[None], clusters, items, resamples=resamples)
        point, draws = float(means.points[0]), [float(draw) for draw in means.draws[0] if not math.isnan(draw)]
        count = int(means.clusters[0])
        if count < 2 or not draws:
            found.append((point, NAN, NAN))
            continue
        centre = sum(draws) / len(draws)
        spread = math.sqrt(sum((draw - centre) ** 2 for draw in draws) / len(draws))
        error = spread * math.sqrt(count / (count - 1))
        away = sorted(abs(draw - point) for draw in draws)
        edge = away[min(len(draws), math.ceil(0.95 * (len(draws) + 1))) - 1]
        half = error * student(edge / spread, count - 1) if spread > 1e-12 else 0.0
        far = spread * normal(abs(point) / error, count - 1) if spread > 1e-12 else abs(point)
        against = sum(distance >= far - 1e-12 for distance in away)
        p = (1 + against) / (1 + len(draws))
        if against == 0:
            p = min(p, 2 * NormalDist().cdf(-far / spread) if spread > 1e-12 else 0.0)
        least = 1 / math.comb(2 * count - 1, count)
        if spread <= 1e-12 and abs(point) > 1e-12:
            least = max(least, 0.5 ** (count - 1))
        found.append((point, NAN if least > 0.05 else half, max(p, least)))
    return found


def test_a_difference_is_taken_over_the_items_that_both_were_judged_on() -> None:
    values = np.array([[1.0, 0.0, 1.0, 1.0, NAN], [0.0, 0.0, 1.0, NAN, 1.0], [NAN, NAN, NAN, NAN, 0.5]])
    found = compare(values, named(5), named(5))
    assert found.pairs == ((0, 1), (0, 2), (1, 2))
    assert found.differences.values.tolist() == pytest.approx([1 / 3, NAN, 0.5], nan_ok=True)
    assert found.differences.items.tolist() == [3, 0, 1]


@pytest.mark.parametrize(("clusters", "differs"), [(3, 10), (4, 35)])
def test_few_clusters_are_no_surer_than_their_draws_can_differ(clusters: int, differs: int) -> None:
    values = np.stack([np.linspace(0.8, 1.0, clusters), np.zeros(clusters)])
    found = compare(values, named(clusters), named(clusters)).differences
    assert found.p_values.tolist() == pytest.approx([1 / differs])
    assert np.isnan(found.bounds).all() == np.isnan(found.detectable).all() == (clusters == 3)


def test_what_cannot_be_compared_is_missing_and_not_zero() -> None:
    values = np.array([[1.0, NAN], [NAN, 1.0], [0.0, 1.0]])
    found = compare(values, named(2), named(2))
    for missing in (found.differences.values[0], found.differences.p_values[0], found.adjusted[0]):
        assert math.isnan(missing)
    assert np.isnan(found.differences.bounds[0]).all() and math.isnan(found.differences.detectable[0])
    assert found.differences.values[1] == 1.0 and math.isnan(found.differences.p_values[1])


def test_repetitions_are_averaged_within_a_question_first() -> None:
    values = np.array([[1.0, 1.0, 1.0, 0.0, 0.0], [0.0, 0.0, NAN, 0.0, 1.0]])
    found = compare(values, ["p", "p", "p", "q", "r"], ["1", "1", "1", "2", "3"])
    assert found.differences.values[0] == pytest.approx((1 + 0 - 1) / 3)


def test_a_model_does_not_differ_from_itself() -> None:
    values = np.random.default_rng(1).random(40)
    found = compare(np.array([values, values]), named(40, 2), named(40)).differences
    assert (found.values[0], found.p_values[0], found.detectable[0]) == (0.0, 1.0, 0.0)
    assert found.bounds[0].tolist() == [0.0, 0.0]


def test_sums_in_another_order_are_no_difference() -> None:
    first, second = [0.1, 0.2, 0.3] * 8, [0.3, 0.1, 0.2] * 8
    found = compare(np.array([first, second]), named(24, 3), named(24)).differences
    assert found.values[0] == pytest.approx(0, abs=1e-15) and found.p_values[0] == 1.0


def test_a_difference_that_never_varies_is_as_sure_as_so_many_coins() -> None:
    values = np.random.default_rng(2).random(30)
    found = compare(np.array([values + 0.2, values]), named(30), named(30)).differences
    assert found.p_values[0] == 2.0**-29
    assert found.bounds[0] == pytest.approx([0.2, 0.2])


@pytest.mark.parametrize(("clusters", "p"), [(2, 0.5), (3, 0.25), (5, 0.0625), (6, 0.03125)])
def test_a_few_clusters_that_happen_to_agree_are_no_surer_than_as_many_coins(clusters: int, p: float) -> None:
    found = compare(np.array([[1.0] * 3 * clusters, [0.0] * 3 * clusters]), named(3 * clusters, 3), named(3 * clusters))
    assert found.differences.values[0] == 1.0 and found.differences.p_values[0] == p
    assert np.isnan(found.differences.bounds[0]).all() == np.isnan(found.differences.detectable[0]) == (p > ALPHA)


def test_the_interval_leaves_out_zero_exactly_where_p_is_small() -> None:
    rng = np.random.default_rng(3)
    shifts = rng.uniform(-0.3, 0.3, (400, 1))
    found = judge(resample(paired(rng, 400, 25, 3) + shifts, named(75, 3), named(75), resamples=999))
    inside = (found.bounds[:, 0] <= 0) & (found.bounds[:, 1] >= 0)
    assert 50 < inside.sum() < 350
    assert (inside == (found.p_values > ALPHA)).all()


@st.composite
def judged(draw: st.DrawFn) -> tuple[Floats, list[str], list[str]]:
    """A few models with holes; items are repeated, clusters hold several."""
    items = draw(st.lists(st.integers(0, 11), min_size=1, max_size=24))
    value = st.one_of(st.just(NAN), st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1))
    rows = draw(st.lists(st.lists(value, min_size=len(items), max_size=len(items)), min_size=2, max_size=4))
    return np.array(rows), [f"c{item // 2}" for item in items], [f"i{item}" for item in items]


@given(judged())
@hypothesis_settings(max_examples=60)
def test_all_pairs_at_once_are_what_a_plain_loop_finds(sample: tuple[Floats, list[str], list[str]]) -> None:
    values, clusters, items = sample
    fast, slow = compare(values, clusters, items, resamples=50).differences, slow_compare(values, clusters, items, 50)
    half = (fast.bounds[:, 1] - fast.bounds[:, 0]) / 2
    for column, expected in zip((fast.values, half, fast.p_values), zip(*slow, strict=True), strict=True):
        np.testing.assert_allclose(column, expected, atol=1e-9)


@given(judged())
@hypothesis_settings(max_examples=30)
def test_the_other_way_round_says_the_same(sample: tuple[Floats, list[str], list[str]]) -> None:
    values, clusters, items = sample
    there, back = (compare(rows, clusters, items, resamples=50) for rows in (values[:2], values[:2][::-1]))
    assert back.differences.values == pytest.approx(-there.differences.values, nan_ok=True)
    assert back.differences.p_values == pytest.approx(there.differences.p_values, nan_ok=True)


def test_a_pair_does_not_depend_on_who_else_is_compared() -> None:
    values = answers(np.random.default_rng(5), 36, 30, 2)  # 630 pairs, too many to be held at once
    everybody = compare(values, named(60, 2), named(60))
    place = everybody.pairs.index((30, 35))
    alone = compare(values[[30, 35]], named(60, 2), named(60))
    assert alone.differences.p_values[0] == everybody.differences.p_values[place]
    assert alone.differences.bounds[0] == pytest.approx(everybody.differences.bounds[place])


def trials(differences: Floats, size: int, resamples: int = 1000) -> Differences:
    """Every row judged, a hundred rows to one set of draws; `size` examples make a cluster."""
    count = differences.shape[1]
    return joined(
        [
            judge(resample(rows, named(count, size), named(count), resamples=resamples, seed=seed))
            for seed, rows in enumerate(np.split(differences, len(differences) // 100))
        ]
    )


def test_of_equal_models_one_pair_in_twenty_seems_to_differ() -> None:
    differences = paired(np.random.default_rng(7), 2000, 60, 4)
    found, naive = trials(differences, 4), trials(differences, 1)
    assert 0.04 <= np.mean(found.p_values < ALPHA) <= 0.06
    assert 0.93 <= np.mean((found.bounds[:, 0] <= 0) & (found.bounds[:, 1] >= 0)) <= 0.97
    assert np.mean(naive.p_values < ALPHA) > 0.15


def test_twenty_patients_do_not_make_equal_models_differ_more_often() -> None:
    found = trials(paired(np.random.default_rng(9), 2000, 20, 5), 5)
    assert 0.04 <= np.mean(found.p_values < ALPHA) <= 0.06


def test_of_many_equal_models_any_pair_seems_to_differ_once_in_twenty_boards() -> None:
    rng = np.random.default_rng(11)
    boards = [compare(answers(rng, 5, 40, 2), named(80, 2), named(80), resamples=1000) for _ in range(500)]

    def wrong(board: Comparison) -> tuple[bool, bool]:
        return bool((board.adjusted < ALPHA).any()), bool((board.differences.p_values < ALPHA).any())

    corrected, plain = np.mean([wrong(board) for board in boards], axis=0)
    assert corrected <= 0.05 and plain > 0.15


@pytest.mark.parametrize(("clusters", "size"), [(60, 4), (20, 5)])
def test_the_detectable_difference_is_found_four_times_in_five(clusters: int, size: int) -> None:
    differences = paired(np.random.default_rng(13), 2000, clusters, size)
    reach = math.sqrt(np.mean(trials(differences, size).detectable ** 2))
    assert 0.77 <= np.mean(trials(differences + reach, size).p_values < ALPHA) <= 0.83


def test_holms_table_worked_by_hand() -> None:
    adjusted = holm(np.array([0.01, 0.04, NAN, 0.03, 0.005]))
    assert adjusted.tolist() == pytest.approx([0.03, 0.06, NAN, 0.06, 0.02], nan_ok=True)
    assert holm(np.array([0.5, 0.6])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).tolist() == []


@given(st.lists(st.floats(0.0001, 1), min_size=1, max_size=30))
def test_holm_keeps_the_order_and_lies_between_one_and_all_tests(p_values: list[float]) -> None:
    plain = np.array(p_values)
    adjusted = holm(plain)
    assert (adjusted >= plain).all() and (adjusted <= np.minimum(1, plain * len(plain)) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(plain, kind="stable")]) >= 0).all()


def test_what_no_draw_contradicts_is_as_sure_as_students_distribution_says() -> None:
    away = np.tile([0.1, 0.3, 0.5, 0.7], 25)[None]  # mean 0.4, standard error 0.02247: t = 17.80
    found = judge(resample(away, named(100), named(100), resamples=2000))
    assert found.p_values[0] == pytest.approx(1.288e-32, rel=0.05)  # 2 P(T > 17.80) with 99 degrees of freedom
    barely = judge(resample(away - 0.34, named(100), named(100), resamples=2000))
    assert barely.p_values[0] > 1 / 2001  # t = 2.67: some draws are this far out


@pytest.mark.parametrize("tests", [1, 300, 1800])
def test_a_clear_difference_stands_among_all_tests(tests: int) -> None:
    clear = judge(resample(np.ones((1, 40)), named(40), named(40), resamples=100))
    assert clear.p_values[0] == 2.0**-39 and holm(np.full(tests, clear.p_values[0])).max() < ALPHA


def test_ranks_worked_by_hand() -> None:
    pairs = list(combinations(range(4), 2))  # 01 02 03 12 13 23; model 2 beats 0 and 3, and 1 beats 3
    values = np.array([-0.1, -0.3, 0.1, -0.2, 0.2, 0.4])
    adjusted = np.array([0.4, 0.01, 0.2, 0.05, 0.03, 0.001])
    assert rank_ranges(4, pairs, values, adjusted) == [(2, 4), (1, 3), (1, 2), (3, 4)]


def test_a_missing_model_has_no_rank_and_takes_none_from_others() -> None:
    pairs = [(0, 1), (0, 2), (1, 2)]
    assert rank_ranges(3, pairs, np.array([NAN, 0.2, NAN]), np.array([NAN, 0.01, NAN])) == [(1, 1), None, (2, 2)]
    assert rank_ranges(2, [(0, 1)], np.array([NAN]), np.array([NAN])) == [None, None]


def test_a_difference_without_an_interval_separates_nobody() -> None:
    assert rank_ranges(2, [(0, 1)], np.array([0.2]), np.array([NAN])) == [(1, 2), (1, 2)]


def test_the_best_of_clearly_different_models_is_first_and_equals_share_ranks() -> None:
    rng = np.random.default_rng(17)
    values = answers(rng, 4, 100, 2) + np.array([0.0, 1.0, 1.0, 2.0])[:, None]
    found = compare(values, named(200, 2), named(200))
    assert rank_ranges(4, found.pairs, found.differences.values, found.adjusted) == [(4, 4), (2, 3), (2, 3), (1, 1)]


def test_pairs_of_many_metrics_are_taken_at_once() -> None:
    values = np.arange(12.0).reshape(2, 3, 2)
    assert pair_differences(values, [(0, 2), (1, 0)]).tolist() == [[[-4, -4], [2, 2]], [[-4, -4], [2, 2]]]


def test_one_model_alone_has_no_pairs() -> None:
    found = compare(np.ones((1, 3)), named(3), named(3))
    assert found.pairs == () and found.differences.values.size == 0 and found.adjusted.size == 0
