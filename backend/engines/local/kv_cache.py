"""Keys and values that are kept: once for what all rows of a batch begin with, and for the rest of each row."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CacheShape:
    """A batch: `trunk` tokens that its rows begin with, `rows`, and the `room` of each for its own tokens."""

    trunk: int = 0
    rows: int = 0
    room: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """What is taken over from the batch before: `tokens` of the row `row` and of the trunk before it."""

    row: int = 0
    tokens: int = 0


class KVCache:
    """The keys and values of every layer for one batch after another."""

    def __init__(self) -> None:
        self.shape = CacheShape()
        self._layers: dict[int, tuple[Lane, Lane]] = {}

    def begin(self, shape: CacheShape, line: Line) -> None:
        """Room for the batch; the beginning of its first row is there as far as the line reaches."""
        for lanes in self._layers.values():
            for lane in lanes:
                lane.begin(self.shape, shape, line)
        self.shape = shape

    def swap(self, one: int, other: int) -> None:
        """The two rows have changed places."""
        for lanes in self._layers.values():
            for lane in lanes:
                lane.rows[[one, other]] = lane.rows[[other, one]]

    def forget(self) -> None:
        """Nothing is kept, and no memory held."""
        self._layers.clear()
        self.shape = CacheShape()

    def lanes(self, layer: int, keys: Any, values: Any) -> "tuple[Lane, Lane]":
        """The layer's keys and values; at its first use made for states like these (1 × heads × tokens × size)."""
        if layer not in self._layers:
            self._layers[layer] = Lane(keys, self.shape), Lane(values, self.shape)
        return self._layers[layer]


class Lane:
    """The keys, or the values, of one layer: `trunk` (heads × tokens × size), `rows` (rows × heads × room × size)."""

    def __init__(self, like: Any, shape: CacheShape) -> None:
        self._flat = like.new_zeros(0)
        self.trunk = like.new_zeros((like.shape[1], shape.trunk, like.shape[3]))
        self.rows = self._room(shape)

    def begin(self, old: CacheShape, new: CacheShape, line: Line) -> None:
        """See KVCache.begin."""
        kept = self._line(old, line)
        self._widen(new.trunk, min(old.trunk, line.tokens))
        if line.tokens > old.trunk and new.trunk > old.trunk:
            upto = min(line.tokens, new.trunk)
            self.trunk[:, old.trunk : upto] = kept[:, old.trunk : upto]
        self.rows = self._room(new)
        if line.tokens > new.trunk:
            self.rows[0, :, : line.tokens - new.trunk] = kept[:, new.trunk : line.tokens]

    def _line(self, old: CacheShape, line: Line) -> Any:
        import torch

        if line.tokens <= old.trunk:
            return self.trunk
        return torch.cat((self.trunk[:, : old.trunk], self.rows[line.row, :, : line.tokens - old.trunk]), dim=1)

    def _widen(self, tokens: int, used: int) -> None:
        if self.trunk.shape[1] < tokens:
            heads, had, size = self.trunk.shape
            wider = self.trunk.new_zeros((heads, max(tokens, 2 * had), size))
            wider[:, :used] = self.trunk[:, :used]
            self.trunk = wider

    def _room(self, shape: CacheShape) -> Any:
        heads, _, size = self.trunk.shape
        wanted = shape.rows * heads * shape.room * size
        if self._flat.numel() < wanted:
            self._flat = self.trunk.new_zeros(wanted)
        return self._flat[:wanted].view(shape.rows, heads, shape.room, size)
