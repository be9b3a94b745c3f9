"""The trusted side of a model's process: started in isolation, asked through pipes, ended as a whole."""

import json
import os
import queue
import select
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

from backend.errors import FailureCode, ModelCrash
from backend.halting import HALT_POLL_SECONDS, halt_if
from backend.isolation.bounds import Bounds, memory_by_default
from backend.isolation.environment import environment_of
from backend.isolation.family import end, family_of, outlive
from backend.isolation.finding import find_isolation
from backend.isolation.levels import Isolation
from backend.isolation.log import keep_log
from backend.isolation.scratch import GONE_SECONDS, Scratch, clear_left_behind
from backend.isolation.view import INSIDE
from backend.isolation.watch import BoundsWatch, ProcessFault
from backend.isolation.ways import NO_WAY, PYTHON

LONGEST_LINE = 8_000_000
MOST_LINES = 64
DRAIN_SECONDS = 2
READ_SECONDS = 300
KILLED = frozenset({-signal.SIGKILL, 128 + signal.SIGKILL})


class ModelProcess:
    """The trusted side. All that the process started is gone, and what it wrote with it, once `close` returned.

    It sees no file of ours but `reads`, and keeps within `bounds`: ModelFault or ModelCrash says so when it does not.
    With an `environment` it is code of ours, which has network and files as we do and is bounded in its log alone.
    """

    def __init__(
        self,
        module: str,
        log: Path,
        halt: Event,
        environment: Mapping[str, str] | None = None,
        *,
        reads: Iterable[Path] = (),
        bounds: Bounds | None = None,
    ) -> None:
        self._halt = halt
        self._bounds = bounds or Bounds(memory=memory_by_default())
        self._lines: queue.Queue[bytes | None] = queue.Queue(MOST_LINES)
        self._verdict: ProcessFault | None = None
        clear_left_behind()
        ours = environment is not None
        way = NO_WAY if ours else find_isolation(self._bounds.most).way
        self._scratch = Scratch() if way.level is Isolation.NONE else None
        scratch = self._scratch.path if self._scratch else None
        command = [*PYTHON, "-m", module] if ours else way.command(module, self._bounds, list(reads), scratch)
        self._start(command, environment_of(scratch or INSIDE, environment), log)
        self._watch = None if ours else BoundsWatch(self.pid, self._bounds, scratch, self._end_for)

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its group."""
        return self._process.pid

    def send(self, message: Mapping[str, Any], timeout: float = READ_SECONDS) -> None:
        """Hands one message over. Halted once told to stop; ModelCrash when nobody takes it, or not all of it in time.

        A pipe holds less than a message may have, and whoever runs in the process need not read.
        """
        assert self._process.stdin is not None
        pipe = self._process.stdin.fileno()
        left = memoryview(json.dumps(message).encode() + b"\n")
        writable = select.poll()
        writable.register(pipe, select.POLLOUT)
        deadline = time.monotonic() + timeout
        while left:
            halt_if(self._halt.is_set())
            if time.monotonic() > deadline:
                raise ModelCrash(FailureCode.INTERNAL_ERROR, "The model process does not read what it is told.")
            if writable.poll(1000 * HALT_POLL_SECONDS):
                try:
                    left = left[os.write(pipe, left[: select.PIPE_BUF]) :]
                except BrokenPipeError:
                    raise self._crash() from None

    def receive(self, timeout: float, code: FailureCode) -> dict[str, Any]:
        """The next message. Halted once told to stop; ModelCrash when the process ends, with `code` on a timeout."""
        deadline = time.monotonic() + timeout
        while True:
            halt_if(self._halt.is_set())
            try:
                line = self._lines.get(timeout=HALT_POLL_SECONDS)
            except queue.Empty:
                if time.monotonic() > deadline:
                    raise ModelCrash(code) from None
                continue
            if line is None:
                raise self._crash()
            return _read_message(line)

    def close(self) -> None:
        """Ends the whole group and removes what it left behind."""
        if self._watch:
            self._watch.stop()
        family = self._kill()
        with suppress(subprocess.TimeoutExpired):  # one that hangs in a driver cannot be ended, and holds nobody up
            self._process.wait(GONE_SECONDS)
        outlive(family, GONE_SECONDS)
        self._drain()
        _close(self._process.stdin)
        if self._scratch:
            self._scratch.remove()

    def _start(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        """The process runs, and two threads read what it writes; the one that started it lives as long as it does.

        Bubblewrap and setpriv end a process when the thread is gone that started it, not when its program is.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        kept = log.open("ab", buffering=0)
        log.chmod(0o600)
        started: queue.Queue[subprocess.Popen[bytes] | OSError] = queue.Queue()
        self._reader = Thread(target=self._read, args=(command, environment, started), daemon=True)
        self._reader.start()
        found = started.get()
        if isinstance(found, OSError):
            kept.close()
            raise found
        self._process = found
        assert found.stderr is not None
        self._logger = Thread(target=keep_log, args=(found.stderr, kept), daemon=True)
        self._logger.start()

    def _read(
        self,
        command: list[str],
        environment: Mapping[str, str],
        started: "queue.Queue[subprocess.Popen[bytes] | OSError]",
    ) -> None:
        """Starts the process, says so or why not, and takes its lines until there are no more."""
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self._scratch.path if self._scratch else "/",
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            started.put(error)
            return
        started.put(process)
        assert process.stdout is not None
        with process.stdout as lines:
            while line := lines.readline(LONGEST_LINE):
                self._lines.put(line)
        self._lines.put(None)

    def _end_for(self, verdict: ProcessFault) -> None:
        """The process is ended, and whoever waits for it learns why."""
        self._verdict = verdict
        self._kill()

    def _kill(self) -> list[int]:
        """Tells its group and all that came of it to end; returns what there was."""
        family = family_of(self.pid) if self._process.poll() is None else []
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        end(family)
        return family

    def _drain(self) -> None:
        """Lets reader and log come to the end of their pipes; a stray that still holds one open is not waited for."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._reader.is_alive() and time.monotonic() < deadline:
            with suppress(queue.Empty):
                self._lines.get(timeout=0.02)
        self._logger.join(max(0, deadline - time.monotonic()))

    def _crash(self) -> ProcessFault:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return ModelCrash(FailureCode.INTERNAL_ERROR, "The model process closed its pipe.")
        if self._verdict:
            return self._verdict
        if code in KILLED:
            return ModelCrash(FailureCode.OUT_OF_MEMORY, "The system ended the model process.")
        return ModelCrash(FailureCode.INTERNAL_ERROR, f"The model process ended with code {code}.")


def _read_message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise ModelCrash(FailureCode.INTERNAL_ERROR, "The model process wrote something unreadable.")
    return message


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe:
            pipe.close()
    except BrokenPipeError:
        return
