"""A worker process that the page starts beside itself, keeps alive, and takes along when it goes."""

import logging
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

GRACE_SECONDS = 20
LONGEST_PAUSE = 60.0
POLL_SECONDS = 0.5
_LOG = logging.getLogger(__name__)


@contextmanager
def companion(command: Sequence[str]) -> Iterator[None]:
    """While the block runs, a process of this command runs too; one that dies is started again after a pause."""
    done = Event()
    keeper = Thread(target=_keep, args=(command, done), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def _keep(command: Sequence[str], done: Event) -> None:
    pause = 1.0
    while not done.is_set():
        # Its standard input closes when this process dies in any way, which is how it knows to go.
        process = subprocess.Popen([sys.executable, *command], stdin=subprocess.PIPE)
        while process.poll() is None and not done.wait(POLL_SECONDS):
            continue
        if done.is_set():
            _end(process)
            return
        _LOG.error(
            "the worker ended by itself and is started again", extra={"exit_code": process.returncode, "seconds": pause}
        )
        done.wait(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()
