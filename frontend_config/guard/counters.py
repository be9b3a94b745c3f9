"""How often somebody asked, kept for a bounded number of them."""

import threading
import time
from collections.abc import Callable

from cachetools import LRUCache
from limits.storage import Storage

MOST_KEPT = 20_000


class BoundedCounters(Storage):
    """Counts in memory, at most MOST_KEPT of them, those that nobody has asked for the longest forgotten first.

    The library's own memory store grows with whoever asks, and reads all it holds a hundred times a second.
    """

    STORAGE_SCHEME = None

    def __init__(self, most: int = MOST_KEPT, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._counts: LRUCache[str, tuple[int, float]] = LRUCache(most)
        self._clock = clock
        self._lock = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the library would have to expect of this store."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """One count more, and what it is then; it begins anew `expiry` seconds after it began."""
        with self._lock:
            count, ends = self._found(key)
            if not count:
                ends = self._clock() + expiry
            self._counts[key] = count + amount, ends
        return count + amount

    def get(self, key: str) -> int:
        """The count now."""
        with self._lock:
            return self._found(key)[0]

    def get_expiry(self, key: str) -> float:
        """When it begins anew, in seconds of the epoch."""
        with self._lock:
            return self._found(key)[1]

    def check(self) -> bool:
        """Whether the store works."""
        return True

    def reset(self) -> int:
        """Nothing is counted afterwards; how many counts there were."""
        with self._lock:
            held = len(self._counts)
            self._counts.clear()
        return held

    def clear(self, key: str) -> None:
        """This count is 0 afterwards."""
        with self._lock:
            self._counts.pop(key, None)

    def _found(self, key: str) -> tuple[int, float]:
        now = self._clock()
        count, ends = self._counts.get(key, (0, now))
        return (count, ends) if ends > now else (0, now)
