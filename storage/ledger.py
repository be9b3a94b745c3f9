"""Published results: one JSON line each, chained by SHA-256, append-only."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any

from filelock import FileLock
from pydantic import TypeAdapter

from backend.domain import Result
from backend.errors import LedgerBroken, UsageError

GENESIS = "0" * 64
_RESULT = TypeAdapter(Result)


class Kind(StrEnum):
    """What a line of the ledger does."""

    RESULT = "result"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger; `hash` covers everything else in it, and `previous` is the hash of the line before.

    A result may take the place of an earlier line (`supersedes`), a withdrawal takes one back (`withdraws`); both say
    why in `reason`, and neither changes the earlier line. `actor` is who withdrew.
    """

    number: int
    at: datetime
    kind: Kind
    identity: str
    submission_id: str
    previous: str
    hash: str
    result: Result | None = None
    supersedes: int | None = None
    withdraws: int | None = None
    actor: str | None = None
    reason: str | None = None


_ENTRY = TypeAdapter(Entry)


@dataclass(frozen=True, slots=True)
class Head:
    """How far the ledger goes: lines, the last line's hash, bytes."""

    number: int = 0
    hash: str = GENESIS
    offset: int = 0


class Ledger:
    """The file of published results. Several threads and processes may read it while one appends.

    Whoever holds the queue may append; nobody who appends waits for the queue.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._clock = clock
        self._index = LedgerIndex()
        self._lock = Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)

    def verify(self) -> Head:
        """The head, after every line was read and its chain checked; LedgerBroken names the first bad line."""
        return max((head for _, head in self.read()), key=lambda head: head.number, default=Head())

    def read(self, after: Head | None = None) -> Iterator[tuple[Entry, Head]]:
        """Entries after a head, each checked, with the head that it makes. An unfinished last line is not there yet."""
        head = after or Head()
        if self._path.stat().st_size < head.offset:
            raise LedgerBroken(head.number, "the file is shorter than it was")
        with self._path.open("rb") as file:
            file.seek(head.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    _require_unfinished(line, head)
                    return
                entry = _parse(line, head)
                head = Head(entry.number, entry.hash, head.offset + len(line))
                yield entry, head

    def append(
        self, submission_id: str, result: Result, *, supersedes: int | None = None, reason: str | None = None
    ) -> Entry:
        """The entry that publishes this result, on the disk; an earlier one if its identity stands published already.

        `supersedes` is the number of the line whose place it takes, `reason` why; UsageError when that line does not
        stand (any more).
        """
        with self._alone():
            index = self._caught_up()
            identity = identity_of(result)
            standing = index.of_identity(identity)
            if standing is not None and standing.number != supersedes:
                return self._at(standing)
            if supersedes is not None and supersedes not in index:
                raise UsageError(f"Line {supersedes} of the ledger does not stand, so nothing can take its place.")
            body = {
                "identity": identity,
                "submission_id": submission_id,
                "result": _RESULT.dump_python(result, mode="json"),
            }
            extra = {} if supersedes is None else {"supersedes": supersedes, "reason": reason}
            return self._append({**body, **extra, "kind": Kind.RESULT})

    def withdraw(self, submission_id: str, *, actor: str, reason: str) -> Entry:
        """The entry that takes back what stands of this submission; UsageError when nothing stands."""
        with self._alone():
            standing = self._caught_up().of_submission(submission_id)
            if standing is None:
                raise UsageError(f"Nothing of submission {submission_id} stands in the ledger.")
            return self._append(
                {
                    "kind": Kind.WITHDRAWAL,
                    "identity": standing.identity,
                    "submission_id": submission_id,
                    "withdraws": standing.number,
                    "actor": actor,
                    "reason": reason,
                }
            )

    def standing(self, submission_id: str) -> int | None:
        """The number of the line that stands published for this submission."""
        with self._lock:
            line = self._caught_up().of_submission(submission_id)
        return line.number if line else None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock, FileLock(self._path.with_suffix(".lock")):
            yield

    def _caught_up(self) -> "LedgerIndex":
        for entry, head in self.read(self._index.head):
            self._index.take(entry, head)
        return self._index

    def _at(self, line: "Line") -> Entry:
        with self._path.open("rb") as file:
            file.seek(line.before.offset)
            return _parse(file.readline(), line.before)

    def _append(self, content: Mapping[str, Any]) -> Entry:
        before = self._index.head
        body = {**content, "number": before.number + 1, "at": self._clock().isoformat(), "previous": before.hash}
        line = canonical({**body, "hash": _hash(body)}) + b"\n"
        self._write(line, before)
        return _parse(line, before)

    def _write(self, line: bytes, before: Head) -> None:
        with self._path.open("r+b") as file:
            file.truncate(before.offset)  # an unfinished line of a writer that died was never acknowledged
            file.seek(before.offset)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class Line:
    """Where an entry lies, and whose it is."""

    number: int
    identity: str
    submission_id: str
    before: Head


class LedgerIndex:
    """Which lines stand: published, and neither superseded nor withdrawn by a later one."""

    def __init__(self) -> None:
        self.head = Head()
        self._standing: dict[int, Line] = {}
        self._by_identity: dict[str, Line] = {}
        self._by_submission: dict[str, Line] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._standing

    def of_identity(self, identity: str) -> Line | None:
        """The line that stands for an identity."""
        return self._by_identity.get(identity)

    def of_submission(self, submission_id: str) -> Line | None:
        """The line that stands for a submission."""
        return self._by_submission.get(submission_id)

    def take(self, entry: Entry, head: Head) -> None:
        """One more entry, and the head that it makes."""
        retired = self._standing.pop(entry.supersedes or entry.withdraws or 0, None)
        if retired is not None:
            self._by_identity.pop(retired.identity, None)
            self._by_submission.pop(retired.submission_id, None)
        if entry.kind is Kind.RESULT:
            line = Line(entry.number, entry.identity, entry.submission_id, self.head)
            self._standing[line.number] = self._by_identity[line.identity] = line
            self._by_submission[line.submission_id] = line
        self.head = head


def identity_of(result: Result) -> str:
    """What is published at most once: model, commit, edition, protocol, how it was asked, and the tasks measured."""
    measured = [f"{run.task}.{run.version}" for run in result.runs if run.missing is None]
    asked = [result.engine, result.manifest.get("dtype"), result.manifest.get("template_sha256")]
    parts = [result.model.hub_id.lower(), result.model.revision, result.edition, result.protocol, *asked, *measured]
    return "|".join(str(part) for part in parts)


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no blanks and no NaN: the same value always gives the same bytes."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _hash(body: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(body)).hexdigest()


def _require_unfinished(line: bytes, before: Head) -> None:
    """LedgerBroken when only the end of the line is damaged: its writer had finished it, so it was published."""
    try:
        _parse(line[:-1] + b"\n", before)
    except LedgerBroken:
        return
    raise LedgerBroken(before.number + 1, "its last byte is not a newline")


def _parse(line: bytes, before: Head) -> Entry:
    number = before.number + 1
    try:
        record = json.loads(line)
        found = record.pop("hash")
        if line != canonical({**record, "hash": found}) + b"\n":
            raise LedgerBroken(number, "it is not in canonical form")
        if found != _hash(record):
            raise LedgerBroken(number, "its content does not match its hash")
        if record["previous"] != before.hash or record["number"] != number:
            raise LedgerBroken(number, "it does not follow the line before it")
        return _ENTRY.validate_python({"kind": Kind.RESULT, **record, "hash": found})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerBroken(number, f"it cannot be read ({type(error).__name__})") from None
