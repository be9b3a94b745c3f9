"""Lets a few wait for something that takes long, and sends others away at once, so that the page stays free."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from starlette.exceptions import HTTPException


class Turnstile:
    """At most so many inside, and at most half of them for the same caller."""

    def __init__(self, most: int, sentence: str) -> None:
        self._most, self._sentence = most, sentence
        self._inside: Counter[str | None] = Counter()
        self._lock = Lock()

    @contextmanager
    def passed(self, caller: str | None = None) -> Iterator[None]:
        """One more inside while the block runs; HTTPException 503 when all places are taken, or this caller's.

        None is this machine itself, which may take them all.
        """
        with self._lock:
            theirs = self._inside[caller] if caller is not None else 0
            if self._inside.total() >= self._most or 2 * theirs >= self._most:
                raise HTTPException(503, self._sentence, headers={"Retry-After": "3"})
            self._inside[caller] += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside[caller] -= 1
                self._inside += Counter()  # who has left is forgotten
