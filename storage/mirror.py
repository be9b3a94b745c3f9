"""The queue as a page without a worker has it: a copy of what the mailbox told, made anew whenever it is lost."""

import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

import aiosql

from backend.submission import Event, Pulse, Spent, Submission
from storage.rows import progress_text, submission_columns
from storage.submissions import SQL, Submissions

MIRROR = "mirror.sqlite"
_QUERIES: Any = aiosql.from_path(SQL / "mirror.sql", "sqlite3", mandatory_parameters=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What the worker says besides its submissions."""

    pulse: Pulse = field(default_factory=lambda: Pulse(seen_at=None))
    waiting: Sequence[str] = ()
    spent: Sequence[Spent] = ()


def nothing_told() -> Elsewhere:
    """What is known before anything was heard."""
    return Elsewhere()


class Mirror(Submissions):
    """Submissions that are somebody else's to change. Nothing of it is worth keeping: its table guards nothing.

    `elsewhere()` is what the worker says of the queue; `post(submission)` hands a new one over and raises when that
    could not be confirmed.
    """

    def __init__(
        self,
        path: Path,
        post: Callable[[Submission], None],
        elsewhere: Callable[[], Elsewhere] = nothing_told,
    ) -> None:
        super().__init__(path)
        self._post = post
        self._adding = Lock()
        self.elsewhere = elsewhere
        with self._database.writing() as db:
            for guard in [row["name"] for row in _QUERIES.guards(db)]:
                db.execute(f'DROP TRIGGER "{guard}"')
            db.execute("DROP INDEX IF EXISTS one_open_submission")

    def add(self, submission: Submission, **rules: Any) -> Submission:
        """As for any queue, and the request is safe in the mailbox; when that fails, nothing is stored."""
        with self._adding:
            stored = super().add(submission, **rules)
            if stored.id == submission.id:
                try:
                    self._post(stored)
                except BaseException:
                    self.forget([stored.id])
                    raise
            return stored

    def waiting(self) -> list[str]:
        """The worker's order, and behind it what it has not taken in yet."""
        ordered = super().waiting()
        mine, told = set(ordered), self.elsewhere().waiting
        known = set(told)
        return [one for one in told if one in mine] + [one for one in ordered if one not in known]

    def pulse(self) -> Pulse:
        """The worker's."""
        return self.elsewhere().pulse

    def spent(self, most: int = 2_000) -> list[Spent]:
        """What the worker told."""
        return list(self.elsewhere().spent[:most])

    def put(self, told: Sequence[tuple[Submission, Sequence[Event]]]) -> int:
        """These submissions stand here as they were told, with their events and no others; how many no table takes."""
        refused = 0
        with self._database.writing() as db:
            for submission, events in told:
                db.execute("SAVEPOINT one")
                try:
                    _put(db, submission, events)
                except (sqlite3.IntegrityError, OverflowError):
                    db.execute("ROLLBACK TO one")
                    refused += 1
                db.execute("RELEASE one")
        return refused

    def keep_only(self, ids: Collection[str]) -> None:
        """Whatever else there was is gone."""
        with self._adding, self._database.reading() as db:
            others = [row["id"] for row in _QUERIES.all_ids(db) if row["id"] not in ids]
        self.forget(others)

    def forget(self, ids: Collection[str]) -> None:
        """These are as if they had never been."""
        if not ids:
            return
        with self._database.writing() as db:
            for each in ids:
                _QUERIES.forget_events(db, id=each)
                _QUERIES.forget_admissions(db, id=each)
                _QUERIES.part_from(db, id=each)
                _QUERIES.forget_submission(db, id=each)


def _put(db: sqlite3.Connection, submission: Submission, events: Sequence[Event]) -> None:
    _QUERIES.put_submission(db, **_columns(submission))
    _QUERIES.forget_events(db, id=submission.id)
    for event in events:
        told = {"at": event.at.timestamp(), "actor": event.actor, "status": event.status, "reason": event.reason}
        _QUERIES.put_event(db, id=submission.id, attempt=event.attempt, **told)


def _columns(submission: Submission) -> dict[str, Any]:
    held = submission.status in {"running", "scoring"}
    return {
        **submission_columns(submission),
        "attempt": submission.attempt,
        "failure_code": submission.failure_code,
        "failure_stage": submission.failure_stage,
        "failure_log": submission.failure_log,
        "lost_at": submission.lost_at,
        "progress": progress_text(submission.progress),
        "token": "elsewhere" if held else None,
        "started_at": _seconds(submission.started_at),
        "created_at": _seconds(submission.created_at),
        "updated_at": _seconds(submission.updated_at),
    }


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
