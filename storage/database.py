"""A SQLite file that several processes write: short transactions, each durable when it has ended."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from backend.errors import OperatorFault, QueueDamaged

BUSY_SECONDS = 60
DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Database:
    """Connections to one file, opened for one transaction each, so that a copy put in its place is seen at once."""

    def __init__(self, path: Path, migrations: Sequence[Path], *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._watch = _Watch(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._migrate(migrations)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection whose statements each see the file as it is then; QueueDamaged when they cannot read it."""
        db = sqlite3.connect(self.path, timeout=self._busy_seconds, isolation_level=None)
        with closing(db), self._readable():
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            yield db

    def version(self) -> object:
        """Another value whenever somebody has written the file since, or put another in its place; cheap to ask."""
        with self._readable():
            return self._watch.version()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in DAMAGE:
                raise
            raise QueueDamaged(
                f"{self.path} is damaged. Put a backup in its place: python app.py restore DIR.",
                public="The queue of this leaderboard is damaged; its operator must restore it.",
            ) from None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that nobody else writes beside; on the disk when the block ends, undone when it raises."""
        with self.reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                if db.in_transaction:  # a full disk has ended it already
                    db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def scrub(self) -> None:
        """Nothing that was overwritten or deleted stands in the file or beside it any more.

        sqlite3.OperationalError when others hold the file too long, or the disk has no room for a second one.
        """
        with self.reading() as db:
            db.execute("VACUUM")
            if db.execute("PRAGMA wal_checkpoint (TRUNCATE)").fetchone()["busy"]:
                raise sqlite3.OperationalError("somebody else is reading it")

    def _migrate(self, migrations: Sequence[Path]) -> None:
        with self.reading() as db:
            db.execute("PRAGMA journal_mode = WAL")
            if _version(db) == len(migrations):
                return  # without waiting for whoever writes
        with self.writing() as db:
            done = _version(db)
            if done > len(migrations):
                raise OperatorFault(
                    f"{self.path} was written by a newer version of this program. Start that one.",
                    public="This leaderboard's operator must start a newer version of the program.",
                )
            for script in migrations[done:]:
                for statement in _statements(script.read_text(encoding="utf-8")):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {len(migrations)}")
        if 0 < done < len(migrations):
            self.scrub()  # an upgrade may take away what is to be kept no longer


class _Watch:
    """A connection that stays open and changes nothing, for only such a one can tell that others have written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._opened = 0
        self._file: tuple[int, int] | None = None
        self._db: sqlite3.Connection | None = None

    def version(self) -> object:
        """Which file it is, how often it was opened here, and what SQLite counts of others' changes."""
        with self._lock:
            try:
                found = self._path.stat()
                if self._db is None or (found.st_dev, found.st_ino) != self._file:
                    self._close()
                    self._file, self._opened = (found.st_dev, found.st_ino), self._opened + 1
                    self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
                return self._opened, self._db.execute("PRAGMA data_version").fetchone()[0]
            except (OSError, sqlite3.Error):
                self._close()
                raise

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
        self._db = None


def _version(db: sqlite3.Connection) -> int:
    """How many of the migrations the file has seen."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> Iterator[str]:
    """The script's statements one by one, because executescript would commit the surrounding transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
