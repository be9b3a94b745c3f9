"""Answers prompts in padded batches with transformers' own generate: every architecture, nothing shared."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from backend.engines.local.asked import (
    LOOK_EVERY,
    Effort,
    Over,
    TokenizedPrompt,
    Written,
    cut_at_end,
    is_seen_over,
    never_over,
)
from backend.engines.local.batching import Budget, in_halving_batches
from backend.engines.local.faults import free_memory, unless_too_large
from backend.errors import FailureCode, ModelFault


class PlainBatches:
    """The way that is always there."""

    name = "none"

    def __init__(
        self,
        model: Any,
        ends: Sequence[int],
        budget: Budget,
        even: float = float("inf"),
        over: Over = never_over,
    ) -> None:
        """`even` is the rope's (backend.engines.local.rope)."""
        self.effort = Effort()
        self.budget = budget
        self._fit = partial(fit, even=even)
        self._model, self._ends, self._over = model, list(ends), over

    def write(self, asked: Sequence[TokenizedPrompt]) -> Iterator[Written]:
        """See Way. Prompts of like length stand together, the longest first."""
        return in_halving_batches(
            sorted(asked, key=lambda one: -len(one.tokens)), self.budget, self._fit, self._attempt
        )

    def _attempt(self, batch: Sequence[TokenizedPrompt]) -> list[Written] | None:
        made = unless_too_large(lambda: self._generate(batch))
        if made is None:
            free_memory()
        return made

    def _generate(self, batch: Sequence[TokenizedPrompt]) -> list[Written]:
        import torch

        width = max(len(one.tokens) for one in batch)
        pad, device = self._model.generation_config.pad_token_id, self._model.device
        encoded = self._model.config.is_encoder_decoder
        # An encoder may count places from its input's first token, padding or not.
        tokens = [padded(one.tokens, pad, width, left=not encoded) for one in batch]
        marks = [padded([1] * len(one.tokens), 0, width, left=not encoded) for one in batch]
        ids, mask = torch.tensor(tokens, device=device), torch.tensor(marks, device=device)
        watch = _Watch(self._ends, device)
        start = 1 if encoded else width
        with torch.inference_mode():
            written = self._model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=max(one.limit for one in batch),
                logits_processor=[watch],
                stopping_criteria=[] if self._over is never_over else [_Stop(self._over, start)],
            )
        if watch.saw_nan:
            raise ModelFault(FailureCode.DEGENERATE_OUTPUT)
        read = sum(len(one.tokens) for one in batch)
        self.effort = Effort(self.effort.prompt_tokens + read, self.effort.prefill_tokens + read)
        rows = written[:, start:].tolist()
        return [cut_at_end(one, row, self._ends, self._over) for one, row in zip(batch, rows, strict=True)]


def fit(asked: Sequence[TokenizedPrompt], budget: Budget, even: float = float("inf")) -> int:
    """How many of the first prompts one batch holds, padded to the longest, and all of them turned alike."""
    for count in range(1, min(len(asked), budget.rows)):
        batch = asked[: count + 1]
        lengths = [len(one.tokens) for one in batch]
        most = max(lengths) + max(one.limit for one in batch)
        if len(batch) * most > budget.tokens or min(lengths) <= even < most:
            return count
    return min(len(asked), budget.rows)


def padded(tokens: Sequence[int], pad: int, width: int, *, left: bool) -> list[int]:
    """The tokens (`width`), filled up on one side."""
    filling = [pad] * (width - len(tokens))
    return [*filling, *tokens] if left else [*tokens, *filling]


class _Watch:
    """Looks on while texts are written, without changing them, and remembers scores that are no numbers."""

    def __init__(self, ends: Sequence[int], device: Any) -> None:
        import torch

        self._ends = torch.tensor(list(ends), device=device)
        self._found = torch.zeros((), dtype=torch.bool, device=device)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """The scores (texts × vocabulary) as they are. Of a text that has ended they mean nothing."""
        import torch

        writing = ~torch.isin(input_ids[:, -1], self._ends)
        self._found |= (scores.isnan().any(dim=-1) & writing).any()
        return scores

    @property
    def saw_nan(self) -> bool:
        """Whether any was seen; this alone waits for the GPU."""
        return bool(self._found)


class _Stop:
    """Ends the texts that are over; an answer begins at the place `start`."""

    def __init__(self, over: Over, start: int) -> None:
        self._over, self._start = over, start

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Which of the texts are over (texts)."""
        import torch

        rows = input_ids[:, self._start :].tolist() if (input_ids.shape[1] - self._start) % LOOK_EVERY == 0 else []
        done = [is_seen_over(row, self._over) for row in rows] or [False] * len(input_ids)
        return torch.tensor(done, device=input_ids.device)
