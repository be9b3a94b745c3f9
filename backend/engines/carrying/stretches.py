"""Which piece of the work is whose: everybody walks along a stretch of their own, and helps out when it is done."""

from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from backend.ordering import in_pieces

Item = TypeVar("Item")


class Stretches(Generic[Item]):
    """Ordered items, cut into pieces; each seat has the pieces of one contiguous stretch: neighbours stay together."""

    def __init__(self, ordered: Sequence[Item], seats: int, pieces: int) -> None:
        cut = in_pieces(ordered, max(seats, pieces))
        self._stretches = [deque(stretch) for stretch in in_pieces(cut, seats)]
        self._stretches += [deque() for _ in range(seats - len(self._stretches))]

    def __bool__(self) -> bool:
        return any(self._stretches)

    def take(self, seat: int) -> Sequence[Item]:
        """The seat's next piece, empty when there is none. With nothing left of its own it takes over half of the
        longest other stretch, from the end that its owner comes to last.
        """
        if not self._stretches[seat]:
            self._stretches[seat] = self._half_of_the_longest()
        return self._stretches[seat].popleft() if self._stretches[seat] else ()

    def give_back(self, seat: int, rest: Sequence[Item]) -> None:
        """What is left of a piece comes next again."""
        if rest:
            self._stretches[seat].appendleft(rest)

    def _half_of_the_longest(self) -> deque[Sequence[Item]]:
        longest = max(self._stretches, key=len)
        return deque(reversed([longest.pop() for _ in range((len(longest) + 1) // 2)]))
