"""The append-only journal of one run: what a model wrote, line by line, before anything is made of it."""

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

import duckdb
from pydantic import TypeAdapter

from backend.domain import Dataset, Fact, Prediction, Task
from backend.logbook import fault_fields
from storage.files import sync
from storage.packed import read_packed, write_packed

SYNC_EVERY = 64
PACKED = ".parquet"
Facts = Mapping[str, Fact]
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line of a journal: which run it belongs to, and the engine's facts about it."""

    run: dict[str, Any]
    facts: dict[str, Fact]


_HEADER = TypeAdapter(Header)
_PREDICTION = TypeAdapter(Prediction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What can be read of a run's predictions; `damaged` when more than a last line, torn by a crash, cannot be."""

    header: Header | None = None
    predictions: Mapping[str, Prediction] = field(default_factory=dict)
    damaged: bool = False


class RunJournal:
    """Predictions of one model on one version of one task, kept in `path`, or packed beside it.

    Without `facts` it is opened for reading, whatever engine wrote it, and nothing on the disk changes. With them
    it is opened for appending: what can be read is copied into a new file, which takes the old one's name, so that
    whoever still has the old one open writes where nobody reads. A journal that belongs to another dataset, version or
    manifest is set aside, never mixed in.
    """

    def __init__(self, path: Path, run: Mapping[str, Any], facts: Facts | None) -> None:
        kept = read_kept(path)
        header = kept.header
        ours = header is not None and header.run == run and (facts is None or header.facts == dict(facts))
        self.facts: Facts = header.facts if ours and header else (facts or {})
        self._found = dict(kept.predictions) if ours else {}
        self._unsynced = 0
        self._out: FileIO | None = None
        if facts is not None:
            _keep_aside(path, kept, ours=ours)
            first = json.dumps({"run": run, "facts": dict(facts)}).encode()
            self._out = _renewed(path, [first, *map(_PREDICTION.dump_json, self._found.values())])

    def predictions(self) -> Mapping[str, Prediction]:
        """Everything kept so far, by example id."""
        return self._found

    def append(self, prediction: Prediction) -> None:
        """Keeps one more; ValueError for a second answer to the same example, or when opened for reading.

        When the disk does not take it, the journal ends where it ended before.
        """
        if self._out is None:
            raise ValueError("the journal was opened for reading")
        if prediction.example_id in self._found:
            raise ValueError(f"example {prediction.example_id} is already answered")
        _append(self._out, _PREDICTION.dump_json(prediction))
        self._found[prediction.example_id] = prediction
        self._unsynced += 1
        if self._unsynced >= SYNC_EVERY:
            self._sync(self._out)

    def close(self) -> None:
        """Everything appended is on the disk."""
        if self._out is not None:
            with self._out as out:
                self._sync(out)

    def _sync(self, out: FileIO) -> None:
        os.fsync(out.fileno())
        self._unsynced = 0


class Journals:
    """The journals of one run, one file per task in a folder.

    `hold()` is entered while a journal is opened for appending: it raises when the run is no longer ours and keeps it
    ours meanwhile.
    """

    def __init__(
        self, folder: Path, identity: Mapping[str, Fact], hold: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        self._folder = folder
        self._identity = identity
        self._hold = hold

    @contextmanager
    def __call__(self, task: Task, dataset: Dataset, facts: Facts | None) -> Iterator[RunJournal]:
        """The journal of one task; `facts` None only reads what is there, whatever engine wrote it."""
        run = {**self._identity, "task": task.name, "version": task.version, "dataset_sha256": dataset.sha256}
        with nullcontext() if facts is None else self._hold():
            journal = RunJournal(self._folder / f"{task.name}.jsonl", run, facts)
        try:
            yield journal
        finally:
            journal.close()

    def part_from_others(self, beside: Path) -> None:
        """Journals of other runs are set aside, and so are files of their names in `beside`, made of their answers."""
        for path in sorted(self._folder.glob("*.jsonl")):
            header = read_kept(path).header
            if header and any(header.run.get(key) != value for key, value in self._identity.items()):
                for old in (path, beside / path.name):
                    if old.exists():
                        old.replace(_aside(old))


def read_kept(path: Path) -> Kept:
    """What the journal `path` holds, else the packed file beside it; of two answers to an example the first counts."""
    journal = _read_journal(path)
    if journal.header is not None:
        return journal
    packed = path.with_suffix(PACKED)
    if not packed.exists():
        return journal
    try:
        text, predictions = read_packed(packed)
        return Kept(header=_HEADER.validate_json(text), predictions=_first(predictions), damaged=journal.damaged)
    except ValueError:
        return Kept(damaged=True)


def pack_journals(folder: Path) -> int:
    """Packs the journals of a run that nobody appends to any more; returns how many were packed.

    Each goes once its packed file has been read back. One that is damaged or cannot be packed stays as it is.
    """
    packed = 0
    for path in sorted(folder.glob("*.jsonl")):
        try:
            packed += _pack(path)
        except (OSError, duckdb.Error, ValueError) as error:
            _LOG.warning(
                "a journal cannot be packed", extra={"submission": folder.name, "task": path.stem} | fault_fields(error)
            )
    return packed


def _pack(path: Path) -> bool:
    _remove_unfinished(path)
    kept = _read_journal(path)
    if kept.header is None or kept.damaged:
        return False
    header, predictions = _HEADER.dump_json(kept.header).decode(), list(kept.predictions.values())
    with _replacement(path.with_suffix(PACKED)) as partial:
        write_packed(partial, header, predictions)
        text, found = read_packed(partial)
        if text != header or [*map(_PREDICTION.dump_json, found)] != [*map(_PREDICTION.dump_json, predictions)]:
            raise ValueError("what was packed is not what can be read back")
        with partial.open("rb") as written:
            os.fsync(written.fileno())
    path.unlink()
    return True


def _read_journal(path: Path) -> Kept:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Kept()
    header, found, end = None, [], 0
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
    return Kept(header=header, predictions=_first(found), damaged=b"\n" in text[end:])


def _first(predictions: Iterable[Prediction]) -> dict[str, Prediction]:
    found: dict[str, Prediction] = {}
    for prediction in predictions:
        found.setdefault(prediction.example_id, prediction)
    return found


def _keep_aside(path: Path, kept: Kept, *, ours: bool) -> None:
    """What will not go on in the new file, and is more than a torn line, is there under another name."""
    for file in (path, path.with_suffix(PACKED)):
        if file.exists() and kept.header is not None and not ours:
            file.replace(_aside(file))
        elif file.exists() and kept.damaged:
            shutil.copy2(file, _aside(file))


def _renewed(path: Path, lines: Iterable[bytes]) -> FileIO:
    """A file of these lines, on the disk under the name `path`, open for more; nothing is packed beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_unfinished(path)
    with ExitStack() as unless_it_succeeds:
        with _replacement(path) as partial:
            out = unless_it_succeeds.enter_context(partial.open("r+b", buffering=0))
            _append(out, b"\n".join(lines))
            os.fsync(out.fileno())
        unless_it_succeeds.pop_all()
    path.with_suffix(PACKED).unlink(missing_ok=True)
    return out


def _remove_unfinished(path: Path) -> None:
    """Replacements of the file that were never finished are gone."""
    for unfinished in path.parent.glob(f"{path.stem}.*.partial"):
        unfinished.unlink(missing_ok=True)


@contextmanager
def _replacement(path: Path) -> Iterator[Path]:
    """A private empty file that takes the name `path` when the block ends, and is gone when it raises."""
    descriptor, name = tempfile.mkstemp(prefix=f"{path.stem}.", suffix=".partial", dir=path.parent)
    os.close(descriptor)
    partial = Path(name)
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync(path.parent)


def _append(out: FileIO, text: bytes) -> None:
    """The text and a newline stand at the file's end, or nothing of them."""
    begin = out.tell()
    left = memoryview(text + b"\n")
    try:
        while left:
            left = left[out.write(left) :]
    except OSError:
        out.seek(begin)
        out.truncate()
        raise


def _aside(path: Path) -> Path:
    return path.with_suffix(f".{path.stat().st_mtime_ns}.stale")
