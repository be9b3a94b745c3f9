"""Which letters are taken: a seeded order of admissions that no other row and no order of rows has a part in."""

import hashlib
from bisect import insort
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class OfAnAdmission(Protocol):
    """What can be drawn."""

    @property
    def hadm_id(self) -> str:
        """The admission it belongs to."""

    @property
    def note_id(self) -> str:
        """Its own name."""

    @property
    def note_seq(self) -> int:
        """Its place among the notes of the admission."""


Drawn = TypeVar("Drawn", bound=OfAnAdmission)


class Draw(Generic[Drawn]):
    """Of all that is offered, one of each admission, from the `count` admissions that come first in the seed's order.

    An admission's place is the SHA-256 of seed and hadm_id. So no more than `count` are ever held, the order of the
    offers does not matter, and a file with one row more or less differs in one letter at most. Of several of one
    admission the first by note_seq is taken.
    """

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._seed = seed
        self._order: list[tuple[bytes, str]] = []
        self._held: dict[str, Drawn] = {}

    def offer(self, one: Drawn) -> None:
        """It is among the drawn if it belongs there."""
        held = self._held.get(one.hadm_id)
        if held is not None:
            if (one.note_seq, one.note_id) < (held.note_seq, held.note_id):
                self._held[one.hadm_id] = one
            return
        insort(self._order, (self._place(one.hadm_id), one.hadm_id))
        self._held[one.hadm_id] = one
        if len(self._order) > self._count:
            _, last = self._order.pop()
            del self._held[last]

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Drawn]:
        """The drawn, in the seed's order."""
        return (self._held[hadm_id] for _, hadm_id in self._order)

    def _place(self, hadm_id: str) -> bytes:
        return hashlib.sha256(f"{self._seed}:{hadm_id}".encode()).digest()
