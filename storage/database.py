"""A SQLite file that several processes write: short transactions, each durable when it has ended."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from backend.errors import QueueDamaged

BUSY_SECONDS = 60


class Database:
    """Connections to one file, opened for one transaction each, so that a copy put in its place is seen at once."""

    def __init__(self, path: Path, migrations: Sequence[Path], *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        try:
            self._migrate(migrations)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            raise QueueDamaged(
                f"{path} is damaged. Put a backup in its place: python app.py restore DIR.",
                public="The queue of this leaderboard is damaged; its operator must restore it.",
            ) from None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection whose statements each see the file as it is then."""
        db = sqlite3.connect(self.path, timeout=self._busy_seconds, isolation_level=None)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            yield db
        finally:
            db.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that nobody else writes beside; on the disk when the block ends, undone when it raises."""
        with self.reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def _migrate(self, migrations: Sequence[Path]) -> None:
        with self.reading() as db:
            db.execute("PRAGMA journal_mode = WAL")
        with self.writing() as db:
            done = db.execute("PRAGMA user_version").fetchone()[0]
            for script in migrations[done:]:
                for statement in _statements(script.read_text(encoding="utf-8")):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {len(migrations)}")


def _statements(script: str) -> Iterator[str]:
    """The script's statements one by one, because executescript would commit the surrounding transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
