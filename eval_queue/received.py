"""Requests that are no submissions of the worker's, as a page shows them: waiting to be taken in, or not taken in."""

from datetime import datetime

from backend.domain import Model
from backend.errors import FailureCode
from backend.submission import SYSTEM, Event, Status, Submission
from storage.letters import Answer, Request

Shown = tuple[Submission, tuple[Event, ...]]


def pending_of(request: Request) -> Shown:
    """The submission that this asks for, before the worker has seen it."""
    status = Status.QUEUED if request.revision else Status.RECEIVED
    return _submission(request, status, request.at), (_first(request, status),)


def refused_of(answer: Answer, at: datetime) -> Shown:
    """The submission that was asked for, and why it is none."""
    shown = _submission(
        answer.request, Status.FAILED, at, failure_code=FailureCode.REFUSED, note=answer.sentence or None
    )
    ended = Event(at=at, actor=SYSTEM, status=Status.FAILED, reason=answer.sentence)
    return shown, (_first(answer.request, Status.RECEIVED), ended)


def asked_event(request: Request, status: Status) -> Event:
    """That somebody asked for a deed, before the worker has answered."""
    reason = f"Asked to {request.deed}. The worker has not answered yet."
    return Event(at=request.at, actor=request.subject, status=status, reason=reason)


def _first(request: Request, status: Status) -> Event:
    return Event(at=request.at, actor=request.subject, status=status, reason=None)


def _submission(
    request: Request, status: Status, at: datetime, *, failure_code: FailureCode | None = None, note: str | None = None
) -> Submission:
    model = Model(
        hub_id=request.model or "",
        revision=request.revision or "",
        base_model=request.base_model,
        domain=request.domain,
    )
    return Submission(
        id=request.id,
        model=model,
        edition=request.edition,
        engine=request.engine or "",
        url=None,
        submitter=request.subject,
        status=status,
        attempt=0,
        created_at=request.at,
        updated_at=at,
        failure_code=failure_code,
        note=note,
    )
