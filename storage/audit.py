"""The audit trail in the queue's file: what people and operators did, each an append-only row, in the order of time."""

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiosql

from backend.submission import LOCAL_USER, OPERATOR
from storage.clocks import Clocks
from storage.database import Database
from storage.rows import moment

DAY_SECONDS = 24 * 3600
REFUSED = "refused"
PROPOSE = "propose line"
_QUERIES: Any = aiosql.from_path(Path(__file__).parent / "sql" / "people.sql", "sqlite3", mandatory_parameters=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One thing that somebody did: when, whose subject, what, on which submission or person, why."""

    at: datetime
    actor: str
    deed: str
    object: str | None
    reason: str | None


class Audit:
    """Who changed what. Steps of submissions are not written here a second time: they have events of their own."""

    def __init__(self, database: Database, clocks: Clocks) -> None:
        self._database = database
        self._clocks = clocks

    def since(self, seconds: float = 0) -> list[AuditRecord]:
        """Every deed since a moment of Unix time, oldest first: these rows and the events that somebody caused."""
        with self._database.reading() as db:
            rows = list(_QUERIES.deeds(db, since=seconds, operator=OPERATOR, local=LOCAL_USER))
        return [
            AuditRecord(
                at=moment(row["at"]),
                actor=row["actor"],
                deed=row["deed"],
                object=row["object"],
                reason=row["reason"],
            )
            for row in rows
        ]

    def refused(self, actor: str, why: str) -> None:
        """It is kept that somebody was refused for this reason; said again within a day it is not kept again.

        While the file cannot be written they are refused all the same, and nothing is kept of it.
        """
        deed = f"{REFUSED}: {why}"
        since = self._clocks.wall() - DAY_SECONDS
        with suppress(sqlite3.OperationalError):
            with self._database.reading() as db:
                if _QUERIES.done_since(db, actor=actor, deed=deed, since=since)["count"]:
                    return
            with self._database.writing() as db:
                if not _QUERIES.done_since(db, actor=actor, deed=deed, since=since)["count"]:
                    note_deed(db, self._clocks.wall(), actor, deed)

    def proposed(self, submission_id: str, line: int) -> str | None:
        """The address of the pull request that was opened with the result in this line of the ledger, if any was."""
        with self._database.reading() as db:
            row = _QUERIES.find_deed(db, deed=f"{PROPOSE} {line}", object=submission_id)
        return str(row["reason"]) if row else None

    def propose(self, actor: str, submission_id: str, line: int, address: str) -> None:
        """It is kept who had a result proposed to the model's repository, and where; `proposed` tells the first.

        While the file cannot be written nothing is kept, for the pull request itself can be found again.
        """
        with suppress(sqlite3.OperationalError), self._database.writing() as db:
            note_deed(db, self._clocks.wall(), actor, f"{PROPOSE} {line}", submission_id, address)


def note_deed(
    db: sqlite3.Connection, now: float, actor: str, deed: str, object_: str | None = None, reason: str | None = None
) -> None:
    """A row of the trail, written in the transaction of what it tells of."""
    _QUERIES.insert_deed(db, now=now, actor=actor, deed=deed, object=object_, reason=reason)
