"""Long work that can be told to stop: whoever does it asks, between two pieces, whether to go on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from backend.errors import Halted

_TOLD: ContextVar[Callable[[], bool]] = ContextVar("told", default=lambda: False)


@contextmanager
def halting_when(told: Callable[[], bool]) -> Iterator[None]:
    """Work that this thread does in the block ends with Halted soon after `told()` has become true."""
    before = _TOLD.set(told)
    try:
        yield
    finally:
        _TOLD.reset(before)


def is_halted() -> bool:
    """Whether this thread was told to stop."""
    return _TOLD.get()()


def go_on() -> None:
    """Nothing, unless this thread was told to stop: then Halted."""
    halt_if(is_halted())


def halt_if(told: bool) -> None:
    """Nothing, unless told to stop: then Halted."""
    if told:
        raise Halted("The evaluation was told to stop.")
