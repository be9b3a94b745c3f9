"""Waits for what a test cannot hurry."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 180.0
PAUSE = 0.05
Found = TypeVar("Found")


def wait_for(find: Callable[[], Found | None], seconds: float = PATIENCE) -> Found:
    """The first truthy thing found; AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(PAUSE)
    return found
