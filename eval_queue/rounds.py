"""How often the mailbox is looked at: at an even pace, and ever more seldom while it does not answer."""

import time
from collections.abc import Callable

LONGEST_PAUSE = 600.0


class Rounds:
    """When the next look is due, on a clock that nobody sets."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self.clock = seconds, clock
        self._next = clock()
        self._failures = 0

    def due(self) -> bool:
        """Whether it is time to look."""
        return self.clock() >= self._next

    def done(self) -> None:
        """The mailbox answered."""
        self._failures = 0
        self._next = self.clock() + self.seconds

    def failed(self) -> None:
        """It did not."""
        self._failures += 1
        self._next = self.clock() + min(self.seconds * 2 ** min(self._failures, 20), max(LONGEST_PAUSE, self.seconds))
