"""Two clocks: one that people read, and one that nobody can set and that every process of the machine shares."""

import time
from collections.abc import Callable
from dataclasses import dataclass


def steady_seconds() -> float:
    """Seconds since the machine started, those it slept through included where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class Clocks:
    """`wall` dates what people read, in seconds of Unix time; `steady` measures leases and delays."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = steady_seconds
