"""What one rendering of a chat template may take: seconds, memory, and the length of what it writes."""

import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds and characters of one rendering, and bytes beyond what the process holds already.

    After `last_seconds` of computing the process itself is ended: a single power of two large numbers hears no bell.
    """

    seconds: float = 10.0
    last_seconds: float = 30.0
    characters: int = 4_000_000  # the longest window of a model is about as many tokens
    most_bytes: int = 2_000_000_000


class TemplateOutgrown(Exception):
    """A template took longer, or wrote more, than any prompt is worth."""


@contextmanager
def within(limits: Limits) -> Iterator[None]:
    """The block ends within time and memory; TemplateOutgrown or MemoryError otherwise, which no template can catch.

    Time is kept in the main thread only, and memory only where the system tells how much there is: elsewhere the limits
    of the whole process, and whoever waits for it, are what ends it.
    """
    with _at_most_more(limits.most_bytes), _at_most_for(limits.seconds, limits.last_seconds):
        yield


@contextmanager
def _at_most_for(seconds: float, last_seconds: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: Any) -> None:
        raise TemplateOutgrown

    handler = signal.signal(signal.SIGALRM, ring)
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_VIRTUAL, last_seconds)
    begun = time.monotonic()
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:  # somebody else's bell is rung when it should have been
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begun), 0.001))


@contextmanager
def _at_most_more(most_bytes: int) -> Iterator[None]:
    held = _address_space()
    if held is None:
        yield
        return
    before, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = min((limit for limit in (before, hard) if limit != resource.RLIM_INFINITY), default=held + most_bytes)
    resource.setrlimit(resource.RLIMIT_AS, (min(most, held + most_bytes), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, hard))


def _address_space() -> int | None:
    """Bytes of the process's address space; None where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return None
