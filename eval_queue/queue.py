"""The rules: what a failure means, cancel, retry, withdraw, supersede, block, rescue."""

import logging
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from backend.domain import Stage
from backend.errors import FailureCode, LedgerBroken, ModelFault, PassingFault, UsageError
from backend.settings import Settings
from backend.submission import ENDED_IN_VAIN, OPERATOR, SYSTEM, Status, Submission, new_id
from eval_queue.intake import LookUp, too_many_open
from eval_queue.rights import CANCEL, RETRY, SUPERSEDE, WITHDRAW, Rights, When, week_spent
from eval_queue.verdict import (
    OPERATOR_PAUSE_SECONDS,
    Verdict,
    judge,
    judge_silence,
    place_of_silence,
    stage_of_silence,
)
from storage.admissions import WeekFull, Weekly
from storage.ledger import Entry, EntryKind, Head, Ledger
from storage.submissions import Claim, Submissions

LONGEST_REASON = 500
MOST_SILENCES = 3
SUBMITTER = "the submitter"
WAITS = When(frozenset({Status.RECEIVED, Status.QUEUED}), "waits no more")
BUSY = "The queue is busy just now. Look again in a minute, and repeat it if nothing has changed."
_LOG = logging.getLogger(__name__)


class Queue:
    """What operators, submitters and the clock may do to submissions.

    An `actor` is the subject of the person who asks: the submitter, or an operator, who may do everything.
    """

    def __init__(
        self,
        submissions: Submissions,
        ledger: Ledger,
        settings: Settings,
        look_up: LookUp,
        rights: Rights | None = None,
    ) -> None:
        self._rights = rights or Rights(settings)
        self._submissions = submissions
        self._ledger = ledger
        self._settings = settings
        self._look_up = look_up
        self._followed = Head()
        self._silences: Counter[str] = Counter()

    def settle(self, claim: Claim, fault: BaseException, stage: Stage, log: str | None = None) -> Verdict:
        """Carries out the verdict on a fault; Replaced when the claim is no longer ours. `log` may be shown to all."""
        verdict = judge(fault, claim, stage, self._settings.retry_seconds)
        self._submissions.step(
            claim,
            verdict.status,
            actor=SYSTEM,
            note=verdict.note,
            code=verdict.code,
            stage=stage,
            log=log if verdict.status is Status.FAILED else None,
            crashed=verdict.crashed,
            delay=verdict.delay,
            refund=verdict.refund,
        )
        if verdict.pause:
            self._submissions.pause(verdict.pause, OPERATOR_PAUSE_SECONDS)
        return verdict

    def cancel(self, submission_id: str, actor: str) -> Submission:
        """The submission, cancelled; whoever works on it is fenced off. UsageError when there is nothing to cancel."""
        found = self.own(submission_id, actor)

        def refuse_what_is_published(now: Submission) -> None:
            try:
                published = self._ledger.standing(submission_id) is not None
            except LedgerBroken as broken:
                if now.status is Status.SCORING:  # the only status in which it may be published, and nobody can tell
                    raise UsageError(str(broken)) from None
                return
            if published:
                raise UsageError(f"Submission {submission_id} is published already; it can be withdrawn with a reason.")

        cancelled = self._step(
            found,
            CANCEL,
            Status.CANCELLED,
            actor=actor,
            code=FailureCode.CANCELLED,
            write=refuse_what_is_published,
        )
        with suppress(sqlite3.OperationalError):
            self._submissions.resume()  # whoever still waits for the operator says so again within a minute
        return cancelled

    def retry(self, submission_id: str, actor: str) -> Submission:
        """The submission, queued again with all its attempts and every answer it already has.

        One whose commit was never pinned is received again, to be pinned first. It counts as asked for anew.
        """
        found = self.own(submission_id, actor)
        limited = actor == found.submitter and self._rights.most_open(actor) is not None
        self._rights.refuse_set_aside(found, actor)
        same = self._submissions.same(found.model, found.edition, found.engine)
        if found.status in ENDED_IN_VAIN and same is not None and same.id != found.supersedes:
            where = "on the board" if same.status is Status.FINISHED else "on its way"
            raise UsageError(f"The same commit is already {where} in another submission, {same.id}.")
        pinned = any(event.status is Status.QUEUED for event in self._submissions.events(submission_id))
        return self._step(
            found,
            RETRY,
            Status.QUEUED if pinned else Status.RECEIVED,
            actor=actor,
            code=None,
            weekly=self._rights.weekly(actor, found.edition),
            write=self._refuse_too_many if limited else None,
        )

    def withdraw(self, submission_id: str, actor: str, reason: str) -> Submission:
        """The submission, its result taken back by a line of its own in the ledger; the earlier line stays."""
        found = self.own(submission_id, actor)
        why = checked_reason(reason)
        return self._step(
            found,
            WITHDRAW,
            Status.WITHDRAWN,
            actor=actor,
            code=None,
            note=why,
            write=lambda now: self._ledger.withdraw(submission_id, actor=_role(actor, now), reason=why),
        )

    def supersede(self, submission_id: str, actor: str, reason: str) -> Submission:
        """A new submission of the same commit, queued; its result will take the place of this one's."""
        found = self.own(submission_id, actor)
        why = checked_reason(reason)
        if not self._rights.is_operator(actor):
            raise UsageError("Only the operator can have a published model evaluated again.")
        SUPERSEDE.check(found)
        if self._ledger.standing(submission_id) is None:
            raise UsageError(f"The result of submission {submission_id} stands no more: a later one took its place.")
        now = datetime.now(UTC)
        again = replace(
            found,
            id=new_id(now),
            status=Status.QUEUED,
            attempt=0,
            created_at=now,
            updated_at=now,
            note=why,
            supersedes=submission_id,
        )
        try:
            stored = self._submissions.add(again, most_open=None, actor=actor)
        except sqlite3.OperationalError:
            raise UsageError(BUSY) from None
        if stored.id != again.id:
            raise UsageError(f"The same commit is already on its way as {stored.id}.")
        return stored

    def own(self, submission_id: str, actor: str) -> Submission:
        """The submission, if this person may speak for it: its submitter or an operator, and not shut out."""
        return self._rights.own(self._submissions, submission_id, actor)

    def block(self, subject: str, actor: str, reason: str) -> list[Submission]:
        """What waited of this person, cancelled, for they may do nothing here any more; what runs goes on.

        UsageError for an operator.
        """
        if self._rights.is_operator(subject):
            raise UsageError("That is an operator. Take the subject out of CLUE_OPERATORS first.")
        why = checked_reason(reason, "the person reads it")
        self._submissions.people.block(subject, by=actor, reason=why)
        cancelled = []
        for waiting in self._submissions.newest():
            if waiting.submitter == subject and waiting.status in WAITS.statuses:
                with suppress(UsageError):  # it has just begun
                    cancelled.append(
                        self._step(waiting, WAITS, Status.CANCELLED, actor=actor, code=FailureCode.CANCELLED)
                    )
        return cancelled

    def pause(self, actor: str, reason: str, until: datetime | None) -> None:
        """Nothing is begun until then, or until the operator ends it; UsageError when that is past."""
        if until and until <= datetime.now(UTC):
            raise UsageError("That moment is past. Name one that is still to come, in UTC.")
        why = checked_reason(reason, "everybody reads it on the queue page")
        self._submissions.operator_pauses.begin(why, until, actor)

    def rescue(self, *, all_claimed: bool = False) -> int:
        """Gives submissions of workers that fell silent back to the queue, or ends them; returns how many.

        `all_claimed` does not wait for leases to run out: for a worker that knows itself to be the only one.
        """
        rescued = 0
        for lost in self._submissions.claimed(expired_only=not all_claimed):
            kept = self._kept(lost)
            verdict = self._ended(lost) or judge_silence(lost, kept)
            rescued += self._submissions.step_unclaimed(
                lost,
                verdict.status,
                actor=SYSTEM,
                note=verdict.note,
                code=verdict.code,
                stage=stage_of_silence(lost) if verdict.code else None,
                lost_at=place_of_silence(lost, kept),
                suspect=verdict.crashed,
                refund=verdict.refund,
                if_expired=not all_claimed,
            )
        self._follow_ledger()
        return rescued

    def check_received(self) -> None:
        """Asks the Hub about submissions that came while it did not answer: each is queued, failed, or waits on.

        After a few silences the rest waits for the next look, in which those come first about which it was not silent.
        """
        received = [found for found in self._submissions.newest()[::-1] if found.status is Status.RECEIVED]
        silences = 0
        for waiting in sorted(received, key=lambda one: self._silences[one.id]):
            try:
                model = self._look_up(waiting.model.hub_id, waiting.model.revision or None, waiting.engine)
            except PassingFault:
                self._silences[waiting.id] += 1
                silences += 1
                if silences == MOST_SILENCES:
                    return
                continue
            except ModelFault as fault:
                self._submissions.step_unclaimed(waiting, Status.FAILED, actor=SYSTEM, note=str(fault), code=fault.code)
                continue
            if self._submissions.pin(waiting, model):
                self._submissions.step_unclaimed(waiting, Status.QUEUED, actor=SYSTEM)
            else:
                note = "The same commit is already on the board or on its way."
                self._submissions.step_unclaimed(
                    waiting, Status.CANCELLED, actor=SYSTEM, note=note, code=FailureCode.CANCELLED
                )

    def _ended(self, lost: Submission) -> Verdict | None:
        """That it is finished, if its worker fell silent after it had published it.

        While the ledger is broken nobody can say so, and it goes on: what is published already is found when it is
        published again.
        """
        try:
            published = self._ledger.standing(lost.id)
        except LedgerBroken:
            return None
        if published is None or lost.status is not Status.SCORING:
            return None
        return Verdict(status=Status.FINISHED, note=f"published as line {published}")

    def _follow_ledger(self) -> None:
        """Whatever the ledger says of a submission that its writer could not tell the queue any more is told now.

        A broken one is not: a watch of its own says so, and once a backup takes its place all of it is read again.
        """
        try:
            for entry, head in self._ledger.read(self._followed):
                if entry.kind is EntryKind.WITHDRAWAL:
                    self._end_withdrawn(entry)
                self._followed = head
        except LedgerBroken:
            self._followed = Head()

    def _end_withdrawn(self, entry: Entry) -> None:
        found = self._submissions.find(entry.submission_id)
        if found is not None and found.status is Status.FINISHED and self._ledger.standing(found.id) is None:
            actor = found.submitter if entry.actor == SUBMITTER else entry.actor
            self._submissions.step_unclaimed(
                found, Status.WITHDRAWN, actor=actor or SYSTEM, note=entry.reason or "withdrawn"
            )

    def _kept(self, submission: Submission) -> int:
        """How many answers are on the disk; the first line of a journal is none."""
        folder = self._settings.home / "runs" / submission.id
        return sum(max(0, path.read_bytes().count(b"\n") - 1) for path in folder.glob("*.jsonl"))

    def _refuse_too_many(self, again: Submission) -> None:
        if self._submissions.open_of(again.submitter) >= self._settings.open_submissions:
            raise UsageError(too_many_open(self._settings.open_submissions))

    def _step(
        self,
        found: Submission,
        when: When,
        status: Status,
        *,
        actor: str,
        code: FailureCode | None,
        note: str | None = None,
        weekly: Weekly | None = None,
        write: Callable[[Submission], object] | None = None,
    ) -> Submission:
        who = _role(actor, found)
        ended = None if status.open else f"{status.value} by {who} on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        while True:
            when.check(found)
            try:
                moved = self._submissions.step_unclaimed(
                    found,
                    status,
                    actor=actor,
                    note=note or ended,
                    code=code,
                    fresh=status.open,
                    weekly=weekly,
                    write=partial(write, found) if write else None,
                )
            except WeekFull as full:
                self._submissions.audit.refused(actor, "week")
                raise week_spent(full) from None
            except sqlite3.IntegrityError:
                raise UsageError("The same commit is already on its way in another submission.") from None
            except sqlite3.OperationalError:
                raise UsageError(BUSY) from None
            found = self._submissions.find(found.id) or found
            if moved:
                return found


def checked_reason(reason: str, why: str = "the reason stands in the ledger for everybody to read") -> str:
    """The reason as it is kept, without characters that nobody sees; `why` says why there must be one.

    UsageError when there is none, or more than a sentence or two.
    """
    seen = "".join(each for each in reason if each.isprintable() or each.isspace())
    trimmed = " ".join(seen.split())
    if not trimmed:
        raise UsageError(f"Say why, in a sentence: {why}.")
    if len(trimmed) > LONGEST_REASON:
        raise UsageError(f"The reason is longer than {LONGEST_REASON} characters. Say it in a sentence or two.")
    return trimmed


def _role(actor: str, found: Submission) -> str:
    """Who acts, as everybody may know: a subject is never written where others read."""
    return SUBMITTER if actor == found.submitter else OPERATOR
