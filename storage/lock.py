"""One process per role in a home, held by the operating system and let go of however the process ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from backend.errors import HomeInUse


@contextmanager
def alone(home: Path, role: str) -> Iterator[None]:
    """While the block runs no other process has this role in this home; HomeInUse when one has it already."""
    lock = FileLock(home / f"{role}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise HomeInUse(
            f"A {role} already runs on {home}. Stop it first, or set CLUE_HOME to another folder."
        ) from None
    try:
        yield
    finally:
        lock.release()
