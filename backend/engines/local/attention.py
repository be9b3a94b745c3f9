"""Attention over a trunk that rows share and over what each row has of its own, whatever model asks for it.

The rows of a batch lie behind each other without padding. Prompts attend through torch's own kernels; single tokens
attend to the trunk all together, and to their own row each (cascade attention, with one softmax over both).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.engines.local.kv_cache import KVCache, Lane

NAME = "clue_prefix"
ROWS_ON_CPU = 256
KNOWN = frozenset(
    {"position_ids", "use_cache", "output_attentions", "output_hidden_states", "output_router_logits", "return_dict"}
)


class Unsupported(Exception):
    """The model's attention needs something that is not offered here."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The tokens of a row at the positions `start` to `stop`; row None is the trunk.

    Where what comes before `start` was read for the row `source`, it is copied from there.
    """

    row: int | None
    start: int
    stop: int
    source: int | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """Pieces that are read at once, each after those it needs; layers alike share their masks."""

    pieces: Sequence[Piece]
    masks: dict[tuple[int, int, int | None], Any] = field(default_factory=dict, compare=False)


class DecodeStep:
    """One more token for each of the first rows, at these positions (rows), all below `longest`."""

    def __init__(self, positions: Any, longest: int) -> None:
        self.positions = positions
        self.longest = longest
        self._hidden: dict[tuple[int, int, int | None], Any] = {}

    def hidden(self, first: int, count: int, window: int | None) -> Any:
        """Which of `count` places from position `first` on a row may not see (rows × 1 × 1 × places)."""
        import torch

        key = first, count, window
        if key not in self._hidden:
            places = torch.arange(first, first + count, device=self.positions.device)
            here = self.positions[:, None]
            unseen = places > here
            if window is not None:
                unseen |= places <= here - window
            self._hidden[key] = unseen[:, None, None, :]
        return self._hidden[key]


class PrefixAttention:
    """What transformers calls in each layer: keeps the new keys and values, and attends as `now` says."""

    def __init__(self) -> None:
        self.cache = KVCache()
        self.now: Pack | DecodeStep = Pack(())

    def __call__(
        self,
        module: Any,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any,
        scaling: float | None = None,
        dropout: float = 0.0,
        sliding_window: int | None = None,
        is_causal: bool | None = None,
        **options: Any,
    ) -> tuple[Any, None]:
        """The attended values (1 × tokens × heads × size). Unsupported when the model asks for something unknown."""
        strange = [name for name, option in options.items() if option is not None and name not in KNOWN]
        if not (getattr(module, "is_causal", True) if is_causal is None else is_causal):
            strange.append("sight of what follows")
        if strange or attention_mask is not None or dropout:
            raise Unsupported(", ".join(strange) or "mask")
        lanes = self.cache.lanes(module.layer_idx, key, value)
        scale = scaling if scaling is not None else query.shape[-1] ** -0.5
        if isinstance(self.now, DecodeStep):
            attended = self._step(self.now, query, key, value, lanes, scale, sliding_window)
        else:
            attended = self._pack(self.now, query, key, value, lanes, scale, sliding_window)
        return attended, None

    def _pack(
        self, pack: Pack, query: Any, key: Any, value: Any, lanes: tuple[Lane, Lane], scale: float, window: int | None
    ) -> Any:
        import torch

        attended, place = [], 0
        for piece in pack.pieces:
            here = slice(place, place + piece.stop - piece.start)
            keys, values = (
                self._keep(lane, piece, new[0, :, here]) for lane, new in zip(lanes, (key, value), strict=True)
            )
            mask = _mask(pack, piece, query.device, window)
            attended.append(_attend(query[:, :, here], keys, values, mask, scale))
            place = here.stop
        return torch.cat(attended, dim=2).transpose(1, 2)

    def _keep(self, lane: Lane, piece: Piece, new: Any) -> Any:
        """Keeps the new states; all that the piece may see of keys or values (1 × heads × tokens × size)."""
        import torch

        trunk = self.cache.shape.trunk
        if piece.row is None:
            lane.trunk[:, piece.start : piece.stop] = new
            return lane.trunk[None, :, : piece.stop]
        own = lane.rows[piece.row]
        if piece.source is not None:
            own[:, : piece.start - trunk] = lane.rows[piece.source, :, : piece.start - trunk]
        own[:, piece.start - trunk : piece.stop - trunk] = new
        own = own[None, :, : piece.stop - trunk]
        return torch.cat((lane.trunk[None, :, :trunk], own), dim=2) if trunk else own

    def _step(
        self,
        step: DecodeStep,
        query: Any,
        key: Any,
        value: Any,
        lanes: tuple[Lane, Lane],
        scale: float,
        window: int | None,
    ) -> Any:
        import torch

        trunk, count = self.cache.shape.trunk, query.shape[2]
        places = step.positions - trunk
        rows = torch.arange(count, device=places.device)
        for lane, new in zip(lanes, (key, value), strict=True):
            lane.rows[rows, :, places] = new[0].transpose(0, 1)
        keys, values = lanes
        used = step.longest - trunk
        heads = keys.trunk.shape[0]
        asked = query[0].transpose(0, 1).unflatten(1, (heads, -1)) * scale
        own = asked @ keys.rows[:count, :, :used].transpose(-1, -2)
        own = own.masked_fill(step.hidden(trunk, used, window), float("-inf"))
        if not trunk:
            return (own.softmax(-1, torch.float32).to(value.dtype) @ values.rows[:count, :, :used]).flatten(1, 2)[None]
        shared = _together(asked, keys.trunk[:, :trunk].transpose(-1, -2))
        if window is not None:
            shared = shared.masked_fill(step.hidden(0, trunk, window), float("-inf"))
        weights = torch.cat((shared, own), dim=-1).softmax(-1, torch.float32).to(value.dtype)
        found = weights[..., trunk:] @ values.rows[:count, :, :used]
        found += _together(weights[..., :trunk], values.trunk[:, :trunk])
        return found.flatten(1, 2)[None]


def _mask(pack: Pack, piece: Piece, device: Any, window: int | None) -> Any:
    """Which positions the piece's tokens see (tokens × positions); None: each itself and all before it."""
    import torch
    from torch.nn.attention.bias import causal_lower_right

    if window is not None and piece.stop <= window:
        window = None
    if window is None and device.type == "cuda":
        return causal_lower_right(piece.stop - piece.start, piece.stop) if piece.start else None
    key = piece.start, piece.stop, window
    if key not in pack.masks:
        here = torch.arange(piece.start, piece.stop, device=device)[:, None]
        there = torch.arange(piece.stop, device=device)
        seen = there <= here
        if window is not None:
            seen &= there > here - window
        pack.masks[key] = seen
    return pack.masks[key]


