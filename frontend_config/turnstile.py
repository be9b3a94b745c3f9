"""Lets a few wait for something that takes long, and sends others away at once, so that the page stays free."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from starlette.exceptions import HTTPException


class Turnstile:
    """At most so many inside."""

    def __init__(self, most: int, sentence: str) -> None:
        self._free = BoundedSemaphore(most)
        self._sentence = sentence

    @contextmanager
    def passed(self) -> Iterator[None]:
        """One more inside while the block runs; HTTPException 503 when all places are taken."""
        if not self._free.acquire(blocking=False):
            raise HTTPException(503, self._sentence, headers={"Retry-After": "3"})
        try:
            yield
        finally:
            self._free.release()
