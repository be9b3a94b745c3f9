"""A model in a process of its own: scrubbed environment, own process group, one JSON object a line through pipes."""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

from backend.errors import FailureCode, Halted, ModelCrash
from backend.settings import inherited_environment

PROJECT = Path(__file__).resolve().parent.parent
POLL_SECONDS = 0.2
LONGEST_LINE = 8_000_000
MOST_LINES = 64
DRAIN_SECONDS = 2


class ModelProcess:
    """The trusted side. The process group is gone, and its scratch folder with it, once `close` has returned."""

    def __init__(self, module: str, log: Path, halt: Event) -> None:
        self._halt = halt
        self._scratch = Path(tempfile.mkdtemp(prefix="clue-model-"))
        self._lines: queue.Queue[bytes | None] = queue.Queue(MOST_LINES)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            log.chmod(0o600)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=self._scratch,
                env=_environment(self._scratch),
                start_new_session=True,
            )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its group."""
        return self._process.pid

    def send(self, message: Mapping[str, Any]) -> None:
        """Hands one message over; ModelCrash when nobody is there to take it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._crash() from None

    def receive(self, timeout: float, code: FailureCode) -> dict[str, Any]:
        """The next message. Halted once told to stop; ModelCrash when the process ends, with `code` on a timeout."""
        deadline = time.monotonic() + timeout
        while True:
            if self._halt.is_set():
                raise Halted("The evaluation was told to stop.")
            try:
                line = self._lines.get(timeout=POLL_SECONDS)
            except queue.Empty:
                if time.monotonic() > deadline:
                    raise ModelCrash(code) from None
                continue
            if line is None:
                raise self._crash()
            return _read_message(line)

    def close(self) -> None:
        """Ends the whole group and removes what it left behind."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            self._process.poll()
        self._process.wait()
        self._drain()
        _close(self._process.stdin)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            while line := lines.readline(LONGEST_LINE):
                self._lines.put(line)
        self._lines.put(None)

    def _drain(self) -> None:
        """Lets the reader come to the end of the pipe; a stray that still holds it open is not waited for."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._reader.is_alive() and time.monotonic() < deadline:
            with suppress(queue.Empty):
                self._lines.get(timeout=0.02)

    def _crash(self) -> ModelCrash:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return ModelCrash(FailureCode.INTERNAL_ERROR, "The model process closed its pipe.")
        if code == -signal.SIGKILL:
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


class Channel:
    """The model's side. Whatever a library prints goes to standard error, and the process ends when its parent does."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        # Not sys.stdin: an interpreter that ends while a thread waits on its lock aborts, and the exit code is lost.
        self._in = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
        self._messages: queue.Queue[dict[str, Any]] = queue.Queue()
        Thread(target=self._listen, daemon=True).start()

    def receive(self) -> dict[str, Any]:
        """The next message from the trusted side."""
        return self._messages.get()

    def send(self, message: Mapping[str, Any]) -> None:
        """Hands one message to the trusted side."""
        self._out.write(json.dumps(message).encode() + b"\n")
        self._out.flush()

    def _listen(self) -> None:
        for line in self._in:
            self._messages.put(json.loads(line))
        os._exit(0)


def exit_with_parent() -> None:
    """From now on this process gets SIGTERM when its standard input closes, as it does when the parent dies."""

    def wait() -> None:
        # Read past Python's buffer: a thread that sits in it when the interpreter ends brings the process down.
        while os.read(sys.stdin.fileno(), 4096):
            continue
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait, daemon=True).start()


def _environment(scratch: Path) -> dict[str, str]:
    return inherited_environment() | {
        "PYTHONPATH": str(PROJECT),
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "HF_HOME": str(scratch),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
    }


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe:
            pipe.close()
    except BrokenPipeError:
        return
