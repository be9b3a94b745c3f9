"""Answers prompts that begin alike: what they share goes through the model once, and all are continued together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.engines.local.asked import Effort, Over, TokenizedPrompt, Written, cut_at_end, is_seen_over, never_over
from backend.engines.local.attention import NAME, DecodeStep, Pack, Piece, PrefixAttention
from backend.engines.local.batching import Budget, in_halving_batches
from backend.engines.local.faults import free_memory, unless_too_large
from backend.engines.local.kv_cache import CacheShape, Line
from backend.errors import FailureCode, ModelFault
from backend.ordering import shared_length

CHUNK = {"cpu": 512, "cuda": 8192}


@dataclass(frozen=True, slots=True)
class Branch:
    """A prompt, and how many tokens it begins with that the one before it has too; its last is never among them."""

    asked: TokenizedPrompt
    shared: int


@dataclass(slots=True)
class Batch:
    """Prompts that are answered together: how they lie in the cache, and what has been written to each."""

    branches: Sequence[Branch]
    trunk: int
    written: list[list[int]] = field(default_factory=list)

    @property
    def shape(self) -> CacheShape:
        """What the batch needs of the cache; the last token of an answer is never read again."""
        return CacheShape(self.trunk, len(self.branches), _room(self.branches, self.trunk))


class PrefixReuse:
    """The way for models whose attention can be given from outside."""

    name = "prefix"

    def __init__(self, model: Any, ends: Sequence[int], budget: Budget, over: Over = never_over) -> None:
        from transformers import AttentionInterface

        self.effort = Effort()
        self.budget = budget
        self._model, self._ends, self._over = model, frozenset(ends), over
        self._attention = PrefixAttention()
        self._chunk = CHUNK.get(model.device.type, CHUNK["cpu"])
        self._last: tuple[Sequence[int], int] = ((), 0)
        self._not_a_number: Any = None
        AttentionInterface.register(NAME, self._attention)
        model.set_attn_implementation(NAME)

    def write(self, asked: Sequence[TokenizedPrompt]) -> Iterator[Written]:
        """See Way. Prompts are answered in the order given, which decides how much is shared."""
        return in_halving_batches(self._branches(asked), self.budget, fit, self._attempt)

    def scores(self, asked: Sequence[TokenizedPrompt]) -> Any:
        """The scores after each prompt, and after each with its first token once more (prompts × 2 × vocabulary)."""
        import torch

        batch = Batch(self._branches(asked), 0)
        batch.trunk = trunk_of(batch.branches)
        with torch.inference_mode():
            after = self._read(batch)
            again = self._forward_step([one.tokens[0] for one in asked], [len(one.tokens) for one in asked])
            return torch.stack((after, again), dim=1)

    def _branches(self, asked: Sequence[TokenizedPrompt]) -> list[Branch]:
        before = [self._last[0], *(one.tokens for one in asked)]
        return [
            Branch(one, min(shared_length(one.tokens, previous), len(one.tokens) - 1))
            for one, previous in zip(asked, before, strict=False)
        ]

    def _attempt(self, branches: Sequence[Branch]) -> list[Written] | None:
        effort = Effort(self.effort.prompt_tokens, self.effort.prefill_tokens)
        made = unless_too_large(lambda: self._answer(Batch(branches, trunk_of(branches))))
        if made is None:
            self._attention.cache.forget()
            self._last, self.effort = ((), 0), effort
            free_memory()
        return made

    def _answer(self, batch: Batch) -> list[Written]:
        import torch

        self._not_a_number = torch.zeros((), dtype=torch.bool, device=self._model.device)
        with torch.inference_mode():
            batch.written = [[token] for token in self._likeliest(self._read(batch))]
            self._continue(batch)
        if bool(self._not_a_number):
            raise ModelFault(FailureCode.DEGENERATE_OUTPUT)
        return [
            cut_at_end(branch.asked, tokens, self._ends, self._over)
            for branch, tokens in zip(batch.branches, batch.written, strict=True)
        ]

    def _read(self, batch: Batch) -> Any:
        """The scores after each prompt (prompts × vocabulary); all of them have gone through the model."""
        import torch

        tokens, row = self._last
        head = batch.branches[0].asked.tokens
        line = min(shared_length(head, tokens), len(head) - 1)
        self._attention.cache.begin(batch.shape, Line(row, line))
        pieces = list(pieces_of(batch, line))
        scores = [self._forward_pack(batch, pack) for pack in packs(pieces, self._chunk)]
        self._last = batch.branches[-1].asked.tokens, len(batch.branches) - 1
        self.effort.prompt_tokens += sum(len(branch.asked.tokens) for branch in batch.branches)
        self.effort.prefill_tokens += sum(piece.stop - piece.start for piece in pieces)
        return torch.cat(scores)

    def _forward_pack(self, batch: Batch, pack: Pack) -> Any:
        """The scores after those prompts that come to their end in the pack."""
        ids: list[int] = []
        positions: list[int] = []
        ends: list[int] = []
        for piece in pack.pieces:
            tokens = batch.branches[piece.row or 0].asked.tokens
            ids += tokens[piece.start : piece.stop]
            positions += range(piece.start, piece.stop)
            if piece.row is not None and piece.stop == len(tokens):
                ends.append(len(ids) - 1)
        self._attention.now = pack
        return self._forward(ids, positions, ends)

    def _forward_step(self, ids: Sequence[int], positions: Sequence[int]) -> Any:
        """The scores after one more token for each of the first rows."""
        import torch

        self._attention.now = DecodeStep(torch.tensor(positions, device=self._model.device), max(positions) + 1)
        return self._forward(ids, positions, range(len(ids)))

    def _forward(self, ids: Sequence[int], positions: Sequence[int], wanted: Sequence[int]) -> Any:
        import torch

        device = self._model.device
        return self._model(
            input_ids=torch.tensor([ids], device=device),
            position_ids=torch.tensor([positions], device=device),
            use_cache=False,
            logits_to_keep=torch.tensor(wanted, dtype=torch.long, device=device),
        ).logits[0]

    def _continue(self, batch: Batch) -> None:
        """Every prompt's answer goes on until its end or its limit; rows that are done stand behind the others."""
        rows = list(range(len(batch.branches)))
        active = self._settle(batch, rows, len(rows))
        while active:
            here = rows[:active]
            positions = [len(batch.branches[row].asked.tokens) + len(batch.written[row]) - 1 for row in here]
            scores = self._forward_step([batch.written[row][-1] for row in here], positions)
            for row, token in zip(here, self._likeliest(scores), strict=True):
                batch.written[row].append(token)
            active = self._settle(batch, rows, active)
        self._last = self._last[0], rows.index(len(rows) - 1)

    def _settle(self, batch: Batch, rows: list[int], active: int) -> int:
        """How many of the active rows go on; they stand first, in the cache as in `rows`."""
        for place in reversed(range(active)):
            row = rows[place]
            if self._is_done(batch.branches[row].asked, batch.written[row]):
                active -= 1
                if place != active:
                    self._attention.cache.swap(place, active)
                    rows[place], rows[active] = rows[active], rows[place]
        return active

    def _is_done(self, asked: TokenizedPrompt, tokens: Sequence[int]) -> bool:
        return tokens[-1] in self._ends or len(tokens) >= asked.limit or is_seen_over(tokens, self._over)

    def _likeliest(self, scores: Any) -> list[int]:
        self._not_a_number |= scores.isnan().any()
        tokens: list[int] = scores.float().argmax(dim=-1).tolist()
        return tokens


