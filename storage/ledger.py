"""Published results: one JSON line each, chained by SHA-256, append-only."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from pydantic import TypeAdapter

from backend.domain import Result
from backend.errors import LedgerBroken

GENESIS = "0" * 64
_RESULT = TypeAdapter(Result)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger; `hash` covers everything else in it, and `previous` is the hash of the line before."""

    number: int
    at: datetime
    identity: str
    submission_id: str
    result: Result
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """How far the ledger goes: lines, the last line's hash, bytes."""

    number: int = 0
    hash: str = GENESIS
    offset: int = 0


class Ledger:
    """The file of published results. Several processes may read it while one appends."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._clock = clock
        self._head = Head()
        self._entries: dict[str, Entry] = {}
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

    def append(self, submission_id: str, result: Result) -> Entry:
        """The entry that publishes this result, on the disk; an earlier one if its identity was published before."""
        with FileLock(self._path.with_suffix(".lock")):
            for entry, head in self.read(self._head):
                self._entries[entry.identity] = entry
                self._head = head
            identity = identity_of(result)
            if identity in self._entries:
                return self._entries[identity]
            body = {
                "number": self._head.number + 1,
                "at": self._clock().isoformat(),
                "identity": identity,
                "submission_id": submission_id,
                "result": _RESULT.dump_python(result, mode="json"),
                "previous": self._head.hash,
            }
            line = canonical({**body, "hash": _hash(body)}) + b"\n"
            self._write(line)
            return _parse(line, self._head)

    def _write(self, line: bytes) -> None:
        with self._path.open("r+b") as file:
            file.truncate(self._head.offset)  # an unfinished line of a writer that died was never acknowledged
            file.seek(self._head.offset)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


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
        return Entry(
            number=number,
            at=datetime.fromisoformat(record["at"]),
            identity=record["identity"],
            submission_id=record["submission_id"],
            result=_RESULT.validate_python(record["result"]),
            previous=record["previous"],
            hash=found,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerBroken(number, f"it cannot be read ({type(error).__name__})") from None
