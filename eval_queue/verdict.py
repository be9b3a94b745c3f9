"""What a fault means for a submission: who must act, whether it is tried again, and when."""

import random
import sqlite3
from dataclasses import dataclass

from backend.domain import Stage
from backend.errors import DISK_TROUBLE, FailureCode, ModelCrash, ModelFault, OperatorFault, PassingFault
from backend.submission import Status, Submission
from storage.submissions import Claim

MOST_ATTEMPTS = 5
OPERATOR_PAUSE_SECONDS = 60
STAGES_OF_THE_MODEL = frozenset({Stage.LOAD, Stage.PREDICT, Stage.SCORE})
DISK_NOTICE = "This installation's disk is full or failing; its operator must look at it."
QUEUE_NOTICE = "The queue's file cannot be written just now; if that lasts, the operator must look at it."
GOES_ON = "Its worker fell silent; it goes on from where it was."


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
            note = f"{fault} Attempt {attempt} of {MOST_ATTEMPTS}."
            return Verdict(status=Status.QUEUED, note=note, delay=_patience(fault, attempt, retry_seconds))
        case PassingFault():
            return Verdict(status=Status.FAILED, code=fault.code, note=str(fault))
        case OperatorFault():
            note = "It waits for the operator; see the queue's notice."
            # When the pause is over, whoever waits behind it comes first: perhaps only this one has trouble.
            delay = 2 * OPERATOR_PAUSE_SECONDS
            return Verdict(status=Status.QUEUED, note=note, refund=True, delay=delay, pause=fault.public)
        case OSError() if fault.errno in DISK_TROUBLE:
            return judge(OperatorFault(str(fault), public=DISK_NOTICE), claim, stage, retry_seconds)
        case sqlite3.OperationalError():  # locked or full: nobody's model is to blame
            return judge(OperatorFault(str(fault), public=QUEUE_NOTICE), claim, stage, retry_seconds)
    code = FailureCode.INTERNAL_ERROR
    return Verdict(status=Status.FAILED, code=code, note=code.sentence)


def judge_silence(lost: Submission, kept: int) -> Verdict:
    """The verdict on a submission whose worker fell silent, with so many of its answers on the disk.

    Nobody can say whose fault it was. It goes on from where it was, and while answers keep being added that costs no
    attempt; a second silence at the same stage without a new answer in between is taken for the model's doing, where
    anything of the model is at work at that stage.
    """
    before, kept_before = _lost_at(lost)
    stage = stage_of_silence(lost)
    if kept > kept_before:
        return Verdict(status=Status.QUEUED, note=GOES_ON, refund=True)
    by_model = stage in STAGES_OF_THE_MODEL
    if by_model and stage is before:
        code = FailureCode.QUARANTINED
    elif lost.attempt < MOST_ATTEMPTS:
        return Verdict(status=Status.QUEUED, note=GOES_ON, crashed=by_model)
    else:
        code = FailureCode.WORKER_LOST
    return Verdict(status=Status.FAILED, code=code, note=code.sentence)


def stage_of_silence(lost: Submission) -> Stage:
    """The stage at which a worker was last heard of."""
    return lost.progress.stage if lost.progress else Stage.DOWNLOAD


def place_of_silence(lost: Submission, kept: int) -> str:
    """Where a worker fell silent, as the queue remembers it: the stage, and how many answers there were."""
    return f"{stage_of_silence(lost)} {kept}"


def _lost_at(lost: Submission) -> tuple[Stage | None, int]:
    if lost.lost_at is None:
        return None, 0
    stage, kept = lost.lost_at.split()
    return Stage(stage), int(kept)


def _patience(fault: PassingFault, attempt: int, retry_seconds: float) -> float:
    """Full jitter up to a bound that doubles with each attempt, and never less than the other side has asked for."""
    return max(random.uniform(0, retry_seconds * 2 ** (attempt - 1)), fault.retry_after)
