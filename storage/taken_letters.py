"""SQLite beside the queue: what became of each request from the mailbox that is no submission of its own."""

import time
from pathlib import Path
from typing import Any

import aiosql

from storage.database import Database
from storage.letters import Answer

SQL = Path(__file__).parent / "sql"
MIGRATIONS = (SQL / "letters_schema.sql", SQL / "letters_without_names.sql")
_QUERIES: Any = aiosql.from_path(SQL / "letters.sql", "sqlite3", mandatory_parameters=False)


class TakenLetters:
    """The worker's memory of requests, so that none is carried out twice; the mailbox itself is the other one."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, MIGRATIONS)

    def state(self, request_id: str) -> str | None:
        """`begun`, `answered`, or None for one that was never seen."""
        with self._database.reading() as db:
            row = _QUERIES.state(db, id=request_id)
        return row["state"] if row else None

    def begin(self, request_id: str) -> None:
        """It is known from now on that somebody began to carry it out."""
        with self._database.writing() as db:
            _QUERIES.begin(db, id=request_id, now=time.time())

    def finish(self, answer: Answer) -> None:
        """What became of it, for good: a second answer changes nothing."""
        with self._database.writing() as db:
            _QUERIES.finish(db, id=answer.request.id, answer=answer.model_dump_json(), now=time.time())

    def version(self) -> object:
        """Another value whenever there may be another answer."""
        return self._database.version()

    def answers(self) -> list[Answer]:
        """Every answer so far, oldest first."""
        with self._database.reading() as db:
            return [Answer.model_validate_json(row["answer"]) for row in _QUERIES.answers(db)]
