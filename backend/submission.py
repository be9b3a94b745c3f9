"""A person's wish to see a model on the board: its form, its receipt, and the steps it may take."""

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
OPEN_STATUSES = frozenset({Status.RECEIVED, Status.QUEUED, Status.RUNNING, Status.SCORING})

STEPS: Mapping[Status, frozenset[Status]] = {
    Status.RECEIVED: frozenset({Status.QUEUED, Status.FAILED, Status.CANCELLED}),
    Status.QUEUED: frozenset({Status.RUNNING, Status.FAILED, Status.CANCELLED}),
    Status.RUNNING: frozenset({Status.SCORING, Status.QUEUED, Status.FAILED, Status.CANCELLED}),
    Status.SCORING: frozenset({Status.FINISHED, Status.QUEUED, Status.FAILED, Status.CANCELLED}),
    Status.FINISHED: frozenset({Status.WITHDRAWN}),
    Status.FAILED: frozenset({Status.QUEUED}),
    Status.CANCELLED: frozenset({Status.QUEUED}),
    Status.WITHDRAWN: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One person's wish to see one model on the board, and where it stands.

    `note` is a sentence of ours that everybody may read; `url` is the operator's and shown to nobody.
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
    failure_code: FailureCode | None = None
    failure_stage: Stage | None = None
    note: str | None = None
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
    """The answer to a submission: what was stored, its place in the queue (1 is next), one sentence for the person."""

    submission: Submission
    position: int | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """When a worker was last seen, and why the queue is paused if it is."""

    seen_at: datetime | None
    paused: str | None = None


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
