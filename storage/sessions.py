"""SQLite: who is signed in, on the server's side, so that signing out and expiry act at once and outlive a restart."""

import hashlib
import logging
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import aiosql

from backend.errors import OperatorFault, QueueDamaged
from backend.submission import Person
from storage.clocks import Clocks
from storage.database import Database
from storage.rows import moment

SQL = Path(__file__).parent / "sql"
ID_BYTES = 32
MOST = 10_000
MOST_OF_ONE = 20
SEEN_SECONDS = 600.0
BUSY_SECONDS = 5.0
UNWRITTEN = "Nobody can sign in just now, because this installation cannot write. Its operator must look at it."
_QUERIES: Any = aiosql.from_path(SQL / "sessions.sql", "sqlite3", mandatory_parameters=False)
_LOG = logging.getLogger(__name__)
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody signed in, from when until when. `seen_at` is right to ten minutes."""

    person: Person
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class Sessions:
    """The sessions of one page, each for so many seconds. Safe to use from several threads and processes at once.

    A file that is damaged is replaced by an empty one: all it costs is that everybody signs in again. Times are of the
    wall clock, since a session outlives the machine's being off; a clock that is set back makes it longer by as much.
    """

    def __init__(
        self,
        path: Path,
        seconds: float,
        clocks: Clocks | None = None,
        *,
        most: int = MOST,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self._path = path
        self._seconds = seconds
        self._clocks = clocks or Clocks()
        self._most = most
        self._busy_seconds = busy_seconds
        self._database = self._mended(self._open)

    def begin(self, person: Person) -> str:
        """The id of a new session, 256 random bits as text, which is kept nowhere here.

        Expired sessions are gone afterwards, the oldest of this person beyond twenty, and those longest unseen beyond
        the most that are kept. OperatorFault when the disk does not take it.
        """
        session_id = secrets.token_urlsafe(ID_BYTES)
        try:
            self._mended(lambda: self._begin(session_id, person))
        except sqlite3.OperationalError as error:
            raise OperatorFault(f"{self._path} cannot be written: {error}. Make room on its disk.", UNWRITTEN) from None
        return session_id

    def find(self, session_id: str) -> Session | None:
        """The session, unless it has ended or never began."""
        digest, now = _digest(session_id), self._clocks.wall()
        row = self._mended(lambda: self._row(digest, now))
        if row is None:
            return None
        if now - row["seen_at"] > SEEN_SECONDS:
            self._see(digest, now)
        return Session(
            person=Person(row["subject"], row["name"]),
            created_at=moment(row["created_at"]),
            seen_at=moment(row["seen_at"]),
            expires_at=moment(row["expires_at"]),
        )

    def end(self, session_id: str) -> None:
        """There is no such session afterwards."""
        self._mended(lambda: self._do(_QUERIES.end_session, digest=_digest(session_id)))

    def end_all(self, subject: str) -> int:
        """This person is signed in nowhere afterwards; how many sessions that ended."""
        return self._mended(lambda: self._do(_QUERIES.end_sessions_of, subject=subject))

    def _begin(self, session_id: str, person: Person) -> None:
        now = self._clocks.wall()
        about = {"digest": _digest(session_id), "subject": person.subject, "name": person.name}
        with self._database.writing() as db:
            _QUERIES.remove_expired(db, now=now)
            _QUERIES.insert_session(db, **about, now=now, expires_at=now + self._seconds)
            _QUERIES.remove_oldest_of(db, subject=person.subject, most=MOST_OF_ONE)
            _QUERIES.remove_longest_unseen(db, most=self._most)

    def _row(self, digest: str, now: float) -> sqlite3.Row | None:
        with self._database.reading() as db:
            found: sqlite3.Row | None = _QUERIES.find_session(db, digest=digest, now=now)
            return found

    def _see(self, digest: str, now: float) -> None:
        # Who is signed in does not hang on it, so a full disk does not sign them out.
        with suppress(sqlite3.OperationalError):
            self._mended(lambda: self._do(_QUERIES.see_session, digest=digest, now=now))

    def _do(self, statement: Callable[..., int], **named: object) -> int:
        with self._database.writing() as db:
            return statement(db, **named)

    def _open(self) -> Database:
        return Database(self._path, (SQL / "sessions_schema.sql",), busy_seconds=self._busy_seconds)

    def _mended(self, work: Callable[[], _Found]) -> _Found:
        """What `work` finds; when the file is damaged, what it finds in a new one."""
        try:
            return work()
        except QueueDamaged:
            _LOG.error("the sessions are damaged and begin anew: everybody has to sign in again")
            for name in (self._path.name, f"{self._path.name}-wal", f"{self._path.name}-shm"):
                self._path.with_name(name).unlink(missing_ok=True)
            self._database = self._open()
            return work()


def _digest(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()
