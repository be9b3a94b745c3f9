"""A process that links texts to UMLS concepts: texts go in and identifiers come out through pipes, nothing else."""

import json
import subprocess
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from threading import Event, Thread
from typing import Any

from cachetools import LRUCache

from backend.errors import MetricUnavailable
from backend.halting import HALT_POLL_SECONDS, go_on, is_halted
from backend.settings import inherited_environment

CHILD = Path(__file__).with_name("umls_child.py")
# Nothing of our environment, nothing written beside the packages, and UTF-8 whatever the locale says.
ISOLATED = ("-I", "-B", "-X", "utf8")
BATCH = 256
KEPT_TEXTS = 20_000  # the references of all tasks, and what many models answer alike
VERSIONS_SECONDS = 60


class UmlsLinker:
    """The trusted side. The process is gone when this object is, at the latest with the interpreter.

    MetricUnavailable, without a word of any text, when it cannot be started, dies, or takes longer than
    `load_seconds` to load or `answer_seconds` for a batch of texts. Halted, and its process gone, once told to stop.
    """

    def __init__(
        self,
        python: Path,
        files: Mapping[str, Path],
        *,
        load_seconds: float,
        answer_seconds: float,
        child: Path = CHILD,
    ) -> None:
        self._answer_seconds = answer_seconds
        self._known: LRUCache[str, frozenset[str]] = LRUCache(KEPT_TEXTS)
        self._process = _start(python, child)
        self._end = weakref.finalize(self, _end, self._process)
        self._exchange({part: str(path) for part, path in files.items()}, load_seconds, "CLUE_LOAD_TIMEOUT")

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def concepts(self, texts: Sequence[str]) -> dict[str, frozenset[str]]:
        """For each distinct text the identifiers of its concepts; one that was linked lately is not linked again."""
        found = {text: self._known[text] for text in {*texts} if text in self._known}
        for batch in _batches(sorted({*texts} - found.keys())):
            answer = self._exchange({"texts": batch}, self._answer_seconds, "CLUE_ANSWER_TIMEOUT")
            try:
                fresh = {text: frozenset(map(str, row)) for text, row in zip(batch, answer["concepts"], strict=True)}
            except (KeyError, TypeError, ValueError):
                raise self._broken("it wrote something unreadable") from None
            found |= fresh
            self._known.update(fresh)
        return found

    def _exchange(self, message: Mapping[str, Any], seconds: float, setting: str) -> dict[str, Any]:
        """The process's next line in answer to this one."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        deadline = time.monotonic() + seconds
        answered = Event()
        watch = Thread(target=copy_context().run, args=[self._watch, answered, deadline], daemon=True)
        watch.start()
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except (OSError, ValueError):  # a pipe that broke or was closed
            line = b""
        finally:
            answered.set()
            watch.join()
        if not line and is_halted():
            self._end()
            go_on()
        if not line and time.monotonic() >= deadline:
            raise self._broken(f"it took longer than {setting} allows")
        if not line:
            raise self._broken("its process ended early")
        return self._read(line)

    def _watch(self, answered: Event, deadline: float) -> None:
        """Ends the process when it answers too late, or nobody wants the answer any more."""
        while not answered.wait(max(0, min(HALT_POLL_SECONDS, deadline - time.monotonic()))):
            if time.monotonic() >= deadline or is_halted():
                self._process.kill()
                return

    def _read(self, line: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise self._broken("it wrote something unreadable")
        if "fault" in answer:
            raise self._broken(f"{answer['fault']}; bring its files anew and install requirements-umls.txt as it is")
        return answer

    def _broken(self, why: str) -> MetricUnavailable:
        self._end()
        return MetricUnavailable(f"The UMLS linker failed: {why}.")


def installed_versions(python: Path) -> dict[str, str]:
    """Versions of the packages that decide which concepts are found; MetricUnavailable where they are not."""
    try:
        said = subprocess.run(
            [python, *ISOLATED, CHILD, "--versions"],
            env=_environment(),
            capture_output=True,
            timeout=VERSIONS_SECONDS,
            check=True,
        )
        return dict(json.loads(said.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        raise MetricUnavailable("The interpreter in CLUE_UMLS_PYTHON does not have requirements-umls.txt.") from None


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), BATCH):
        yield texts[start : start + BATCH]


def _start(python: Path, child: Path) -> subprocess.Popen[bytes]:
    try:
        # Standard error may quote a text, so nobody gets it.
        return subprocess.Popen(
            [python, *ISOLATED, child],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
    except OSError as error:
        raise MetricUnavailable(
            f"The interpreter in CLUE_UMLS_PYTHON cannot be started ({type(error).__name__})."
        ) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            if pipe:
                pipe.close()


def _environment() -> dict[str, str]:
    return inherited_environment() | {"HOME": "/nonexistent"}
