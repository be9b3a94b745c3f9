"""A process and what came of it, as /proc tells; nothing where the system has none."""

import os
import signal
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

KB = 1024
COUNTED = ("RssAnon:", "RssShmem:", "VmSwap:")
EXIT_POLL_SECONDS = 0.01


def processes() -> list[int]:
    """Every process but this one."""
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if int(path.name) != os.getpid()]


Below = Mapping[int, list[int]]


def family_of(pid: int, most: int = 1_000_000, below: Below | None = None) -> list[int]:
    """The process, its children, theirs and so on: some more than `most` at the most. One that was disowned is missed.

    Where the kernel does not tell a process's children, `below` does, made anew if it is not given.
    """
    found, waiting = [pid], [pid]
    if below is None and not Path(f"/proc/{pid}/task/{pid}/children").exists():
        below = children_by_parent()
    while waiting and len(found) <= most:
        following = waiting.pop()
        children = _told_children(following) if below is None else below.get(following, [])
        found += children
        waiting += children
    return found


def children_by_parent() -> dict[int, list[int]]:
    """Every process of this machine but this one, below the one that it belongs to."""
    below: dict[int, list[int]] = {}
    for pid in processes():
        fields = _stat(pid)
        if fields:
            below.setdefault(int(fields[1]), []).append(pid)
    return below


def memory_of(family: Iterable[int]) -> int:
    """Bytes that the processes hold of memory and swap. A file's pages are not counted: the system can drop those."""
    return sum(_memory(pid) for pid in family)


def end(family: Iterable[int]) -> None:
    """Each of the processes was told to end in the way that none can refuse."""
    for pid in family:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def outlive(family: Iterable[int], seconds: float) -> None:
    """Returns once none of the processes is there any more, or after so many seconds."""
    deadline = time.monotonic() + seconds
    for pid in family:
        while _state(pid) not in ("", "Z") and time.monotonic() < deadline:
            time.sleep(EXIT_POLL_SECONDS)


def _memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    except OSError:
        return 0
    return sum(KB * int(line.split()[1]) for line in lines if line.startswith(COUNTED))


def _told_children(pid: int) -> list[int]:
    found: list[int] = []
    for told in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, told.read_text().split())
    return found


def _state(pid: int) -> str:
    fields = _stat(pid)
    return fields[0] if fields else ""


def _stat(pid: int) -> list[str]:
    """What follows a process's name: its state, its parent and so on; nothing when it is gone."""
    try:
        # A name may hold blanks and brackets, so what follows begins after the last bracket.
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
