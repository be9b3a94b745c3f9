"""Real processes, forked from a warm parent so that they begin at once, and the ways in which they are made to end."""

import logging
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from time import monotonic

_FORK = multiprocessing.get_context("fork")


class Life:
    """A process that runs `body` and is gone, one way or the other, after `end`.

    What it raised stands in the folder `faults` under its name. The parent must have no threads.
    """

    def __init__(self, name: str, body: Callable[[], None], faults: Path) -> None:
        self.name = name
        self.started = monotonic()
        self.stopped_at: float | None = None
        self._process = _FORK.Process(target=_live, args=(body, faults / f"{name}.txt"), daemon=False)
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return not self._process.is_alive()

    @property
    def killed(self) -> bool:
        """Whether it ended by SIGKILL, ours or its own."""
        return self._process.exitcode == -signal.SIGKILL

    def kill(self) -> bool:
        """It is gone; whether it was there until now."""
        self._process.kill()
        self._process.join()
        return self.killed

    def stop(self) -> None:
        """It stands still in the middle of whatever it did, as a machine that sleeps would."""
        os.kill(self.pid, signal.SIGSTOP)
        self.stopped_at = monotonic()

    def wake(self) -> None:
        """It goes on as if no time had passed."""
        self.stopped_at = None
        os.kill(self.pid, signal.SIGCONT)

    def wait(self, seconds: float) -> bool:
        """Whether it ended by itself in this time."""
        self._process.join(seconds)
        return self.ended

    def end(self) -> bool:
        """Nothing of it is left; whether anything was that it had started itself and left behind."""
        self.kill()
        self._process.close()
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True


def wait_until(condition: Callable[[], object], seconds: float, step: float = 0.002) -> bool:
    """Whether the condition came about in this time."""
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() > deadline:
            return False
        time.sleep(step)
    return True


def _live(body: Callable[[], None], fault: Path) -> None:
    os.setsid()
    logging.disable()
    try:
        body()
    except Exception:  # noqa: BLE001 - whatever a worker dies of by itself is counted
        fault.parent.mkdir(parents=True, exist_ok=True)
        fault.write_text(traceback.format_exc(), encoding="utf-8")
