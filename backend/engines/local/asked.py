"""A prompt as tokens, and what was written to it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from backend.engines.local.batching import Budget


@dataclass(frozen=True, slots=True)
class Asked:
    """A tokenized prompt that may be answered with at most `limit` tokens."""

    example_id: str
    tokens: Sequence[int]
    limit: int


@dataclass(frozen=True, slots=True)
class Written:
    """The tokens written to a prompt, without the one that ends an answer; `stopped` when it was there."""

    asked: Asked
    tokens: Sequence[int]
    stopped: bool


@dataclass(slots=True)
class Effort:
    """Tokens of all prompts so far, and how many of them went through the model."""

    prompt_tokens: int = 0
    prefill_tokens: int = 0


class Way(Protocol):
    """A way of generating: greedy answers that are those of one prompt at a time."""

    name: str
    budget: Budget
    effort: Effort

    def write(self, asked: Sequence[Asked]) -> Iterator[Written]:
        """What is written to every prompt. ModelFault when one alone is too much, or scores are no numbers."""


def cut_at_end(asked: Asked, tokens: Sequence[int], ends: Collection[int]) -> Written:
    """What stands before the first end and within the limit."""
    within = tokens[: asked.limit]
    place = next((place for place, token in enumerate(within) if token in ends), None)
    return Written(asked, within[:place], place is not None)
