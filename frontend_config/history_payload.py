"""Everything that was ever published of a model, whether or not it still stands, newest first."""

from collections.abc import Sequence
from typing import Any

from backend.domain import LEVEL_TASKS, Level, Result
from frontend_config.row_names import SHORT
from storage.score_rows import Publication, Retired


def history_payload(publications: Sequence[Publication]) -> list[dict[str, Any]]:
    """A record for each line of the ledger, in the order given: when, of which commit, its scores, and how it ended."""
    return [
        {
            "number": one.number,
            "hash": one.hash,
            "at": one.at.isoformat(),
            "submission_id": one.submission_id,
            "revision": one.result.model.revision,
            "short": one.result.model.revision[:SHORT],
            "edition": one.result.edition,
            "protocol": one.result.protocol,
            "engine": one.result.engine,
            "dtype": one.result.manifest.get("dtype"),
            "scores": scores_of(one.result),
            "status": _status(one.retired),
            "ended": None if one.retired is None else _ended(one.retired),
        }
        for one in publications
    ]


def scores_of(result: Result) -> dict[str, float | None]:
    """The score of each task in percent, of each level as the mean of its tasks, and overall as the mean of levels.

    None for what could not be measured, and for a mean that lacks a part.
    """
    tasks = {run.task: run.task_score.value for run in result.runs}
    levels = {level: _mean([tasks.get(name) for name in names]) for level, names in LEVEL_TASKS.items()}
    means = {"overall": _mean(list(levels.values())), "level_1": levels[Level.ONE], "level_2": levels[Level.TWO]}
    return {**means, **tasks}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _status(retired: Retired | None) -> str:
    if retired is None:
        return "stands"
    return "withdrawn" if retired.withdrawn else "superseded"


def _ended(retired: Retired) -> dict[str, Any]:
    return {"by": retired.by, "at": retired.at.isoformat(), "reason": retired.reason}
