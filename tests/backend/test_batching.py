"""Batches halve when memory runs out, and every item is made exactly once all the same."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.engines.local.batching import Budget, in_halving_batches
from backend.errors import FailureCode, ModelFault


def so_many_rows(items: Sequence[object], budget: Budget) -> int:
    return min(len(items), budget.rows)


def so_much_weight(items: Sequence[tuple[int, int]], budget: Budget) -> int:
    count = next((n for n in range(1, len(items)) if sum(w for _, w in items[: n + 1]) > budget.tokens), len(items))
    return min(count, budget.rows)


@given(weights=st.lists(st.integers(1, 10), max_size=40), tokens=st.integers(1, 80), room=st.integers(10, 60))
def test_every_item_is_made_once_however_often_memory_runs_out(weights: list[int], tokens: int, room: int) -> None:
    tried: list[int] = []

    def run(batch: Sequence[tuple[int, int]]) -> list[int] | None:
        tried.append(len(batch))
        return None if sum(weight for _, weight in batch) > room else [number for number, _ in batch]

    made = in_halving_batches(list(enumerate(weights)), Budget(tokens), so_much_weight, run)
    assert list(made) == list(range(len(weights)))
    assert len(tried) <= len(weights) + 6, "a size that was too much is not tried for every batch"


def test_the_size_halves_and_stays_halved() -> None:
    tried: list[int] = []
    budget = Budget(tokens=1000, rows=8)

    def run(batch: Sequence[int]) -> Sequence[int] | None:
        tried.append(len(batch))
        return None if len(batch) > 3 else batch

    assert list(in_halving_batches(range(10), budget, so_many_rows, run)) == list(range(10))
    assert tried == [8, 4, 2, 2, 2, 2, 2]
    assert (budget.rows, budget.tokens) == (2, 250)


def test_one_item_that_is_too_much_is_the_models_fault_and_what_was_made_is_out() -> None:
    answers = in_halving_batches(
        [1, 2, 99], Budget(100, rows=2), so_many_rows, lambda batch: None if 99 in batch else list(batch)
    )
    assert [next(answers), next(answers)] == [1, 2]
    with pytest.raises(ModelFault) as caught:
        next(answers)
    assert caught.value.code is FailureCode.OUT_OF_MEMORY


def test_another_error_is_not_taken_for_a_lack_of_memory() -> None:
    def run(batch: Sequence[int]) -> Sequence[int] | None:
        raise RuntimeError("shape mismatch")

    with pytest.raises(RuntimeError, match="shape mismatch"):
        list(in_halving_batches([1], Budget(10), so_many_rows, run))
