"""The order of work: prompts that begin alike are neighbours, and pieces keep the order."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from backend.domain import Message, Prompt, Role
from backend.ordering import in_pieces, in_prefix_order, shared_length

TEXTS = st.text("ab", max_size=5)


def _prompt(number: int, texts: Sequence[str]) -> Prompt:
    turns = tuple(Message(Role.USER, text) for text in texts)
    return Prompt(example_id=f"{number:02}", messages=turns, max_new_tokens=1)


def _tokens(prompt: Prompt) -> list[int]:
    """A token a letter, and one for the end of each turn."""
    return [ord(letter) for message in prompt.messages for letter in f"{message.content}."]


def _shared(prompts: Sequence[Prompt]) -> int:
    return sum(shared_length(_tokens(one), _tokens(other)) for one, other in pairwise(prompts))


@given(turns=st.lists(st.lists(TEXTS, min_size=1, max_size=3), max_size=12), chance=st.randoms(use_true_random=False))
def test_no_other_order_shares_more_between_neighbours(turns: list[list[str]], chance: object) -> None:
    prompts = [_prompt(number, texts) for number, texts in enumerate(turns)]
    ordered = in_prefix_order(prompts)
    assert sorted(ordered, key=lambda prompt: prompt.example_id) == prompts
    other = list(prompts)
    chance.shuffle(other)  # type: ignore[attr-defined]
    assert _shared(ordered) >= max(_shared(prompts), _shared(other))
    assert in_prefix_order(other) == ordered, "the order does not depend on how the prompts came"


@given(items=st.lists(st.integers(), max_size=60), count=st.integers(1, 9))
def test_pieces_are_the_whole_in_order_and_differ_by_one_at_most(items: list[int], count: int) -> None:
    pieces = in_pieces(items, count)
    assert [item for piece in pieces for item in piece] == items
    assert len(pieces) == min(count, len(items))
    sizes = [len(piece) for piece in pieces]
    assert not sizes or (min(sizes) > 0 and max(sizes) - min(sizes) <= 1)
