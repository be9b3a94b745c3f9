"""Batches halve when memory runs out, and every item is made exactly once all the same."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.engines.batching import in_halving_batches
from backend.errors import FailureCode, ModelFault


@given(weights=st.lists(st.integers(1, 10), max_size=40), size=st.integers(1, 16), room=st.integers(10, 60))
def test_every_item_is_made_once_however_often_memory_runs_out(weights: list[int], size: int, room: int) -> None:
    tried: list[int] = []

    def run(batch: Sequence[tuple[int, int]]) -> list[int] | None:
        tried.append(len(batch))
        return None if sum(weight for _, weight in batch) > room else [number for number, _ in batch]

    assert list(in_halving_batches(list(enumerate(weights)), size, run)) == list(range(len(weights)))
    assert max(tried, default=0) <= size
    assert len(tried) <= -(-len(weights) // 1) + 4, "a size that was too much is not tried for every batch"


def test_the_size_halves_and_stays_halved() -> None:
    tried: list[int] = []

    def run(batch: Sequence[int]) -> Sequence[int] | None:
        tried.append(len(batch))
        return None if len(batch) > 3 else batch

    assert list(in_halving_batches(range(10), 8, run)) == list(range(10))
    assert tried == [8, 4, 2, 2, 2, 2, 2]


def test_one_item_that_is_too_much_is_the_models_fault_and_what_was_made_is_out() -> None:
    answers = in_halving_batches([1, 2, 99], 2, lambda batch: None if 99 in batch else batch)
    assert [next(answers), next(answers)] == [1, 2]
    with pytest.raises(ModelFault) as caught:
        next(answers)
    assert caught.value.code is FailureCode.OUT_OF_MEMORY


def test_another_error_is_not_taken_for_a_lack_of_memory() -> None:
    def run(batch: Sequence[int]) -> Sequence[int] | None:
        raise RuntimeError("shape mismatch")

    with pytest.raises(RuntimeError, match="shape mismatch"):
        list(in_halving_batches([1], 1, run))
