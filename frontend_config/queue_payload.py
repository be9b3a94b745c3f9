"""The queue as plain data: what runs, what waits and in which order, and everything that has ever ended."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.domain import Progress
from backend.errors import FailureCode
from backend.submission import Pulse, Status, Submission
from frontend_config.columns import hub_link

RUNNING = frozenset({Status.RUNNING, Status.SCORING})
WAITING = frozenset({Status.RECEIVED, Status.QUEUED})


def queue_payload(
    submissions: Sequence[Submission],
    waiting: Sequence[str],
    pulse: Pulse,
    *,
    history: int,
    titles: Mapping[str, str],
) -> dict[str, Any]:
    """The whole queue; of what has ended the `history` newest, with the number there are in all."""
    places = positions(waiting)
    ended = [each for each in submissions if not each.status.open]
    queue = [each for each in submissions if each.status in WAITING]
    queue.sort(key=lambda each: (places.get(each.id, len(places) + 1), each.created_at))
    return {
        "worker": worker_payload(pulse),
        "running": [submission_payload(each, None, titles) for each in submissions if each.status in RUNNING],
        "waiting": [submission_payload(each, places.get(each.id), titles) for each in queue],
        "history": [submission_payload(each, None, titles) for each in ended[:history]],
        "history_total": len(ended),
    }


def positions(waiting: Sequence[str]) -> dict[str, int]:
    """The place of each waiting id, 1 is next."""
    return {submission_id: place for place, submission_id in enumerate(waiting, start=1)}


def worker_payload(pulse: Pulse) -> dict[str, Any]:
    """When the worker was last seen, whether that is recent, and why it pauses if it does."""
    return {
        "seen_at": None if pulse.seen_at is None else pulse.seen_at.isoformat(),
        "alive": pulse.alive,
        "paused": pulse.paused,
    }


def submission_payload(submission: Submission, position: int | None, titles: Mapping[str, str]) -> dict[str, Any]:
    """What everybody may know of a submission: never the endpoint's address, never a log line."""
    model = submission.model
    return {
        "id": submission.id,
        "model": model.hub_id,
        "link": hub_link(model.hub_id),
        "revision": model.revision,
        "base_model": model.base_model,
        "domain": model.domain,
        "edition": submission.edition,
        "engine": submission.engine,
        "submitter": submission.submitter,
        "status": submission.status,
        "attempt": submission.attempt,
        "position": position,
        "created_at": submission.created_at.isoformat(),
        "updated_at": submission.updated_at.isoformat(),
        "progress": None if submission.progress is None else _progress(submission.progress, titles),
        "note": submission.note if submission.status in WAITING else None,
        "failure": _failure(submission),
    }


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


def _failure(submission: Submission) -> dict[str, Any] | None:
    code = submission.failure_code
    if code is None and submission.status is Status.CANCELLED:
        code = FailureCode.CANCELLED
    if code is None or submission.status not in (Status.FAILED, Status.CANCELLED):
        return None
    sentence = submission.note if submission.status is Status.FAILED and submission.note else code.sentence
    return {"code": code, "stage": submission.failure_stage, "sentence": sentence}
