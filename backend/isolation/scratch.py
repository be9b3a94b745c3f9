"""The folder of a process that has no files of its own kind, and the end of what such a process left behind."""

import fcntl
import os
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from backend.isolation.family import processes

PREFIX, HELD = "clue-model-", ".held"
GONE_SECONDS = 30


class Scratch:
    """A folder for one process; it is locked while its owner lives, so that others can tell when it was left behind."""

    def __init__(self) -> None:
        self._lock = -1
        while self._lock < 0:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, suffix=HELD))
            self._lock = os.open(self.path, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            if not self.path.exists():  # somebody took it for left behind before it was locked
                os.close(self._lock)
                self._lock = -1

    def remove(self) -> None:
        """The folder is gone, and so is every process that was started with it."""
        clear(self.path)
        os.close(self._lock)


def clear_left_behind() -> None:
    """The folders of owners that were killed are gone, and so are their processes."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*{HELD}"):
        with suppress(OSError):  # gone meanwhile, another user's, or locked: its owner lives
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                clear(folder)
            finally:
                os.close(lock)


def clear(scratch: Path) -> None:
    """What left its process group, known by the folder it was started with, has ended, and the folder is gone.

    A process that was started with another environment is not found: only a namespace of its own would hold that one.
    """
    mark = f"TMPDIR={scratch}\0".encode()
    deadline = time.monotonic() + GONE_SECONDS
    while (strays := [pid for pid in processes() if mark in _environ(pid)]) and time.monotonic() < deadline:
        for pid in strays:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    shutil.rmtree(scratch, ignore_errors=True)


def bytes_in(folder: Path) -> int:
    """Bytes of the files below, as far as they can be seen."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += (Path(place) / name).lstat().st_blocks * 512
    return total


def _environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
