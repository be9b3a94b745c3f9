"""One submission as plain data: where it stands, why it failed, what befell it, and what its submitter may do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from backend.domain import Progress, Stage
from backend.errors import FailureCode
from backend.submission import (
    ENDED_IN_VAIN,
    OPERATOR,
    SYSTEM,
    Estimate,
    Event,
    PublicPerson,
    Span,
    Status,
    Submission,
)
from frontend_config.columns import hub_link

WAITING = frozenset({Status.RECEIVED, Status.QUEUED})
NO_LOG = "No lines of the model's log were kept."


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is told of a submission but not kept with it.

    Places in the queue (1 is next), estimates and the id of what took a result's place, all by submission id; titles
    by task; `people` tells of a subject what everybody may know.
    """

    places: Mapping[str, int]
    estimates: Mapping[str, Estimate]
    replaced: Mapping[str, str]
    titles: Mapping[str, str]
    people: Callable[[str], PublicPerson]


def submission_payload(submission: Submission, around: Surroundings) -> dict[str, Any]:
    """What everybody may know of a submission in a list: never the endpoint's address, nor anybody's subject."""
    model = submission.model
    person = around.people(submission.submitter)
    replaced = submission.id in around.replaced
    return {
        "id": submission.id,
        "model": model.hub_id,
        "link": hub_link(model.hub_id),
        "revision": model.revision,
        "base_model": model.base_model,
        "domain": model.domain,
        "edition": submission.edition,
        "engine": submission.engine,
        "submitter": person.name,
        "submitter_key": person.key,
        "status": submission.status,
        "attempt": submission.attempt,
        "position": around.places.get(submission.id),
        "created_at": submission.created_at.isoformat(),
        "updated_at": submission.updated_at.isoformat(),
        "progress": None if submission.progress is None else _progress(submission.progress, around.titles),
        "estimate": estimate_payload(around.estimates.get(submission.id)) if submission.status.open else None,
        "note": submission.note if submission.status in WAITING else None,
        "failure": _failure(submission, around.titles),
        "withdrawn": submission.note if submission.status is Status.WITHDRAWN else None,
        "supersedes": submission.supersedes,
        "superseded_by": around.replaced.get(submission.id),
        "deeds": [] if replaced else deeds(submission),
        "operator_deeds": [] if replaced else deeds(submission, operator=True),
    }


def whole_submission_payload(
    submission: Submission, around: Surroundings, events: Sequence[Event], row: str | None = None
) -> dict[str, Any]:
    """The same with everything that befell it, oldest first, and the lines of the model's log that may be shown.

    `row` is the address of its row of the board.
    """
    told = submission_payload(submission, around) | {"row": row}
    if told["failure"] is not None:
        told["failure"]["log"] = _log(submission)
    told["events"] = [
        {
            "at": event.at.isoformat(),
            "actor": _actor(event.actor, submission, around),
            "status": event.status,
            "reason": event.reason,
            "attempt": event.attempt,
        }
        for event in events
    ]
    return told


def receipt_address(submission_id: str) -> str:
    """Where a submission's receipt is shown, for good."""
    return f"/submission?id={quote(submission_id, safe='')}"


def deeds(submission: Submission, *, operator: bool = False) -> list[str]:
    """What its submitter or an operator may do with it now; the queue's rules decide again when it is asked for."""
    if submission.status.open:
        return ["cancel"]
    if submission.status is Status.FINISHED:
        return ["withdraw"]
    set_aside = submission.failure_code is FailureCode.QUARANTINED
    return ["retry"] if submission.status in ENDED_IN_VAIN and (operator or not set_aside) else []


def estimate_payload(estimate: Estimate | None) -> dict[str, list[int] | None] | None:
    """Seconds until it begins and seconds it takes from then on, each as [least, most]; None: unknown."""
    if estimate is None:
        return None
    return {"begins": _span(estimate.begins), "lasts": _span(estimate.lasts)}


def _span(span: Span | None) -> list[int] | None:
    return None if span is None else [round(span.low), round(span.high)]


def _progress(progress: Progress, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "stage": progress.stage,
        "task": progress.task,
        "task_title": None if progress.task is None else titles.get(progress.task, progress.task),
        "task_number": progress.task_number,
        "task_count": progress.task_count,
        "done": progress.done,
        "total": progress.total,
        "per_second": progress.per_second,
        "seconds_left": progress.seconds_left,
    }


def _failure(submission: Submission, titles: Mapping[str, str]) -> dict[str, Any] | None:
    """Why it ended: `item` of `items` is the one it was at while asking."""
    code = submission.failure_code
    if code is None and submission.status is Status.CANCELLED:
        code = FailureCode.CANCELLED
    if code is None or submission.status not in ENDED_IN_VAIN:
        return None
    failed = submission.status is Status.FAILED
    at = submission.progress
    stage = submission.failure_stage or (at.stage if at and not failed else None)
    there = at if at and at.stage is stage else None
    asking = there if there and stage is Stage.PREDICT and there.total else None
    return {
        "code": code,
        "stage": stage,
        "task_title": titles.get(there.task, there.task) if there and there.task else None,
        "item": min(asking.done + 1, asking.total) if asking else None,
        "items": asking.total if asking else None,
        "sentence": submission.note if failed and submission.note else code.sentence,
        "advice": code.advice,
        "has_log": failed and bool(submission.failure_log),
    }


def _log(submission: Submission) -> dict[str, Any]:
    says, *lines = (submission.failure_log or NO_LOG).split("\n")
    return {"says": says, "lines": lines}


def _actor(actor: str, submission: Submission, around: Surroundings) -> str:
    """Who did it, without a subject or the name of any machine.

    Of people only an operator acts on what is not theirs; everybody else who acts is a worker.
    """
    known = {submission.submitter: "submitter", OPERATOR: "operator", SYSTEM: "queue"}
    return known.get(actor) or ("operator" if around.people(actor).met else "worker")
