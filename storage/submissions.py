"""SQLite: submissions, their leases with fencing tokens, the events that befell them, and the worker's pulse."""

import math
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiosql
from pydantic import TypeAdapter

from backend.domain import Domain, Edition, Model, Progress, Stage
from backend.errors import FailureCode, Replaced
from backend.submission import STEPS, Pulse, Status, Submission

SQL = Path(__file__).parent / "sql"
MIGRATIONS = ("001_queue.sql",)
BUSY_SECONDS = 60
RECENT_SECONDS = 7 * 24 * 3600
_PROGRESS = TypeAdapter(Progress)
_QUERIES: Any = aiosql.from_path(SQL / "submissions.sql", "sqlite3", mandatory_parameters=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A submission that is ours to work on for as long as the token is accepted."""

    submission: Submission
    token: str
    crashed_stage: Stage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step of a submission: when, by whom, to which status, why."""

    at: datetime
    actor: str
    status: Status
    reason: str | None


class Submissions:
    """The queue's store. Safe to use from several threads and processes at once."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._migrate()

    def add(self, submission: Submission, *, most_open: int) -> Submission:
        """Stores a new submission unless there is one of the same identity, which is returned instead.

        OverflowError when the person already has `most_open` of them waiting or running; nothing is stored then.
        """
        with self._writing() as db:
            same = self._same(db, submission.model, submission.edition, submission.engine)
            if same is not None:
                return same
            if _QUERIES.count_open(db, submitter=submission.submitter)["count"] >= most_open:
                raise OverflowError(f"{most_open} submissions are open")
            _QUERIES.insert_submission(
                db,
                id=submission.id,
                **_model_columns(submission.model),
                domain=submission.model.domain,
                edition=submission.edition,
                engine=submission.engine,
                url=submission.url,
                submitter=submission.submitter,
                status=submission.status,
                now=self._clock(),
            )
            self._event(db, submission.id, submission.submitter, submission.status, None)
            return self._found(db, submission.id)

    def find(self, submission_id: str) -> Submission | None:
        """The submission with this id."""
        with self._reading() as db:
            row = _QUERIES.find_submission(db, id=submission_id)
        return _submission(row) if row else None

    def newest(self) -> list[Submission]:
        """Every submission there ever was, newest first."""
        with self._reading() as db:
            return [_submission(row) for row in _QUERIES.newest_submissions(db)]

    def waiting(self) -> list[str]:
        """Ids of queued submissions in the order in which they will be taken."""
        with self._reading() as db:
            return [row["id"] for row in self._waiting(db)]

    def events(self, submission_id: str) -> list[Event]:
        """All that befell a submission, oldest first."""
        with self._reading() as db:
            rows = _QUERIES.events_of(db, id=submission_id)
            return [
                Event(at=_moment(row["at"]), actor=row["actor"], status=Status(row["status"]), reason=row["reason"])
                for row in rows
            ]

    def claim(self, worker: str, lease_seconds: float) -> Claim | None:
        """The next submission, running under a fresh token; None when nothing is due."""
        token = secrets.token_hex(16)
        with self._writing() as db:
            now = self._clock()
            due = next((row["id"] for row in self._waiting(db) if row["not_before"] <= now), None)
            if due is None:
                return None
            row = _QUERIES.claim(db, id=due, token=token, now=now, lease_until=now + lease_seconds)
            self._event(db, due, worker, Status.RUNNING, None)
        crashed = row["crashed_stage"]
        return Claim(submission=_submission(row), token=token, crashed_stage=Stage(crashed) if crashed else None)

    def beat(self, claim: Claim, lease_seconds: float, progress: Progress | None) -> None:
        """Renews the lease and shows how far the work is; Replaced when the token is no longer accepted."""
        with self._writing() as db:
            now = self._clock()
            changed = _QUERIES.beat(
                db,
                id=claim.submission.id,
                token=claim.token,
                now=now,
                lease_until=now + lease_seconds,
                progress=_PROGRESS.dump_json(progress).decode() if progress else None,
            )
        _require(changed)

    def step(
        self,
        claim: Claim,
        status: Status,
        *,
        actor: str,
        note: str | None = None,
        code: FailureCode | None = None,
        stage: Stage | None = None,
        crashed: bool = False,
        delay: float = 0,
        refund: bool = False,
    ) -> None:
        """Takes a claimed submission one step on; Replaced when the token is no longer accepted.

        `crashed` remembers that the model brought its process down at `stage`; `delay` is the seconds until it may be
        claimed again; `refund` gives the attempt back because nothing was wrong with the submission.
        """
        with self._writing() as db:
            now = self._clock()
            changed = _QUERIES.step_claimed(
                db,
                id=claim.submission.id,
                token=claim.token,
                status=status,
                now=now,
                note=note,
                failure_code=code,
                failure_stage=stage,
                crashed_stage=stage if crashed else None,
                not_before=now + delay if delay else 0,
                refund=int(refund),
            )
            _require(changed)
            self._event(db, claim.submission.id, actor, status, note)

    def step_unclaimed(
        self,
        submission: Submission,
        status: Status,
        *,
        actor: str,
        note: str | None = None,
        code: FailureCode | None = None,
        fresh: bool = False,
    ) -> bool:
        """Takes a submission one step on from the status it was read with; whoever held it is fenced off.

        False when it had moved on meanwhile. `fresh` gives it all its attempts again.
        """
        with self._writing() as db:
            changed = _QUERIES.step_unclaimed(
                db,
                id=submission.id,
                from_status=submission.status,
                status=status,
                now=self._clock(),
                note=note,
                failure_code=code,
                fresh=fresh,
            )
            if changed:
                self._event(db, submission.id, actor, status, note)
            return bool(changed)

    def pin(self, submission: Submission, model: Model) -> bool:
        """Writes what the Hub said of a received submission; False, and nothing, when that makes it a duplicate."""
        with self._writing() as db:
            same = self._same(db, model, submission.edition, submission.engine)
            if same is not None and same.id != submission.id:
                return False
            _QUERIES.pin(db, id=submission.id, now=self._clock(), **_model_columns(model))
            return True

    def same(self, model: Model, edition: Edition, engine: str) -> Submission | None:
        """An open or finished submission of the same commit, edition and engine."""
        with self._reading() as db:
            return self._same(db, model, edition, engine)

    def claimed(self, *, expired_only: bool) -> list[Submission]:
        """Submissions that a worker holds, or held until its lease ran out."""
        before = self._clock() if expired_only else math.inf
        with self._reading() as db:
            return [_submission(row) for row in _QUERIES.claimed(db, before=before)]

    def seen(self) -> None:
        """Notes that a worker is alive now."""
        with self._writing() as db:
            _QUERIES.set_seen(db, now=self._clock())

    def pause(self, reason: str | None) -> None:
        """Says why the queue stands still, or with None that it goes on."""
        with self._writing() as db:
            _QUERIES.set_paused(db, reason=reason)

    def pulse(self) -> Pulse:
        """When a worker was last seen, and why the queue stands still if it does."""
        with self._reading() as db:
            row = _QUERIES.get_pulse(db)
        return Pulse(seen_at=_moment(row["seen_at"]) if row["seen_at"] else None, paused=row["paused"])

    def _waiting(self, db: sqlite3.Connection) -> Sequence[sqlite3.Row]:
        return list(_QUERIES.waiting(db, recently=self._clock() - RECENT_SECONDS))

    def _same(self, db: sqlite3.Connection, model: Model, edition: Edition, engine: str) -> Submission | None:
        row = _QUERIES.same_identity(db, model_id=model.hub_id, revision=model.revision, edition=edition, engine=engine)
        return _submission(row) if row else None

    def _found(self, db: sqlite3.Connection, submission_id: str) -> Submission:
        return _submission(_QUERIES.find_submission(db, id=submission_id))

    def _event(
        self, db: sqlite3.Connection, submission_id: str, actor: str, status: Status, reason: str | None
    ) -> None:
        _QUERIES.insert_event(db, id=submission_id, now=self._clock(), actor=actor, status=status, reason=reason)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            yield db
        finally:
            db.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def _migrate(self) -> None:
        with self._reading() as db:
            db.execute("PRAGMA journal_mode = WAL")
        with self._writing() as db:
            done = db.execute("PRAGMA user_version").fetchone()[0]
            for name in MIGRATIONS[done:]:
                for statement in _statements((SQL / name).read_text(encoding="utf-8")):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
            for status, following in STEPS.items():
                for step in following:
                    _QUERIES.insert_step(db, status=status, next=step)


def _statements(script: str) -> Iterator[str]:
    """The script's statements one by one, because executescript would commit the surrounding transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _require(changed: int) -> None:
    if not changed:
        raise Replaced("The submission was cancelled or given to another worker.")


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _model_columns(model: Model) -> dict[str, Any]:
    return {
        "model_id": model.hub_id,
        "revision": model.revision,
        "params": model.params,
        "licence": model.licence,
        "architecture": model.architecture,
        "base_model": model.base_model,
    }


def _submission(row: sqlite3.Row) -> Submission:
    return Submission(
        id=row["id"],
        model=Model(
            hub_id=row["model_id"],
            revision=row["revision"],
            params=row["params"],
            licence=row["licence"],
            architecture=row["architecture"],
            base_model=row["base_model"],
            domain=Domain(row["domain"]) if row["domain"] else None,
        ),
        edition=Edition(row["edition"]),
        engine=row["engine"],
        url=row["url"],
        submitter=row["submitter"],
        status=Status(row["status"]),
        attempt=row["attempt"],
        created_at=_moment(row["created_at"]),
        updated_at=_moment(row["updated_at"]),
        failure_code=FailureCode(row["failure_code"]) if row["failure_code"] else None,
        failure_stage=Stage(row["failure_stage"]) if row["failure_stage"] else None,
        note=row["note"],
        progress=_PROGRESS.validate_json(row["progress"]) if row["progress"] else None,
    )
