"""Rogues at a level of isolation, and what is left of them on this machine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any

import psutil

from backend.errors import FailureCode
from backend.isolation import PROJECT, Bounds, Isolation, ModelProcess

ROGUE = "tests.backend.rogue"
TESTS = PROJECT / "tests"
ROOM = Bounds(memory=4_000_000_000)


@contextmanager
def started(
    log: Path, halt: Event | None = None, *, bounds: Bounds = ROOM, reads: Sequence[Path] = (), **asked: Any
) -> Iterator[ModelProcess]:
    """A rogue that was told what to do."""
    process = ModelProcess(ROGUE, log, halt or Event(), reads=[TESTS, *reads], bounds=bounds)
    try:
        process.send(asked)
        yield process
    finally:
        process.close()


def receive(process: ModelProcess) -> dict[str, Any]:
    return process.receive(60, FailureCode.GENERATION_TIMEOUT)


def family(pid: int) -> list[psutil.Process]:
    """The process and all that came of it, as this machine numbers them: inside they have other numbers."""
    top = psutil.Process(pid)
    return [top, *top.children(recursive=True)]


def rogue_of(pid: int) -> psutil.Process:
    """The one that runs the rogue: what isolates it may stand above it, with the same words in its command line."""
    return next(one for one in reversed(family(pid)) if ROGUE in one.cmdline() and "python" in one.name())


def gone(processes: Sequence[psutil.Process]) -> bool:
    """Whether all of them end, waiting as long as it takes."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                process.wait(60)
    return True


def at(level: Isolation, **bounds: Any) -> Bounds:
    """Bounds under which this level is reached and no more is tried."""
    return Bounds(**{"memory": 4_000_000_000, "most": level, **bounds})
