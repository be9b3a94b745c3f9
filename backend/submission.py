"""A person's wish to see a model on the board: its form, its receipt, and the steps it may take."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from backend.domain import Domain, Edition, Model, Progress, Stage
from backend.errors import FailureCode


class Status(StrEnum):
    """Where a submission stands."""

    RECEIVED = "received"
    QUEUED = "queued"
    RUNNING = "running"
    SCORING = "scoring"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"

    @property
    def open(self) -> bool:
        """Whether work is still to come."""
        return self in OPEN_STATUSES


LOCAL_USER = "local"
OPERATOR = "the operator"  # whoever types a command; with a blank, as no user of the Hub can be called
SYSTEM = "system"
SILENCE_SECONDS = 120
AT_WORK = frozenset({Status.RUNNING, Status.SCORING})
ENDED_IN_VAIN = frozenset({Status.FAILED, Status.CANCELLED})
PUBLISHED = frozenset({Status.FINISHED, Status.WITHDRAWN})
OUR_FAULTS = frozenset(
    {FailureCode.INTERNAL_ERROR, FailureCode.WORKER_LOST, FailureCode.DOWNLOAD_ERROR, FailureCode.ENDPOINT_ERROR}
)
OPEN_STATUSES = frozenset({Status.RECEIVED, Status.QUEUED, Status.RUNNING, Status.SCORING})

STEPS: Mapping[Status, frozenset[Status]] = {
    Status.RECEIVED: frozenset({Status.QUEUED, Status.FAILED, Status.CANCELLED}),
    Status.QUEUED: frozenset({Status.RUNNING, Status.FAILED, Status.CANCELLED}),
    Status.RUNNING: frozenset({Status.SCORING, Status.QUEUED, Status.FAILED, Status.CANCELLED}),
    Status.SCORING: frozenset({Status.FINISHED, Status.QUEUED, Status.FAILED, Status.CANCELLED}),
    Status.FINISHED: frozenset({Status.WITHDRAWN}),
    Status.FAILED: frozenset({Status.RECEIVED, Status.QUEUED}),
    Status.CANCELLED: frozenset({Status.RECEIVED, Status.QUEUED}),
    Status.WITHDRAWN: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may submit. `subject` never changes hands and everything counts under it; `name` is for readers.

    The subject is the provider's (OpenID Connect Core 1.0, `iss` and `sub` together), or LOCAL_USER.
    """

    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class PublicPerson:
    """What everybody may know of a person: a name to read, and a key to tell people apart that gives no subject away.

    `met` is whether somebody of this subject was ever here.
    """

    name: str
    key: str
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One person's wish to see one model on the board, and where it stands. `submitter` is that person's subject.

    `note` is a sentence of ours that everybody may read; `url` is the operator's and shown to nobody. `failure_log`
    holds redacted last lines of the model's process, None where they may not be shown. `lost_at` is the place at which
    its last worker fell silent. `supersedes` is the id of the submission whose result this one's will replace.
    """

    id: str
    model: Model
    edition: Edition
    engine: str
    url: str | None
    submitter: str
    status: Status
    attempt: int
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    failure_code: FailureCode | None = None
    failure_stage: Stage | None = None
    failure_log: str | None = None
    note: str | None = None
    lost_at: str | None = None
    supersedes: str | None = None
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionForm:
    """What a person may say about a submission; who they are is never part of it."""

    model_id: str
    revision: str | None = None
    edition: Edition = Edition.FULL
    engine: str | None = None
    url: str | None = None
    base_model: str | None = None
    domain: Domain | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The answer to a submission: what was stored, its place in the queue (1 is next), one sentence for the person.

    `is_new` is false for one that was stored before. `left` is what the person has left of a week's quotas, if any.
    """

    submission: Submission
    position: int | None
    sentence: str
    is_new: bool = True
    left: "tuple[Left, ...]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """How many of `most` submissions in seven days a person has left, of all or of those on credentialed tasks.

    `next_at` is when there will be one more, None while none is used.
    """

    left: int
    most: int
    next_at: datetime | None
    credentialed: bool = False


class CheckResult(StrEnum):
    """What a check found: nothing against it, something to know, a refusal, or that it cannot tell."""

    OK = "ok"
    WARNING = "warning"
    REFUSAL = "refusal"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at before submitting: its name, what was found, and one sentence that says it.

    `submission_id` is of the submission that the sentence speaks of.
    """

    title: str
    finding: CheckResult
    sentence: str
    submission_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a form would meet if it were submitted now.

    `base_model` is the one that the Hub states. `position` is the last place in the queue it would get (1 is next).
    `refused` holds if and only if submitting would be declined.
    """

    checks: tuple[Check, ...] = ()
    base_model: str | None = None
    position: int | None = None
    estimate: "Estimate | None" = None

    @property
    def refused(self) -> bool:
        """Whether any check is a refusal."""
        return any(check.finding is CheckResult.REFUSAL for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that befell a submission: when, by whom, to which status, in which attempt, why."""

    at: datetime
    actor: str
    status: Status
    reason: str | None
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one task of one past evaluation took: seconds for so many items by a model of so many parameters."""

    task: str
    items: int
    seconds: float
    engine: str
    edition: Edition
    params: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds, at the least and at the most as far as past evaluations tell."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """In how many seconds a submission begins, and how long it will then take (or, running, goes on); None: unknown."""

    begins: Span | None
    lasts: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorPause:
    """A pause that the operator began: why, since when, and until when, None: until the operator ends it."""

    reason: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """When a worker was last seen, for how long it has been silent (None: ever), and why the queue is paused if it is.

    `silent_seconds` is measured on a clock that nobody sets; `seen_at` and `paused_at` are for people. `paused` is a
    pause that begins and ends by itself.
    """

    seen_at: datetime | None
    silent_seconds: float | None = None
    paused: str | None = None
    paused_at: datetime | None = None
    operator_pause: OperatorPause | None = None

    @property
    def alive(self) -> bool:
        """Whether the worker was seen in the last two minutes."""
        return self.silent_seconds is not None and self.silent_seconds <= SILENCE_SECONDS

    @property
    def reason(self) -> str | None:
        """Why nothing is begun: the operator's word comes first. None when nothing keeps it."""
        return self.operator_pause.reason if self.operator_pause else self.paused


def new_id(now: datetime) -> str:
    """An id that no other submission has: the day, and what nobody guesses."""
    return f"{now:%Y%m%d}-{secrets.token_hex(4)}"


def receipt_record(receipt: Receipt) -> dict[str, Any]:
    """The receipt as the JSON object of the command line."""
    stored = receipt.submission
    return {
        "id": stored.id,
        "model": stored.model.hub_id,
        "revision": stored.model.revision,
        "edition": stored.edition,
        "engine": stored.engine,
        "status": stored.status,
        "position": receipt.position,
        "sentence": receipt.sentence,
    }
