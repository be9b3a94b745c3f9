"""Submissions and their events as rows of the queue's tables, and back."""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from backend.domain import Domain, Edition, Model, Progress, Stage
from backend.errors import FailureCode
from backend.submission import Event, Spent, Status, Submission

_PROGRESS = TypeAdapter(Progress)


def model_columns(model: Model) -> dict[str, Any]:
    """What the Hub said of a model, by column."""
    return {
        "model_id": model.hub_id,
        "revision": model.revision,
        "params": model.params,
        "licence": model.licence,
        "architecture": model.architecture,
        "base_model": model.base_model,
    }


def submission_columns(submission: Submission) -> dict[str, Any]:
    """A new submission by column, but for the times."""
    return {
        **model_columns(submission.model),
        "id": submission.id,
        "domain": submission.model.domain,
        "edition": submission.edition,
        "engine": submission.engine,
        "url": submission.url,
        "submitter": submission.submitter,
        "status": submission.status,
        "note": submission.note,
        "supersedes": submission.supersedes,
    }


def progress_text(progress: Progress | None) -> str | None:
    """Progress as the column holds it."""
    return _PROGRESS.dump_json(progress).decode() if progress else None


def submission_of(row: sqlite3.Row) -> Submission:
    """The submission of a row."""
    return Submission(
        id=row["id"],
        model=Model(
            hub_id=row["model_id"],
            revision=row["revision"],
            params=row["params"],
            licence=row["licence"],
            architecture=row["architecture"],
            base_model=row["base_model"],
            domain=Domain(row["domain"]) if row["domain"] else None,
        ),
        edition=Edition(row["edition"]),
        engine=row["engine"],
        url=row["url"],
        submitter=row["submitter"],
        status=Status(row["status"]),
        attempt=row["attempt"],
        created_at=moment(row["created_at"]),
        updated_at=moment(row["updated_at"]),
        started_at=moment(row["started_at"]) if row["started_at"] else None,
        failure_code=FailureCode(row["failure_code"]) if row["failure_code"] else None,
        failure_stage=Stage(row["failure_stage"]) if row["failure_stage"] else None,
        failure_log=row["failure_log"],
        note=row["note"],
        lost_at=row["lost_at"],
        supersedes=row["supersedes"],
        progress=_PROGRESS.validate_json(row["progress"]) if row["progress"] else None,
    )


def event_of(row: Mapping[str, Any]) -> Event:
    """The event of a row."""
    return Event(
        at=moment(row["at"]),
        actor=row["actor"],
        status=Status(row["status"]),
        reason=row["reason"],
        attempt=row["attempt"],
    )


def spent_of(row: Mapping[str, Any]) -> Spent:
    """What a task took, of a row."""
    return Spent(
        task=row["task"],
        items=row["items"],
        seconds=row["seconds"],
        engine=row["engine"],
        edition=Edition(row["edition"]),
        params=row["params"],
    )


def moment(seconds: float) -> datetime:
    """Unix time as a moment."""
    return datetime.fromtimestamp(seconds, UTC)
