"""How prompts lie in a batch: trunk, rows and pieces, worked out by hand and by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.engines.local.asked import TokenizedPrompt
from backend.engines.local.attention import Pack, Piece
from backend.engines.local.batching import Budget
from backend.engines.local.kv_cache import CacheShape
from backend.engines.local.prefix import Batch, Branch, fit, packs, pieces_of, trunk_of
from backend.ordering import shared_length


def branches_of(*texts: str, limit: int = 2) -> list[Branch]:
    """Branches of prompts with one token a letter."""
    before = ["", *texts]
    return [
        Branch(TokenizedPrompt(text, [ord(letter) for letter in text], limit), shared_length(text, other))  # type: ignore[arg-type]
        for text, other in zip(texts, before, strict=False)
    ]


def test_the_trunk_is_what_all_begin_with_and_never_the_last_token_of_one() -> None:
    assert trunk_of(branches_of("abcde", "abcxy", "abcxz")) == 3
    assert trunk_of(branches_of("abc")) == 2
    assert trunk_of(branches_of("abc", "abcde")) == 2
    assert trunk_of(branches_of("abc", "xyz")) == 0


def test_room_is_for_the_longest_rest_and_the_longest_answer() -> None:
    branches = branches_of("abcde", "abcxyz", "abcxz")
    assert Batch(branches, 3).shape == CacheShape(trunk=3, rows=3, room=6 + 2 - 3)


@pytest.mark.parametrize(
    ("tokens", "rows", "count"),
    # Alone 4 + 1 × 3; two 3 + 2 × 5; three 3 + 3 × 5; with the fourth nothing is shared: 0 + 4 × 8.
    [(1, 9, 1), (12, 9, 1), (13, 9, 2), (17, 9, 2), (18, 9, 3), (31, 9, 3), (32, 9, 4), (32, 2, 2), (32, 1, 1)],
)
def test_a_batch_holds_what_is_within_the_budget(tokens: int, rows: int, count: int) -> None:
    branches = branches_of("abcde", "abcxyz", "abcxz", "q")
    assert fit(branches, Budget(tokens, rows)) == count


def test_pieces_are_the_trunk_and_then_what_each_row_has_that_the_one_before_has_not() -> None:
    batch = Batch(branches_of("abcde", "abcxyz", "abcxz"), 3)
    assert list(pieces_of(batch, 0)) == [
        Piece(None, 0, 3),
        Piece(0, 3, 5),
        Piece(1, 3, 6),
        Piece(2, 4, 5, source=1),
    ]
    assert next(pieces_of(batch, 2)) == Piece(None, 2, 3)
    assert next(pieces_of(batch, 4)) == Piece(0, 4, 5), "the cache has the trunk and more"


def test_packs_are_filled_to_the_brim_and_copy_once() -> None:
    pieces = [Piece(None, 0, 3), Piece(0, 3, 8), Piece(1, 4, 9, source=0)]
    assert list(packs(pieces, 5)) == [
        Pack([Piece(None, 0, 3), Piece(0, 3, 5)]),
        Pack([Piece(0, 5, 8), Piece(1, 4, 6, source=0)]),
        Pack([Piece(1, 6, 9)]),
    ]


words = st.text("ab", min_size=1, max_size=12)


@given(texts=st.lists(words, min_size=1, max_size=12), chunk=st.integers(1, 9), line=st.integers(0, 12))
def test_every_token_of_every_row_is_there_once_and_is_read_after_what_it_needs(
    texts: list[str], chunk: int, line: int
) -> None:
    branches = [
        Branch(branch.asked, min(branch.shared, len(branch.asked.tokens) - 1)) for branch in branches_of(*sorted(texts))
    ]
    batch = Batch(branches, trunk_of(branches))
    line = min(line, len(branches[0].asked.tokens) - 1)
    there: dict[int | None, int] = {None: min(line, batch.trunk), 0: max(line, batch.trunk)}
    for pack in packs(list(pieces_of(batch, line)), chunk):
        assert 1 <= sum(piece.stop - piece.start for piece in pack.pieces) <= chunk
        for piece in pack.pieces:
            if piece.source is not None:
                assert there[piece.source] >= piece.start, "the row before has it already"
                there[piece.row] = piece.start
            assert there.setdefault(piece.row, batch.trunk) == piece.start
            there[piece.row] = piece.stop
    assert there.pop(None) == batch.trunk
    assert there == {row: len(branch.asked.tokens) for row, branch in enumerate(branches)}