def _together(rows: Any, trunk: Any) -> Any:
    """Each row's heads (rows × heads × group × a) times the trunk's (heads × a × b), in one product a head."""
    count, heads, group, _ = rows.shape
    product = rows.transpose(0, 1).reshape(heads, count * group, -1) @ trunk
    return product.view(heads, count, group, -1).transpose(0, 1)


def _attend(query: Any, key: Any, value: Any, mask: Any, scale: float) -> Any:
    """Attention by the kernel of torch that fits (1 × heads × tokens × size); on a GPU most want equal heads.

    On a CPU the kernel computes what a mask hides as well, so some rows at a time see no more than they need to.
    """
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    group, tokens = query.shape[1] // key.shape[1], query.shape[2]
    if query.device.type == "cuda":
        if group > 1:
            key, value = key.repeat_interleave(group, 1), value.repeat_interleave(group, 1)
        return scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=mask is None, scale=scale)
    attended, before = [], key.shape[2] - tokens
    for first in range(0, tokens, ROWS_ON_CPU):
        rows = slice(first, min(first + ROWS_ON_CPU, tokens))
        seen = slice(before + rows.stop)
        attended.append(
            scaled_dot_product_attention(
                query[:, :, rows],
                key[:, :, seen],
                value[:, :, seen],
                mask[rows, seen],
                scale=scale,
                enable_gqa=group > 1,
            )
        )
    return torch.cat(attended, dim=2)
