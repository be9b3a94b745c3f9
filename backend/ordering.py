"""The order of work: prompts that begin alike stand next to each other, so that what they share is read once."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

from backend.domain import Message, Prompt

Item = TypeVar("Item")


def in_prefix_order(prompts: Iterable[Prompt]) -> list[Prompt]:
    """The prompts by their texts: a depth-first walk of the tree of what they share.

    No order shares more text between neighbours, and every tokenizer follows it to within a token a prompt, so that
    the same order serves engines that show no tokens. Ties fall by example id.
    """
    return sorted(prompts, key=_place)


def in_pieces(ordered: Sequence[Item], count: int) -> list[Sequence[Item]]:
    """Contiguous pieces, at most `count`, none empty, whose sizes differ by one at most; cutting loses little reuse."""
    pieces = min(count, len(ordered))
    bounds = [len(ordered) * number // pieces for number in range(pieces + 1)] if pieces else []
    return [ordered[start:end] for start, end in pairwise(bounds)]


def shared_length(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two sequences begin with in common."""
    most = min(len(one), len(other))
    return next((place for place in range(most) if one[place] != other[place]), most)


def _place(prompt: Prompt) -> tuple[tuple[tuple[str, str], ...], str, str]:
    return tuple(_key(message) for message in prompt.messages), prompt.begun, prompt.example_id


def _key(message: Message) -> tuple[str, str]:
    return str(message.role), message.content
