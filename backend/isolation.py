"""A model in a process of its own: scrubbed environment, own process group, one JSON object a line through pipes."""

import fcntl
import json
import os
import queue
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

from backend.errors import FailureCode, ModelCrash
from backend.halting import halt_if
from backend.settings import inherited_environment

PROJECT = Path(__file__).resolve().parent.parent
POLL_SECONDS = 0.2
LONGEST_LINE = 8_000_000
MOST_LINES = 64
DRAIN_SECONDS = 2
SCRATCH, HELD = "clue-model-", ".held"
GONE_SECONDS = 30
READ_SECONDS = 300


class ModelProcess:
    """The trusted side. All that the process started is gone, and its scratch folder with it, once `close` returned.

    `environment` is for code of ours alone; without one the process sees nothing of ours but programs and devices.
    """

    def __init__(self, module: str, log: Path, halt: Event, environment: Mapping[str, str] | None = None) -> None:
        self._halt = halt
        self._scratch = _Scratch()
        self._lines: queue.Queue[bytes | None] = queue.Queue(MOST_LINES)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            log.chmod(0o600)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=self._scratch.path,
                env=_environment(self._scratch.path, environment),
                start_new_session=True,
            )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

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
            if writable.poll(1000 * POLL_SECONDS):
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
        with suppress(subprocess.TimeoutExpired):  # one that hangs in a driver cannot be ended, and holds nobody up
            self._process.wait(GONE_SECONDS)
        self._drain()
        _close(self._process.stdin)
        self._scratch.remove()

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
        self._scratch = Path(os.environ.get("TMPDIR", ""))
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
        # The parent is gone: nobody else is there to end what this process started, and to clear its folder.
        if self._scratch.name.startswith(SCRATCH):
            _remove(self._scratch)
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(0)


def keep_texts_out_of_the_log() -> None:
    """From now on the log gets type and place of what ends this process: an exception's text may hold a prompt."""

    def report(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        sys.stderr.write("\n".join([kind.__name__, *traceback.format_tb(trace)]))

    sys.excepthook = report


def exit_with_parent() -> None:
    """From now on this process gets SIGTERM when its standard input closes, as it does when the parent dies."""

    def wait() -> None:
        # Read past Python's buffer: a thread that sits in it when the interpreter ends brings the process down.
        while os.read(sys.stdin.fileno(), 4096):
            continue
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait, daemon=True).start()


class _Scratch:
    """A folder for one process; it is locked while its owner lives, so that others can tell when it was left behind."""

    def __init__(self) -> None:
        _clear_left_behind()
        self._lock = -1
        while self._lock < 0:
            self.path = Path(tempfile.mkdtemp(prefix=SCRATCH, suffix=HELD))
            self._lock = os.open(self.path, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            if not self.path.exists():  # somebody took it for left behind before it was locked
                os.close(self._lock)
                self._lock = -1

    def remove(self) -> None:
        """The folder is gone, and so is every process that was started with it."""
        _remove(self.path)
        os.close(self._lock)


def _clear_left_behind() -> None:
    """Removes the folders, and ends the processes, of owners that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*{HELD}"):
        with suppress(OSError):  # gone meanwhile, another user's, or locked: its owner lives
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
            finally:
                os.close(lock)


def _remove(scratch: Path) -> None:
    """Ends what left its process group, known by the folder it was started with, and removes the folder.

    A process that was started with another environment is not found: only a namespace of its own would hold that one.
    """
    mark = f"TMPDIR={scratch}\0".encode()
    deadline = time.monotonic() + GONE_SECONDS
    while (strays := [pid for pid in _processes() if mark in _environ(pid)]) and time.monotonic() < deadline:
        for pid in strays:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    shutil.rmtree(scratch, ignore_errors=True)


def _processes() -> list[int]:
    """Every process but this one; none where the system has no /proc."""
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if int(path.name) != os.getpid()]


def _environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _environment(scratch: Path, given: Mapping[str, str] | None) -> dict[str, str]:
    ours = {"PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1", "TMPDIR": str(scratch)}
    if given is not None:
        return {**given, **ours}
    return inherited_environment() | {
        **ours,
        "HOME": str(scratch),
        "HF_HOME": str(scratch),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe:
            pipe.close()
    except BrokenPipeError:
        return
