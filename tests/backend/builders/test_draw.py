"""The same letters are drawn in whatever order they are offered, and one letter more or less changes little."""

import random
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as some

from backend.builders.draw import Draw


@dataclass(frozen=True, order=True)
class Slip:
    """Something to draw."""

    hadm_id: str
    note_seq: int
    note_id: str


def drawn(slips: list[Slip], count: int, seed: int = 44) -> list[Slip]:
    draw: Draw[Slip] = Draw(count, seed)
    for slip in slips:
        draw.offer(slip)
    assert len(draw) == len(list(draw)) <= count
    return list(draw)


def slips(number: int) -> list[Slip]:
    return [Slip(str(29_000_000 + n), 1, f"note-{n}") for n in range(number)]


PINNED = ["note-654", "note-126", "note-530", "note-936", "note-92"]
SLIPS = some.lists(
    some.builds(Slip, some.integers(1, 12).map(str), some.integers(1, 3), some.sampled_from("abc")), unique=True
)


@given(slips=SLIPS, count=some.integers(1, 8), chance=some.randoms(use_true_random=False))
def test_the_order_of_the_offers_does_not_matter(slips: list[Slip], count: int, chance: random.Random) -> None:
    mixed = list(slips)
    chance.shuffle(mixed)
    found = drawn(slips, count)
    assert found == drawn(mixed, count)
    assert len(found) == min(count, len({slip.hadm_id for slip in slips}))
    for slip in found:
        assert slip == min(one for one in slips if one.hadm_id == slip.hadm_id)


@given(slips=SLIPS, extra=some.integers(13, 99), count=some.integers(1, 8))
def test_one_admission_more_changes_one_place_at_most(slips: list[Slip], extra: int, count: int) -> None:
    before = drawn(slips, count)
    after = drawn([*slips, Slip(str(extra), 1, "new")], count)
    assert len(set(after) - set(before)) <= 1 and len(set(before) - set(after)) <= 1


def test_a_larger_draw_begins_with_the_smaller_one() -> None:
    assert drawn(slips(300), 100)[:20] == drawn(slips(300), 20)


def test_another_seed_draws_others_and_no_admission_is_favoured() -> None:
    one, other = (set(drawn(slips(2000), 500, seed)) for seed in (1, 2))
    assert 90 < len(one & other) < 160
    first_half = sum(int(slip.hadm_id) < 29_001_000 for slip in one)
    assert 200 < first_half < 300


def test_the_order_is_pinned() -> None:
    assert [slip.note_id for slip in drawn(slips(1000), 5)] == PINNED
