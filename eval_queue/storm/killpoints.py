"""Every line of the stores and the worker as a place to die at, without a word about it in the product's code."""

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from storage import __file__ as _storage

PLACES = Path(_storage).parent.parent
WATCHED = ("storage/*.py", "eval_queue/worker.py", "eval_queue/queue.py", "eval_queue/verdict.py")
_Trace = Callable[[FrameType, str, Any], Any]


@dataclass(frozen=True, slots=True)
class Hit:
    """The `count`-th time that a thread of this kind comes by a line."""

    file: str
    line: int
    in_main: bool
    count: int

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.line}{'' if self.in_main else ' (heartbeat)'}, time {self.count}"


def recorded(run: Callable[[], object]) -> list[Hit]:
    """The places a run came by, in order: for each line the first time, and in the main thread the last."""
    seen: Counter[tuple[str, int, bool]] = Counter()

    def note(hit: Hit) -> None:
        return None

    with _watching(seen, note):
        run()
    found = []
    for (file, line, in_main), count in seen.items():
        found.append(Hit(file, line, in_main, 1))
        if in_main and count > 1:
            found.append(Hit(file, line, in_main, count))
    return found


@contextmanager
def dying_at(point: Hit) -> Iterator[None]:
    """While the block runs, this process kills itself before it does what stands on that line."""

    def die(hit: Hit) -> None:
        if hit == point:
            os.kill(os.getpid(), signal.SIGKILL)

    with _watching(Counter(), die):
        yield


@contextmanager
def failing_at(number: int, fault: Callable[[str], Exception], passes: Callable[[Hit], bool]) -> Iterator[list[Hit]]:
    """While the block runs, the `number`-th line for which `passes` holds raises what `fault` makes of its file.

    Yields the list of lines that were passed, so that one shorter than `number` says that nothing was raised.
    """
    passed: list[Hit] = []

    def fail(hit: Hit) -> None:
        if passes(hit):
            passed.append(hit)
            if len(passed) == number:
                raise fault(hit.file)

    with _watching(Counter(), fail):
        yield passed


@contextmanager
def _watching(seen: "Counter[tuple[str, int, bool]]", act: Callable[[Hit], None]) -> Iterator[None]:
    files = {str(path) for pattern in WATCHED for path in PLACES.glob(pattern)}

    def on_line(frame: FrameType, event: str, detail: Any) -> _Trace:
        if event == "line":
            key = (frame.f_code.co_filename, frame.f_lineno, threading.current_thread() is threading.main_thread())
            seen[key] += 1
            act(Hit(*key, seen[key]))
        return on_line

    def on_call(frame: FrameType, event: str, detail: Any) -> _Trace | None:
        return on_line if frame.f_code.co_filename in files else None

    threading.settrace(on_call)
    sys.settrace(on_call)
    try:
        yield
    finally:
        sys.settrace(None)
        threading.settrace(None)
