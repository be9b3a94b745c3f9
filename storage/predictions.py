"""The append-only journal of one run: what a model wrote, line by line, before anything is made of it."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from backend.domain import Dataset, Fact, Prediction, Task

SYNC_EVERY = 64
Facts = Mapping[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line of a journal: which run it belongs to, and the engine's facts about it."""

    run: dict[str, Any]
    facts: dict[str, Fact]


_HEADER = TypeAdapter(Header)
_PREDICTION = TypeAdapter(Prediction)


class RunJournal:
    """Predictions of one model on one version of one task, kept in `path`.

    The first line says what was asked and with what. On opening, the file ends where it can no longer be read: a torn
    last line is dropped, anything more is kept aside. A journal that belongs to another dataset, version or manifest is
    set aside, never mixed in.
    """

    def __init__(self, path: Path, run: Mapping[str, Any], facts: Facts | None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._found: dict[str, Prediction] = {}
        self._unsynced = 0
        header, kept = _readable(path)
        if header and (header.run != run or (facts is not None and header.facts != dict(facts))):
            path.replace(_aside(path))
            header, kept = None, []
        self.facts: Facts = header.facts if header else (facts or {})
        self._out = path.open("ab")
        path.chmod(0o600)
        for prediction in kept:
            self._found.setdefault(prediction.example_id, prediction)
        if header is None and facts is not None:
            self._write(json.dumps({"run": run, "facts": dict(facts)}).encode())

    def predictions(self) -> Mapping[str, Prediction]:
        """Everything kept so far, by example id."""
        return self._found

    def append(self, prediction: Prediction) -> None:
        """Keeps one more; a second answer to the same example is refused with ValueError."""
        if prediction.example_id in self._found:
            raise ValueError(f"example {prediction.example_id} is already answered")
        self._write(_PREDICTION.dump_json(prediction))
        self._found[prediction.example_id] = prediction

    def close(self) -> None:
        """Everything appended is on the disk."""
        self._sync()
        self._out.close()

    def _write(self, line: bytes) -> None:
        self._out.write(line + b"\n")
        self._out.flush()
        self._unsynced += 1
        if self._unsynced >= SYNC_EVERY:
            self._sync()

    def _sync(self) -> None:
        os.fsync(self._out.fileno())
        self._unsynced = 0


class Journals:
    """The journals of one run, one file per task in a folder.

    `hold()` is entered while a journal is opened: it raises when the run is no longer ours and keeps it ours meanwhile.
    """

    def __init__(
        self, folder: Path, identity: Mapping[str, Fact], hold: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        self._folder = folder
        self._identity = identity
        self._hold = hold

    @contextmanager
    def __call__(self, task: Task, dataset: Dataset, facts: Facts | None) -> Iterator[RunJournal]:
        """The journal of one task; `facts` None takes what is there, whatever engine wrote it."""
        run = {**self._identity, "task": task.name, "version": task.version, "dataset_sha256": dataset.sha256}
        with self._hold():
            journal = RunJournal(self._folder / f"{task.name}.jsonl", run, facts)
        try:
            yield journal
        finally:
            journal.close()

    def part_from_others(self, beside: Path) -> None:
        """Journals of other runs are set aside, and so are files of their names in `beside`, made of their answers."""
        for path in sorted(self._folder.glob("*.jsonl")):
            header, _ = _readable(path)
            if header and any(header.run.get(key) != value for key, value in self._identity.items()):
                for old in (path, beside / path.name):
                    if old.exists():
                        old.replace(_aside(old))


def _readable(path: Path) -> tuple[Header | None, list[Prediction]]:
    if not path.exists():
        return None, []
    header, found, end = None, [], 0
    text = path.read_bytes()
    for line in text.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break
        try:
            if header is None:
                header = _HEADER.validate_json(line)
            else:
                found.append(_PREDICTION.validate_json(line))
        except ValueError:
            break
        end += len(line)
    if b"\n" in text[end:]:
        shutil.copy2(path, _aside(path))
    if end < len(text):
        os.truncate(path, end)
    return header, found


def _aside(path: Path) -> Path:
    return path.with_suffix(f".{path.stat().st_mtime_ns}.stale")
