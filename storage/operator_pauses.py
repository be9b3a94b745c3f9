"""The pause that an operator begins and ends; what the worker itself pauses for is kept apart from it."""

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import aiosql

from backend.submission import OperatorPause
from storage.audit import note_deed
from storage.clocks import Clocks
from storage.database import Database
from storage.rows import moment

_QUERIES: Any = aiosql.from_path(Path(__file__).parent / "sql" / "people.sql", "sqlite3", mandatory_parameters=False)


class OperatorPauses:
    """Begins and ends the operator's pause in the queue's file."""

    def __init__(self, database: Database, clocks: Clocks) -> None:
        self._database = database
        self._clocks = clocks

    def begin(self, reason: str, until: datetime | None, actor: str) -> None:
        """Nothing is claimed until then, or until `end`; said again, the later word stands."""
        now = self._clocks.wall()
        with self._database.writing() as db:
            _QUERIES.begin_pause(db, reason=reason, now=now, until=until.timestamp() if until else None)
            note_deed(db, now, actor, "pause", until.isoformat() if until else None, reason)

    def end(self, actor: str) -> bool:
        """The queue goes on; False when no pause of the operator was there."""
        with self._database.writing() as db:
            changed = bool(_QUERIES.end_pause(db))
            if changed:
                note_deed(db, self._clocks.wall(), actor, "resume")
            return changed


def operator_pause_of(pulse: sqlite3.Row, now: float) -> OperatorPause | None:
    """The operator's pause as the pulse's row has it, if it still stands."""
    reason, until = pulse["operator_paused"], pulse["operator_paused_until"]
    if reason is None or (until is not None and now >= until):
        return None
    since = moment(pulse["operator_paused_at"])
    return OperatorPause(reason=reason, since=since, until=moment(until) if until is not None else None)
