"""Leads submissions of a store from one status to the next."""

import sqlite3
from typing import Any

from backend.errors import FailureCode
from backend.submission import Status, Submission
from storage.submissions import Claim, Submissions
from tests.storage.records import wish

MOST = 100


def add(store: Submissions, *args: Any, most_open: int = MOST, **kwargs: Any) -> Submission:
    return store.add(wish(*args, **kwargs), most_open=most_open)


def claim(store: Submissions, lease_seconds: float = 60) -> Claim:
    claimed = store.claim("worker", lease_seconds)
    assert claimed is not None
    return claimed


def bring_to(store: Submissions, submission: Submission, status: Status) -> Submission:
    """The only submission of the store, led to a status by allowed steps."""
    if status in {Status.RUNNING, Status.SCORING, Status.FINISHED, Status.WITHDRAWN, Status.FAILED}:
        held = claim(store)
        if status is Status.FAILED:
            store.step(held, status, actor="worker", code=FailureCode.GATED)
        elif status is not Status.RUNNING:
            store.step(held, Status.SCORING, actor="worker")
        if status in {Status.FINISHED, Status.WITHDRAWN}:
            store.step(held, Status.FINISHED, actor="worker")
    if status in {Status.CANCELLED, Status.WITHDRAWN}:
        assert store.step_unclaimed(found(store, submission.id), status, actor="ann", note="why")
    assert found(store, submission.id).status is status
    return found(store, submission.id)


def found(store: Submissions, submission_id: str) -> Submission:
    submission = store.find(submission_id)
    assert submission is not None
    return submission


def row(raw: sqlite3.Connection, submission_id: str) -> tuple[object, ...]:
    kept: tuple[object, ...] = raw.execute("SELECT * FROM submission WHERE id = ?", (submission_id,)).fetchone()
    return kept
