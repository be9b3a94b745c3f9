"""What a model's process may use, see and take, as the operator has set it."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from backend.isolation.levels import Isolation
from backend.settings import Settings

GB = 1_000_000_000
SHARE_OF_MEMORY = 0.9
MOST_SECONDS = 7 * 24 * 3600.0
CONTAINER = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Bytes of memory and of files, seconds from start to end, how many processes and threads.

    `hidden` are folders and files that it must not see, `most` the most isolation that is tried.
    """

    memory: int
    seconds: float = MOST_SECONDS
    scratch: int = GB
    processes: int = 256
    threads: int = 16_384
    hidden: tuple[Path, ...] = ()
    most: Isolation = Isolation.FULL


def bounds_under(settings: Settings) -> Bounds:
    """The bounds under these settings: what is kept and what answers are judged by is hidden."""
    ours = (settings.home, settings.data_dir, settings.rehearsal, settings.signing_key, settings.umls, settings.clone)
    return Bounds(
        memory=int(settings.model_memory_gb * GB) if settings.model_memory_gb else memory_by_default(),
        seconds=settings.model_hours * 3600,
        hidden=tuple(path.absolute() for path in ours if path),
        most=Isolation(settings.isolation),
    )


def memory_by_default() -> int:
    """Nine tenths of the machine's memory, or of the container's where that has less."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # no container, or one that sets no bound
        whole = min(whole, int(CONTAINER.read_text()))
    return int(SHARE_OF_MEMORY * whole)
