"""The model's side of the pipes, and how a process of ours ends with the one that started it."""

import json
import os
import queue
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any

from backend.isolation.scratch import PREFIX, clear


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
        if self._scratch.name.startswith(PREFIX):
            clear(self._scratch)
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
