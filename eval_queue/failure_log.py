"""The part of a model's log that one attempt writes, and what everybody may read of it."""

import socket
from getpass import getuser
from pathlib import Path

from backend.redaction import redacted_lines

MOST_LINES = 20
TAIL_BYTES = 64 * 1024
COMMON_NAMES = frozenset({"root", "user", "users", "home", "localhost", "app", "runner", "nobody", "model"})


class FailureLog:
    """What the model's process writes to its standard error from now on, in `path`.

    Nothing of it is ever shown once the model was given a text that may not be shown, in this attempt or in one before:
    a file beside the log remembers that. Nor is it while this machine holds such texts (`guarded`): loading a model can
    mean running its author's code, which could read them from the disk and write them to the log.
    """

    def __init__(self, folder: Path, attempt: int, *, guarded: bool = False) -> None:
        self.path = folder / "model.log"
        self._guarded = guarded
        self._attempt = attempt
        self._begin = self.path.stat().st_size if self.path.exists() else 0
        self._confided = folder / "model.log.confidential"

    def confide(self) -> None:
        """From now on the log is the operator's alone."""
        self._confided.parent.mkdir(parents=True, exist_ok=True)
        self._confided.touch(mode=0o600)

    def excerpt(self) -> str:
        """A line that says what follows or why nothing does, then at most MOST_LINES redacted last lines."""
        if self._confided.exists():
            return (
                f"The model's log of attempt {self._attempt} stays with the operator: the model had been asked a "
                "credentialed task, and its log may repeat that text."
            )
        if self._guarded:
            return (
                f"The model's log of attempt {self._attempt} stays with the operator: credentialed data are installed "
                "on this machine."
            )
        try:
            lines = self._last_lines()
        except OSError:
            return f"The model's log of attempt {self._attempt} could not be read."
        if not lines:
            return f"The model's process wrote nothing to its log in attempt {self._attempt}."
        return "\n".join([f"Last lines of the model's log, attempt {self._attempt}", *lines])

    def _last_lines(self) -> list[str]:
        if not self.path.exists():
            return []
        with self.path.open("rb") as log:
            end = log.seek(0, 2)
            start = max(self._begin, end - TAIL_BYTES)
            log.seek(start)
            lines = log.read(end - start).decode("utf-8", errors="replace").split("\n")
        whole = lines if start == self._begin else lines[1:]  # not half a line: half a secret has no shape
        told = [line for line in whole if line.strip()]
        return redacted_lines(told[-MOST_LINES:], _private_names())


def _private_names() -> list[str]:
    """What this machine and whoever runs the worker are called."""
    host = socket.gethostname()
    try:
        person = getuser()
    except (OSError, KeyError):  # a container's user need not have a name
        person = ""
    found = {host, host.partition(".")[0], person, Path.home().name}
    return sorted(name for name in found if name.lower() not in COMMON_NAMES)
