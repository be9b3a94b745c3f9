"""A worker process that the page starts beside itself, keeps alive, and takes along when it goes."""

import logging
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from backend.logbook import fault_fields
from backend.submission import SILENCE_SECONDS

GRACE_SECONDS = 20
LONGEST_PAUSE = 60.0
WORKER_POLL_SECONDS = 0.5
Silence = Callable[[], float | None]
_LOG = logging.getLogger(__name__)


@contextmanager
def companion(
    command: Sequence[str], silence: Silence = lambda: 0.0, *, most_silent: float = SILENCE_SECONDS
) -> Iterator[None]:
    """While the block runs, a process of this command runs too; one that dies is started again after a pause.

    `silence()` is for how many seconds nothing was heard of it, None when it never was. One that has been silent for
    `most_silent` seconds is killed, whatever it holds, and another is started.
    """
    done = Event()
    keeper = Thread(target=_keep, args=(command, silence, most_silent, done), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def _keep(command: Sequence[str], silence: Silence, most_silent: float, done: Event) -> None:
    pause = 1.0
    while not done.is_set():
        # Its standard input closes when this process dies in any way, which is how it knows to go.
        try:
            process = subprocess.Popen([sys.executable, *command], stdin=subprocess.PIPE)
        except OSError as error:
            _LOG.error("the worker cannot be started just now", extra=fault_fields(error))
            done.wait(LONGEST_PAUSE)
            continue
        heard = time.monotonic()
        while process.poll() is None and not done.wait(WORKER_POLL_SECONDS):
            heard = max(heard, _heard(silence))
            # The monotonic clock stands still while the machine sleeps, so nobody is killed for having slept with it.
            if time.monotonic() - heard > most_silent:
                _LOG.error("the worker is silent and is killed", extra={"seconds": most_silent})
                process.kill()  # a stopped process takes no gentler signal
                process.wait()
        if done.is_set():
            _end(process)
            return
        _LOG.error(
            "the worker ended by itself and is started again", extra={"exit_code": process.returncode, "seconds": pause}
        )
        done.wait(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _heard(silence: Silence) -> float:
    """When the worker was last heard of, on the monotonic clock."""
    try:
        seconds = silence()
    except sqlite3.OperationalError as error:  # nobody can say just now
        _LOG.warning("the worker's pulse cannot be read", extra=fault_fields(error))
        seconds = 0
    return -float("inf") if seconds is None else time.monotonic() - seconds


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()