def fit(branches: Sequence[Branch], budget: Budget) -> int:
    """How many of the first prompts one batch holds: trunk and rows within the budget of tokens."""
    count, trunk = 1, len(branches[0].asked.tokens) - 1
    for branch in branches[1 : budget.rows]:
        trunk = min(trunk, branch.shared)
        count += 1
        if trunk + count * _room(branches[:count], trunk) > budget.tokens:
            return count - 1
    return count


def trunk_of(branches: Sequence[Branch]) -> int:
    """How many tokens all of them begin with in common."""
    return min([len(branches[0].asked.tokens) - 1, *(branch.shared for branch in branches[1:])])


def pieces_of(batch: Batch, line: int) -> Iterator[Piece]:
    """All that has to go through the model when the cache has `line` tokens of the first row: the trunk, then rows."""
    if line < batch.trunk:
        yield Piece(None, line, batch.trunk)
    for row, branch in enumerate(batch.branches):
        known = max(line, batch.trunk) if row == 0 else branch.shared
        yield Piece(row, known, len(branch.asked.tokens), row - 1 if row and known > batch.trunk else None)


def packs(pieces: Sequence[Piece], chunk: int) -> Iterator[Pack]:
    """The pieces in packs of `chunk` tokens, the last of what is left; what does not fit goes on in the next."""
    pack: list[Piece] = []
    room = chunk
    for piece in pieces:
        start, source = piece.start, piece.source
        while start < piece.stop:
            stop = min(piece.stop, start + room)
            pack.append(Piece(piece.row, start, stop, source))
            room -= stop - start
            start, source = stop, None
            if room == 0:
                yield Pack(pack)
                pack, room = [], chunk
    if pack:
        yield Pack(pack)


def _room(branches: Sequence[Branch], trunk: int) -> int:
    return max(len(branch.asked.tokens) + branch.asked.limit for branch in branches) - trunk
