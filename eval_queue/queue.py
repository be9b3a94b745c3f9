"""The rules: what a failure means, cancel, retry, rescue, quarantine."""

import logging
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from backend.domain import Stage
from backend.errors import DISK_TROUBLE, FailureCode, ModelCrash, ModelFault, OperatorFault, PassingFault, UsageError
from backend.settings import Settings
from backend.submission import Status, Submission
from eval_queue.intake import LookUp
from storage.submissions import Claim, Submissions

MOST_ATTEMPTS = 5
OPERATOR_PAUSE_SECONDS = 60
DISK_NOTICE = "This installation's disk is full or failing; its operator must look at it."
SYSTEM = "system"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a submission whose evaluation was stopped by a fault."""

    status: Status
    note: str
    code: FailureCode | None = None
    crashed: bool = False
    delay: float = 0
    refund: bool = False
    pause: str | None = None


def judge(fault: BaseException, claim: Claim, stage: Stage, retry_seconds: float) -> Verdict:
    """The verdict on a fault: permanent ones fail, passing ones wait, a second crash at one stage is quarantined.

    What the operator must mend goes back into the queue without using up an attempt and pauses it.
    """
    attempt = claim.submission.attempt
    match fault:
        case ModelFault():
            return Verdict(status=Status.FAILED, code=fault.code, note=str(fault))
        case ModelCrash() if claim.crashed_stage is stage or attempt >= MOST_ATTEMPTS:
            return Verdict(status=Status.FAILED, code=FailureCode.QUARANTINED, note=FailureCode.QUARANTINED.sentence)
        case ModelCrash():
            return Verdict(status=Status.QUEUED, note=f"{fault} It is tried once more.", crashed=True)
        case PassingFault() if attempt < MOST_ATTEMPTS:
            delay = retry_seconds * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)
            return Verdict(status=Status.QUEUED, note=f"{fault} Attempt {attempt} of {MOST_ATTEMPTS}.", delay=delay)
        case PassingFault():
            return Verdict(status=Status.FAILED, code=fault.code, note=str(fault))
        case OperatorFault():
            note = "It waits for the operator; see the queue's notice."
            return Verdict(
                status=Status.QUEUED, note=note, refund=True, delay=OPERATOR_PAUSE_SECONDS, pause=fault.public
            )
        case OSError() if fault.errno in DISK_TROUBLE:
            return judge(OperatorFault(str(fault), public=DISK_NOTICE), claim, stage, retry_seconds)
    code = FailureCode.INTERNAL_ERROR
    return Verdict(status=Status.FAILED, code=code, note=code.sentence)


class Queue:
    """What operators, submitters and the clock may do to submissions."""

    def __init__(self, submissions: Submissions, settings: Settings, look_up: LookUp) -> None:
        self._submissions = submissions
        self._settings = settings
        self._look_up = look_up

    def settle(self, claim: Claim, fault: BaseException, stage: Stage) -> Verdict:
        """Carries out the verdict on a fault; Replaced when the claim is no longer ours."""
        verdict = judge(fault, claim, stage, self._settings.retry_seconds)
        self._submissions.step(
            claim,
            verdict.status,
            actor=SYSTEM,
            note=verdict.note,
            code=verdict.code,
            stage=stage,
            crashed=verdict.crashed,
            delay=verdict.delay,
            refund=verdict.refund,
        )
        if verdict.pause:
            self._submissions.pause(verdict.pause)
        return verdict

    def cancel(self, submission_id: str, actor: str) -> Submission:
        """The submission, cancelled; whoever works on it is fenced off. UsageError when there is nothing to cancel."""
        cancelled = self._step(
            submission_id,
            lambda found: found.status.open,
            Status.CANCELLED,
            actor=actor,
            code=FailureCode.CANCELLED,
            refusal="can be cancelled only while it waits or runs",
        )
        self._submissions.pause(None)  # whoever still waits for the operator says so again within a minute
        return cancelled

    def retry(self, submission_id: str, actor: str) -> Submission:
        """The submission, queued again with all its attempts and every answer it already has."""
        return self._step(
            submission_id,
            lambda found: found.status in {Status.FAILED, Status.CANCELLED},
            Status.QUEUED,
            actor=actor,
            code=None,
            refusal="can be retried only after it failed or was cancelled",
        )

    def rescue(self, *, all_claimed: bool = False) -> int:
        """Gives submissions of workers that fell silent back to the queue; after five attempts they fail.

        `all_claimed` does not wait for leases to run out: for a worker that knows itself to be the only one.
        """
        rescued = 0
        for lost in self._submissions.claimed(expired_only=not all_claimed):
            tired = lost.attempt >= MOST_ATTEMPTS
            rescued += self._submissions.step_unclaimed(
                lost,
                Status.FAILED if tired else Status.QUEUED,
                actor=SYSTEM,
                note=FailureCode.WORKER_LOST.sentence
                if tired
                else "Its worker fell silent; it goes on from where it was.",
                code=FailureCode.WORKER_LOST if tired else None,
            )
        return rescued

    def check_received(self) -> None:
        """Asks the Hub about submissions that came while it did not answer: each is queued, failed, or waits on."""
        for waiting in [found for found in self._submissions.newest() if found.status is Status.RECEIVED]:
            try:
                model = self._look_up(waiting.model.hub_id, waiting.model.revision or None)
            except PassingFault:
                return
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

    def _step(
        self,
        submission_id: str,
        allowed: Callable[[Submission], bool],
        status: Status,
        *,
        actor: str,
        code: FailureCode | None,
        refusal: str,
    ) -> Submission:
        found = self._submissions.find(submission_id)
        if found is None:
            raise UsageError(f"There is no submission {submission_id}. `python app.py queue` lists them.")
        note = f"{status.value} by {actor} on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        try:
            moved = allowed(found) and self._submissions.step_unclaimed(
                found, status, actor=actor, note=note, code=code, fresh=status is Status.QUEUED
            )
        except sqlite3.IntegrityError:
            raise UsageError("The same commit is already on its way in another submission.") from None
        if not moved:
            raise UsageError(f"Submission {submission_id} is {found.status} and {refusal}.")
        return self._submissions.find(submission_id) or found
