"""Long work that can be told to stop: whoever does it asks, between two pieces, whether to go on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from backend.errors import Halted

HALT_POLL_SECONDS = 0.2
"""How often whoever waits for something looks whether to stop instead."""
_MUST_HALT: ContextVar[Callable[[], bool]] = ContextVar("must_halt", default=lambda: False)


@contextmanager
def halting_when(must_halt: Callable[[], bool]) -> Iterator[None]:
    """Work that this thread does in the block ends with Halted soon after `must_halt()` has become true."""
    before = _MUST_HALT.set(must_halt)
    try:
        yield
    finally:
        _MUST_HALT.reset(before)


def is_halted() -> bool:
    """Whether this thread was told to stop."""
    return _MUST_HALT.get()()


def go_on() -> None:
    """Nothing, unless this thread was told to stop: then Halted."""
    halt_if(is_halted())


def halt_if(must_halt: bool) -> None:
    """Nothing, unless told to stop: then Halted."""
    if must_halt:
        raise Halted("The evaluation was told to stop.")
