"""A prompt as tokens, and what was written to it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from backend.engines.local.batching import Budget

LOOK_EVERY = 8
Over = Callable[[Sequence[int]], bool]


@dataclass(frozen=True, slots=True)
class TokenizedPrompt:
    """A tokenized prompt that may be answered with at most `limit` tokens."""

    example_id: str
    tokens: Sequence[int]
    limit: int


@dataclass(frozen=True, slots=True)
class Written:
    """The tokens written to a prompt, without the one that ends an answer; `stopped` when it was there."""

    asked: TokenizedPrompt
    tokens: Sequence[int]
    stopped: bool


@dataclass(slots=True)
class Effort:
    """Tokens of all prompts so far, and how many of them went through the model."""

    prompt_tokens: int = 0
    prefill_tokens: int = 0


class GenerationMethod(Protocol):
    """A way of generating: greedy answers that are those of one prompt at a time."""

    name: str
    budget: Budget
    effort: Effort

    def write(self, asked: Sequence[TokenizedPrompt]) -> Iterator[Written]:
        """What is written to every prompt. ModelFault when one alone is too much, or scores are no numbers."""


def never_over(tokens: Sequence[int]) -> bool:
    """An answer ends with an end token or at its limit, and not before."""
    return False


def is_seen_over(tokens: Sequence[int], over: Over) -> bool:
    """Whether an answer's tokens show that it is over; looked at every few tokens, in every way of generating alike."""
    return len(tokens) % LOOK_EVERY == 0 and over(tokens)


def cut_at_end(asked: TokenizedPrompt, tokens: Sequence[int], ends: Collection[int], over: Over) -> Written:
    """What stands before the first end and within the limit, and no more than shows that the answer is over."""
    within = tokens[: asked.limit]
    place = next((place for place, token in enumerate(within) if token in ends), None)
    answer = within[:place]
    enough = next((count for count in range(1, len(answer)) if is_seen_over(answer[:count], over)), None)
    return Written(asked, answer[:enough], place is not None and enough is None)
