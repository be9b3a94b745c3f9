"""SQLite: submissions, their leases with fencing tokens, the events that befell them, and the worker's pulse."""

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosql

from backend.domain import Edition, Model, Progress, Stage
from backend.errors import FailureCode, Replaced
from backend.submission import STEPS, Event, Left, Pulse, Spent, Status, Submission
from storage.admissions import Weekly, admit, left_of
from storage.audit import Audit
from storage.clocks import Clocks
from storage.database import BUSY_SECONDS, Database
from storage.operator_pauses import OperatorPauses, operator_pause_of
from storage.people import People, blocked_in, note_submitter
from storage.rows import event_of, model_columns, moment, progress_text, spent_of, submission_columns, submission_of

SQL = Path(__file__).parent / "sql"
MIGRATIONS = (SQL / "001_queue.sql", SQL / "002_trust.sql", SQL / "003_people.sql")
RECENT_SECONDS = 24 * 3600
LONGEST_DELAY = 3600.0
_QUERIES: Any = aiosql.from_path(SQL / "submissions.sql", "sqlite3", mandatory_parameters=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A submission that is ours to work on for as long as the token is accepted."""

    submission: Submission
    token: str
    crashed_stage: Stage | None


class ShutOut(Exception):
    """The person is blocked."""


class Submissions:
    """The queue's store. Safe to use from several threads and processes at once. Each step writes its own event.

    `people`, `audit` and `operator_pauses` are kept in the same file.
    """

    def __init__(self, path: Path, clocks: Clocks | None = None, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self._clocks = clocks or Clocks()
        self._database = Database(path, MIGRATIONS, busy_seconds=busy_seconds)
        self.people = People(self._database, self._clocks)
        self.audit = Audit(self._database, self._clocks)
        self.operator_pauses = OperatorPauses(self._database, self._clocks)
        self._settle_steps()

    def add(
        self, submission: Submission, *, most_open: int | None, weekly: Weekly | None = None, actor: str | None = None
    ) -> Submission:
        """Stores a new submission unless there is one of the same identity, which is returned instead for free.

        Its first event is `actor`'s, or the submitter's own. One that supersedes a finished submission is no duplicate.
        OverflowError when the person already has `most_open` of them waiting or running, WeekFull when a `weekly` quota
        is used up, ShutOut when they are blocked and act themselves; nothing is stored then.
        """
        with self._database.writing() as db:
            same = self._same(db, submission.model, submission.edition, submission.engine)
            if same is not None and not (submission.supersedes and same.status is Status.FINISHED):
                return same
            person, now = submission.submitter, self._clocks.wall()
            if actor in (None, person) and blocked_in(db, person):
                raise ShutOut("blocked")
            if most_open is not None and _QUERIES.count_open(db, submitter=person)["count"] >= most_open:
                raise OverflowError(f"{most_open} submissions are open")
            note_submitter(db, person, now)
            _QUERIES.insert_submission(db, **submission_columns(submission), actor=actor or person, now=now)
            if weekly:
                admit(db, submission.id, person, weekly, now)
            return self._found(db, submission.id)

    def find(self, submission_id: str) -> Submission | None:
        """The submission with this id."""
        with self._database.reading() as db:
            row = _QUERIES.find_submission(db, id=submission_id)
        return submission_of(row) if row else None

    def newest(self) -> list[Submission]:
        """Every submission there ever was, newest first."""
        return [submission_of(row) for row in self.newest_rows()]

    def newest_rows(self) -> list[sqlite3.Row]:
        """The rows that `newest` makes records of."""
        with self._database.reading() as db:
            return list(_QUERIES.newest_submissions(db))

    def version(self) -> object:
        """Another value whenever the queue may say something else."""
        return self._database.version()

    def counts(self) -> dict[tuple[Status, FailureCode | None], int]:
        """How many submissions there are of each status and failure code."""
        with self._database.reading() as db:
            rows = list(_QUERIES.count_statuses(db))
        return {
            (Status(row["status"]), FailureCode(row["failure_code"]) if row["failure_code"] else None): row["count"]
            for row in rows
        }

    def open_of(self, submitter: str) -> int:
        """How many submissions of one person wait or run."""
        with self._database.reading() as db:
            return int(_QUERIES.count_open(db, submitter=submitter)["count"])

    def left_of(self, submitter: str, weekly: Weekly) -> tuple[Left, ...]:
        """What one person has left of a week's quotas."""
        with self._database.reading() as db:
            return left_of(db, submitter, weekly, self._clocks.wall())

    def waiting(self) -> list[str]:
        """Ids of queued submissions in the order in which they will be taken."""
        with self._database.reading() as db:
            return [row["id"] for row in self._waiting(db)]

    def events(self, submission_id: str) -> list[Event]:
        """All that befell a submission, oldest first."""
        with self._database.reading() as db:
            return [event_of(row) for row in _QUERIES.events_of(db, id=submission_id)]

    def told_after(self, number: int) -> tuple[set[str], int]:
        """The submissions that anything befell after the event of this number, and the number of the newest event."""
        with self._database.reading() as db:
            rows = list(_QUERIES.told_after(db, number=number))
        return {row["submission_id"] for row in rows}, max((row["number"] for row in rows), default=number)

    def tell(self, submission_id: str, actor: str, reason: str) -> None:
        """Writes an event that is no step."""
        with self._database.writing() as db:
            _QUERIES.insert_event(db, id=submission_id, actor=actor, reason=reason, now=self._clocks.wall())

    def amend(self, submission: Submission, *, actor: str, write: Callable[[], str]) -> bool:
        """Writes to another store what is no step, while nobody can move the submission from where it was read.

        What `write` returns is the event's reason. False, and nothing, when the submission had moved on.
        """
        with self._database.writing() as db:
            found = self._found(db, submission.id)
            if (found.status, found.attempt) != (submission.status, submission.attempt):
                return False
            _QUERIES.insert_event(db, id=submission.id, actor=actor, reason=write(), now=self._clocks.wall())
            return True

    def claim(self, worker: str, lease_seconds: float) -> Claim | None:
        """The next submission, running under a fresh token; None when nothing is due or the queue is paused."""
        token = secrets.token_hex(16)
        with self._database.writing() as db:
            steady, pulse = self._clocks.steady(), _QUERIES.get_pulse(db)
            if _is_ahead(pulse["paused_until"], steady) or operator_pause_of(pulse, self._clocks.wall()):
                return None
            due = next((row["id"] for row in self._waiting(db) if not _is_ahead(row["not_before"], steady)), None)
            if due is None:
                return None
            row = _QUERIES.claim(
                db, id=due, actor=worker, token=token, now=self._clocks.wall(), steady=steady,
                lease_seconds=lease_seconds,
            )  # fmt: skip
            _QUERIES.set_seen(db, now=self._clocks.wall(), steady=steady)
        crashed = row["crashed_stage"]
        return Claim(submission=submission_of(row), token=token, crashed_stage=Stage(crashed) if crashed else None)

    def beat(self, claim: Claim, lease_seconds: float, progress: Progress | None) -> None:
        """Renews the lease and shows how far the work is; Replaced when the token is no longer accepted."""
        with self._database.writing() as db:
            changed = _QUERIES.beat(
                db,
                id=claim.submission.id,
                token=claim.token,
                now=self._clocks.wall(),
                steady=self._clocks.steady(),
                lease_seconds=lease_seconds,
                progress=progress_text(progress),
            )
        _require(changed)

    @contextmanager
    def holding(self, claim: Claim) -> Iterator[None]:
        """For the block nobody else can take the claim away; Replaced, and no block, when it is no longer ours.

        Nobody can write the queue meanwhile, so the block is short.
        """
        with self._database.writing() as db:
            self._held(db, claim)
            yield

    def spend(self, claim: Claim, task: str, items: int, seconds: float) -> None:
        """Keeps what a finished task took; Replaced when the token is no longer accepted."""
        with self._database.writing() as db:
            changed = _QUERIES.insert_spent(
                db, id=claim.submission.id, token=claim.token, task=task, items=items, seconds=seconds,
                now=self._clocks.wall(),
            )  # fmt: skip
            _require(changed)

    def spent(self, most: int = 2_000) -> list[Spent]:
        """What the tasks of past evaluations took, newest first."""
        with self._database.reading() as db:
            return [spent_of(row) for row in _QUERIES.newest_spent(db, most=most)]

    def step(
        self,
        claim: Claim,
        status: Status,
        *,
        actor: str,
        note: str | None = None,
        code: FailureCode | None = None,
        stage: Stage | None = None,
        log: str | None = None,
        crashed: bool = False,
        delay: float = 0,
        refund: bool = False,
        write: Callable[[], str] | None = None,
    ) -> None:
        """Takes a claimed submission one step on; Replaced when the token is no longer accepted.

        `crashed` remembers that the model brought its process down at `stage`; `delay` is the seconds until it may be
        claimed again, an hour at most; `refund` gives attempt and turn back because nothing was wrong with the
        submission. `write` writes to another store while nobody can take the claim away; what it returns is the note.
        sqlite3.IntegrityError, and nothing is written anywhere, when the step is not in the table.
        """
        with self._database.writing() as db:
            if status not in STEPS[self._held(db, claim)]:
                raise sqlite3.IntegrityError("this step is not in the table")
            _QUERIES.step_claimed(
                db,
                id=claim.submission.id,
                token=claim.token,
                **self._step_columns(status, actor, write() if write else note, code, stage),
                failure_log=log,
                crashed_stage=stage if crashed else None,
                not_before=self._clocks.steady() + min(delay, LONGEST_DELAY) if delay else 0,
                refund=int(refund),
            )

    def step_unclaimed(
        self,
        submission: Submission,
        status: Status,
        *,
        actor: str,
        note: str | None = None,
        code: FailureCode | None = None,
        stage: Stage | None = None,
        fresh: bool = False,
        lost_at: str | None = None,
        suspect: bool = False,
        refund: bool = False,
        if_expired: bool = False,
        weekly: Weekly | None = None,
        write: Callable[[], object] | None = None,
    ) -> bool:
        """Takes a submission one step on from where it was read; whoever held it is fenced off.

        False when it had moved on, or, if asked, its lease still runs. `fresh` gives it all its attempts again,
        `refund` this one and its turn, `suspect` lets others go first. With a `weekly` quota it counts as asked for
        anew, or WeekFull. While `write` writes to another store nobody can move it; when it raises, nothing was done.
        """
        with self._database.writing() as db:
            changed = _QUERIES.step_unclaimed(
                db,
                **_as_read(submission),
                **self._step_columns(status, actor, note, code, stage),
                steady=self._clocks.steady(),
                fresh=fresh,
                lost_at=lost_at,
                suspect=suspect,
                refund=int(refund),
                if_expired=if_expired,
            )
            if changed and write:
                write()
            if changed and weekly:
                admit(db, submission.id, submission.submitter, weekly, self._clocks.wall())
            return bool(changed)

    def pin(self, submission: Submission, model: Model) -> bool:
        """Writes what the Hub said of a received submission; False, and nothing, when that makes it a duplicate."""
        with self._database.writing() as db:
            same = self._same(db, model, submission.edition, submission.engine)
            if same is not None and same.id != submission.id:
                return False
            _QUERIES.pin(db, id=submission.id, now=self._clocks.wall(), **model_columns(model))
            return True

    def same(self, model: Model, edition: Edition, engine: str) -> Submission | None:
        """An open or finished submission of the same commit, edition and engine."""
        with self._database.reading() as db:
            return self._same(db, model, edition, engine)

    def claimed(self, *, expired_only: bool) -> list[Submission]:
        """Submissions that a worker holds, or held until its lease ran out."""
        with self._database.reading() as db:
            rows = _QUERIES.claimed(db, all=not expired_only, steady=self._clocks.steady())
            return [submission_of(row) for row in rows]

    def seen(self) -> None:
        """Notes that a worker is alive now."""
        with self._database.writing() as db:
            _QUERIES.set_seen(db, now=self._clocks.wall(), steady=self._clocks.steady())

    def pause(self, reason: str, seconds: float) -> None:
        """Nothing is claimed for so long, an hour at most, and the reason stands until `resume`."""
        with self._database.writing() as db:
            until = self._clocks.steady() + min(seconds, LONGEST_DELAY)
            _QUERIES.set_paused(db, reason=reason, until=until, now=self._clocks.wall())

    def resume(self) -> None:
        """The queue goes on, and no reason stands."""
        with self._database.writing() as db:
            _QUERIES.set_paused(db, reason=None, until=None, now=None)

    def pulse(self) -> Pulse:
        """When a worker was last seen, and why the queue stands still if it does."""
        with self._database.reading() as db:
            row = _QUERIES.get_pulse(db)
        silent = None if row["seen_steady"] is None else self._clocks.steady() - row["seen_steady"]
        # Seen later than now: on the clock of a machine that has been restarted since.
        return Pulse(
            seen_at=None if silent is None else moment(row["seen_at"]),
            silent_seconds=silent if silent is not None and silent >= 0 else None,
            paused=row["paused"],
            paused_at=moment(row["paused_at"]) if row["paused_at"] is not None else None,
            operator_pause=operator_pause_of(row, self._clocks.wall()),
        )

    def _step_columns(
        self, status: Status, actor: str, note: str | None, code: FailureCode | None, stage: Stage | None
    ) -> dict[str, Any]:
        """What every step writes, whoever held the submission."""
        told = {"status": status, "actor": actor, "note": note, "failure_code": code, "failure_stage": stage}
        return {**told, "now": self._clocks.wall()}

    def _settle_steps(self) -> None:
        """The table of steps in the file is the one of the vocabulary."""
        wanted = {(status, step) for status, following in STEPS.items() for step in following}
        with self._database.reading() as db:
            if {(row["status"], row["next"]) for row in _QUERIES.steps(db)} == wanted:
                return
        with self._database.writing() as db:
            _QUERIES.forget_steps(db)
            for status, step in sorted(wanted):
                _QUERIES.insert_step(db, status=status, next=step)

    def _waiting(self, db: sqlite3.Connection) -> Sequence[sqlite3.Row]:
        return list(_QUERIES.waiting(db, recently=self._clocks.wall() - RECENT_SECONDS))

    def _same(self, db: sqlite3.Connection, model: Model, edition: Edition, engine: str) -> Submission | None:
        row = _QUERIES.same_identity(db, model_id=model.hub_id, revision=model.revision, edition=edition, engine=engine)
        return submission_of(row) if row else None

    def _held(self, db: sqlite3.Connection, claim: Claim) -> Status:
        row = _QUERIES.held(db, id=claim.submission.id, token=claim.token)
        _require(row)
        return Status(row["status"])

    def _found(self, db: sqlite3.Connection, submission_id: str) -> Submission:
        return submission_of(_QUERIES.find_submission(db, id=submission_id))


def _as_read(submission: Submission) -> dict[str, Any]:
    """What must still be so for a step from there."""
    return {"id": submission.id, "from_status": submission.status, "from_attempt": submission.attempt}


def _is_ahead(moment_: float | None, steady: float) -> bool:
    """Whether a moment of the steady clock is still to come; one further off than any delay is of an earlier start."""
    return moment_ is not None and steady < moment_ <= steady + LONGEST_DELAY


def _require(held: object) -> None:
    if not held:
        raise Replaced("The submission was cancelled or given to another worker.")
