"""Published results: one JSON line each, chained by SHA-256, append-only."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any

from filelock import FileLock

from backend.domain import Result
from backend.errors import LedgerBroken, UsageError
from backend.signing import Signer
from storage.chain import ChainLine, follow_chain, outline
from storage.entries import GENESIS, Entry, EntryKind, Head, canonical, identity_of, parse_entry, result_content, sealed
from storage.ledger_head import HeadFile, HeadStatement
from storage.ledger_index import LedgerIndex

__all__ = ["GENESIS", "Entry", "EntryKind", "Head", "Ledger", "canonical", "identity_of"]

Stamp = tuple[tuple[int, ...] | None, ...]


class Ledger:
    """The file of published results. Several threads and processes may read it while one appends.

    Whoever holds the queue may append; nobody who appends waits for the queue. Beside it lies `ledger.head.json`,
    which is written after each line and signed when there is a signer. All of the file is verified again before an
    append, unless nobody but this object has changed it since the last time.
    """

    def __init__(
        self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC), *, signer: Signer | None = None
    ) -> None:
        self._path = path
        self._clock = clock
        self._head_file = HeadFile(path.with_suffix(".head.json"), signer)
        self._index = LedgerIndex()
        self._known: Stamp | None = None
        self._lock = RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)

    def verify(self, trusted: str | None = None) -> Head:
        """The head, after every line was read and the chain, the head file and its signature were checked.

        LedgerBroken names the first bad line. `trusted` is the public key that must have signed, our own if not given.
        """
        return self._read_all(trusted)[0].head

    def summary(self, trusted: str | None = None) -> tuple[LedgerIndex, Head | None]:
        """As `verify`: which lines stand no more, and the head that is signed (None: nobody signed any)."""
        index, stated, _ = self._read_all(trusted)
        return index, stated.head if stated and stated.signature else None

    def holds(self, head: Head) -> bool:
        """Whether the ledger once went exactly this far; LedgerBroken when it does not verify."""
        return self._read_all(look_for=head)[2]

    def stamp(self) -> Stamp:
        """Differs after any change of the ledger or its head, whoever made it. Nothing is read."""
        return (_stamp_of(self._path), _stamp_of(self._head_file.path))

    def read(self, after: Head | None = None) -> Iterator[tuple[Entry, Head]]:
        """Entries after a head, each checked, with the head that it makes. An unfinished last line is not there yet."""
        for line, head in follow_chain(self._path, after):
            yield parse_entry(line, head.number), head

    def append(
        self, submission_id: str, result: Result, *, supersedes: int | None = None, reason: str | None = None
    ) -> Entry:
        """The entry that publishes this result, on the disk; an earlier one if that stands for its identity already.

        So does one that stands for the submission, unless that is superseded: to be told twice is no second result.
        `supersedes` is the number of the line whose place it takes, `reason` why; UsageError when that line does not
        stand (any more).
        """
        with self._alone() as index:
            identity = identity_of(result)
            standing = index.of_identity(identity) or index.of_submission(submission_id)
            if standing is not None and standing.number != supersedes:
                return self._at(standing)
            if supersedes is not None and supersedes not in index:
                raise UsageError(f"Line {supersedes} of the ledger does not stand, so nothing can take its place.")
            body = {"identity": identity, "submission_id": submission_id, "result": result_content(result)}
            extra = {} if supersedes is None else {"supersedes": supersedes, "reason": reason}
            return self._append({**body, **extra, "kind": EntryKind.RESULT})

    def withdraw(self, submission_id: str, *, actor: str, reason: str) -> Entry:
        """The entry that takes back what stands of this submission; UsageError when nothing stands."""
        with self._alone() as index:
            standing = index.of_submission(submission_id)
            if standing is None:
                raise UsageError(f"Nothing of submission {submission_id} stands in the ledger.")
            return self._append(
                {
                    "kind": EntryKind.WITHDRAWAL,
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

    def sign(self) -> Head:
        """The head, written anew into its file by this ledger's signer; for a key that is new to a ledger.

        LedgerBroken when the chain or the head that was stated before does not verify, whoever signed that one.
        """
        with self._locked():
            head = self._read_all(signatures=False)[0].head
            self._head_file.write(head, self._clock())
        return head

    @contextmanager
    def _alone(self) -> Iterator[LedgerIndex]:
        """Nobody else appends meanwhile; what is there has been verified, and its head is stated."""
        with self._locked():
            index = self._caught_up()
            stated = self._head_file.read()
            if stated is None or stated.head != index.head:  # none yet, or its writer was killed after the line
                self._head_file.write(index.head, self._clock())
                self._known = self.stamp()
            yield index

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock, FileLock(self._path.with_suffix(".lock")):
            yield

    def _caught_up(self) -> LedgerIndex:
        stamp = self.stamp()
        if stamp != self._known:
            self._index = self._read_all()[0]
            self._known = stamp
        return self._index

    def _read_all(
        self, trusted: str | None = None, *, look_for: Head | None = None, signatures: bool = True
    ) -> tuple[LedgerIndex, HeadStatement | None, bool]:
        """What stands, what the head file states, and whether the head that was looked for is one of the ledger's."""
        while True:
            stamp = self.stamp()
            try:
                stated = self._stated()  # before the lines: more of them may come meanwhile, never fewer
                index, met = self._walk({look_for, stated.head if stated else None})
                self._require_stated(index, stated, met)
                if signatures:
                    self._head_file.require_signature(stated, index.head.number, trusted)
            except LedgerBroken:
                if stamp == self.stamp():
                    raise
            else:
                return index, stated, look_for in met

    def _stated(self) -> HeadStatement | None:
        try:
            return self._head_file.read()
        except ValueError:
            raise LedgerBroken(self._index.head.number, f"{self._head_file.path.name} cannot be read") from None

    def _walk(self, wanted: set[Head | None]) -> tuple[LedgerIndex, set[Head | None]]:
        index = LedgerIndex()
        met: set[Head | None] = wanted & {Head()}
        for line, head in follow_chain(self._path):
            index.take(outline(line, index.head), head)
            if head in wanted:
                met.add(head)
        return index, met

    def _require_stated(self, index: LedgerIndex, stated: HeadStatement | None, met: set[Head | None]) -> None:
        if stated is None or stated.head in met:
            return
        lines, name = index.head.number, self._head_file.path.name
        if stated.number > lines:
            raise LedgerBroken(lines + 1, f"it is gone; {name} says that there were {stated.number} lines")
        raise LedgerBroken(
            stated.number, f"it is not the line that {name} states; it or lines before it were written anew"
        )

    def _at(self, standing: ChainLine) -> Entry:
        with self._path.open("rb") as file:
            file.seek(standing.before.offset)
            return parse_entry(file.readline(), standing.number)

    def _append(self, content: Mapping[str, Any]) -> Entry:
        before, at = self._index.head, self._clock()
        line = sealed(content, at, before)
        entry = parse_entry(line, before.number + 1)
        self._write(line, before)
        head = Head(entry.number, entry.hash, before.offset + len(line))
        self._index.take(outline(line, before), head)
        self._head_file.write(head, at)
        self._known = self.stamp()
        return entry

    def _write(self, line: bytes, before: Head) -> None:
        with self._path.open("r+b") as file:
            file.truncate(before.offset)  # an unfinished line of a writer that died was never acknowledged
            file.seek(before.offset)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def _stamp_of(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
