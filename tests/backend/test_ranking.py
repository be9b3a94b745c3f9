"""Ranges of ranks for a whole board: as the pair by pair comparison finds them, rarely wrong, exactly Holm's set."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.statistics import (
    ALPHA,
    Floats,
    Mixture,
    Sample,
    all_rank_ranges,
    compare,
    holm,
    influence,
    rank_ranges,
    resample,
)
from backend.statistics import ranking as whole
from backend.statistics.student import NORMAL, normal

ALONE = {"task": Mixture(family="tasks", weights={"task": 1.0})}


def sample(values: Floats, size: int = 1) -> Sample:
    """One task of these models, with so many examples in each cluster."""
    items = np.arange(values.shape[1])
    means, pulls = influence(values, items // size, items)
    return Sample(means=means, pulls=pulls)


def ranges(values: Floats, size: int = 1) -> list[tuple[int, int] | None]:
    return all_rank_ranges({"task": sample(values, size)}, ALONE)["task"]


def by_hand(samples: list[Sample]) -> list[list[tuple[int, int] | None]]:
    """The same, with every p-value in the family held and adjusted at once."""
    pairs = list(combinations(range(len(samples[0].means)), 2))
    p_values, values = [], []
    for one in samples:
        count = one.pulls.shape[1]
        for first, second in pairs:
            error = math.sqrt(((one.pulls[first] - one.pulls[second]) ** 2).sum() * count / (count - 1))
            values.append(one.means[first] - one.means[second])
            p_values.append(2 * NORMAL.cdf(-normal(abs(values[-1]) / error, count - 1)))
    adjusted = holm(np.array(p_values))
    parts = zip(np.split(np.array(values), len(samples)), np.split(adjusted, len(samples)), strict=True)
    return [rank_ranges(len(samples[0].means), pairs, value, p) for value, p in parts]


def test_the_pulls_of_clusters_worked_by_hand() -> None:
    values = np.array([[1.0, 0.0, 1.0, 1.0]])
    means, pulls = influence(values, np.array([0, 0, 1, 1]), np.arange(4))
    assert means.tolist() == [0.75] and pulls.tolist() == [[-0.125, 0.125]]
    means, pulls = influence(np.array([[1.0, np.nan, 0.0]]), ["a", "b", "c"], ["p", "q", "r"])
    assert means.tolist() == [0.5] and pulls.tolist() == [[0.25, 0.0, -0.25]]


def test_the_pulls_say_how_far_drawn_means_spread() -> None:
    values = np.random.default_rng(2).random((1, 300))
    clusters = [str(number // 5) for number in range(300)]
    means = resample(values, clusters, [str(number) for number in range(300)])
    _, pulls = influence(values, clusters, [str(number) for number in range(300)])
    assert math.sqrt(float((pulls**2).sum())) == pytest.approx(float(means.draws.std()), rel=0.03)


@given(st.integers(2, 12), st.integers(1, 3), st.integers(0, 2**31), st.integers(1, 7))
def test_holms_set_is_found_without_holding_its_p_values(models: int, tasks: int, seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    skill = rng.normal(0, 0.15, (models, 1))
    samples = {f"t{number}": sample(rng.normal(0.5, 0.3, (models, 40)) + skill) for number in range(tasks)}
    mixtures = {name: Mixture(family="tasks", weights={name: 1.0}) for name in samples}
    before, whole.BLOCK_CELLS = whole.BLOCK_CELLS, rows * models
    try:
        assert list(all_rank_ranges(samples, mixtures).values()) == by_hand(list(samples.values()))
    finally:
        whole.BLOCK_CELLS = before


def test_ranges_are_those_of_the_bootstrap() -> None:
    rng = np.random.default_rng(11)
    items = [str(number) for number in range(400)]
    clusters = [str(number // 4) for number in range(400)]
    skill, hardness = np.linspace(0.3, 0.7, 8)[:, None], rng.normal(0, 0.2, 400)
    values = (rng.random((8, 400)) < skill + hardness).astype(float)
    drawn = compare(values, clusters, items)
    pairwise = rank_ranges(8, drawn.pairs, drawn.differences.values, drawn.adjusted)
    close = [
        abs(one - other)
        for found, wanted in zip(ranges(values, 4), pairwise, strict=True)
        for one, other in zip(found or (), wanted or (), strict=True)
    ]
    assert max(close) <= 1 and sum(close) <= 2


@pytest.mark.parametrize("size", [1, 5])
def test_equal_models_are_falsely_told_apart_in_one_trial_of_twenty_at_most(size: int) -> None:
    rng, trials, wrong = np.random.default_rng(size), 400, 0
    for _ in range(trials):
        shared = np.repeat(rng.normal(0, 0.5, (12, 60)), size, axis=1)  # what a model does in a cluster
        values = shared + rng.normal(0, 0.5, (12, 60 * size))
        wrong += ranges(values, size) != [(1, 12)] * 12
    assert wrong / trials <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / trials)


def test_ignoring_clusters_would_tell_equal_models_apart_far_too_often() -> None:
    rng, wrong = np.random.default_rng(3), 0
    for _ in range(40):
        shared = np.repeat(rng.normal(0, 0.5, (12, 60)), 5, axis=1)
        wrong += ranges(shared + rng.normal(0, 0.5, (12, 300)), 1) != [(1, 12)] * 12
    assert wrong > 20


def test_an_average_is_the_weighted_sum_and_as_sure_as_its_fewest_clusters() -> None:
    rng = np.random.default_rng(5)
    samples = {
        "long": sample(rng.normal(0, 1, (3, 30)) + np.array([[0.0], [0.0], [1.6]])),
        "short": sample(rng.normal(0, 1, (3, 200)) + np.array([[0.0], [0.0], [0.5]])),
    }
    found = all_rank_ranges(samples, {"both": Mixture(family="levels", weights={"long": 0.5, "short": 0.5})})
    assert found == {"both": [(2, 3), (2, 3), (1, 1)]}


def test_who_is_not_measured_is_not_compared_and_does_not_count() -> None:
    rng = np.random.default_rng(6)
    made = sample(rng.normal(0, 0.1, (3, 50)) + np.array([[0.0], [1.0], [2.0]]))
    made.means[1] = np.nan
    assert all_rank_ranges({"task": made}, ALONE)["task"] == [(2, 2), None, (1, 1)]
    made.means[0] = np.nan
    assert all_rank_ranges({"task": made}, ALONE)["task"] == [None, None, None]


def test_three_patients_separate_nobody_and_models_alike_share_their_rank() -> None:
    apart = np.array([[0.0] * 3, [1.0, 0.9, 1.0]])
    assert ranges(apart) == [(1, 2), (1, 2)]
    assert ranges(np.ones((2, 40))) == [(1, 2), (1, 2)]
    constant = np.stack([np.zeros(40), np.ones(40)])
    assert ranges(constant) == [(2, 2), (1, 1)] and ranges(constant[:, :5]) == [(1, 2), (1, 2)]
