"""What stands in the board's tables: rows made of the ledger's entries, and records made of rows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from backend.domain import (
    LEVEL_TASKS,
    Diagnostics,
    Domain,
    Edition,
    Model,
    Provenance,
    Result,
    Run,
    Score,
    Standing,
    Task,
)
from storage.entries import Entry, canonical, result_content

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
_RESULT = TypeAdapter(Result)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """A line of the ledger that a later one, `by`, withdrew or superseded: whose it was, when it ended and why."""

    number: int
    submission_id: str | None
    by: int
    withdrawn: bool
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A result as a line of the ledger published it, whether or not it still stands; `hash` closes that line."""

    number: int
    hash: str
    submission_id: str
    at: datetime
    result: Result
    retired: Retired | None = None


def expectations(tasks: Sequence[Task], published: Sequence[Standing]) -> Iterator[dict[str, str]]:
    """Which metrics make up each task's score."""
    for task in tasks:
        for metric in task.metrics:
            if metric.averaged:
                yield {"provenance": Provenance.MEASURED, "task": task.name, "metric": metric.name}
    for cell in dict.fromkeys(cell for standing in published for cell in standing.cells):
        name, metric_name = cell.split(".")
        yield {"provenance": Provenance.PUBLISHED, "task": name, "metric": metric_name}


def rows_of_entries(entries: Iterable[Entry]) -> Rows:
    """The rows of these entries, by table."""
    rows: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in entries:
        rows["ledger_line"].append({"number": entry.number, "hash": entry.hash, "written_at": entry.at})
        retires = entry.supersedes or entry.withdraws
        if retires is not None:
            rows["retired"].append(
                {
                    "number": retires,
                    "by_number": entry.number,
                    "withdrawn": entry.withdraws is not None,
                    "reason": entry.reason,
                    "at": entry.at,
                }
            )
        if entry.result is None:
            continue
        rows["result"].append(
            {
                "id": entry.hash,
                "number": entry.number,
                "provenance": Provenance.MEASURED,
                "edition": entry.result.edition,
                "protocol": entry.result.protocol,
                "label": entry.result.model.hub_id,
                "engine": entry.result.engine,
                "submission_id": entry.submission_id,
                "published_at": entry.at,
                "dtype": entry.result.manifest.get("dtype"),
                "weights_sha256": entry.result.manifest.get("weights_sha256"),
                "content": canonical(result_content(entry.result)).decode(),
                **_model_columns(entry.result.model),
            }
        )
        for run in entry.result.runs:
            rows["score"] += _run_rows(entry.hash, run)
            if run.diagnostics:
                rows["diagnostics"].append({"result_id": entry.hash, "task": run.task} | asdict(run.diagnostics))
    return rows


def rows_besides(recipe: str, tasks: Sequence[Task], published: Sequence[Standing]) -> Rows:
    """The rows that come from the program instead of the ledger, by table."""
    levels = [{"level": int(level), "task": task} for level, names in LEVEL_TASKS.items() for task in names]
    return {
        "recipe": [{"sha256": recipe}],
        "benchmark": levels,
        "expected": list(expectations(tasks, published)),
        "result": [_published_row(standing) for standing in published],
        "score": [
            _score_row(_published_id(standing), task, metric, score)
            for standing in published
            for (task, metric), score in ((cell.split("."), score) for cell, score in standing.cells.items())
        ],
    }


def retired_of(row: Mapping[str, Any]) -> Retired:
    """What a row says of a line that stands no more."""
    return Retired(
        number=row["number"],
        submission_id=row["submission_id"],
        by=row["by_number"],
        withdrawn=row["withdrawn"],
        reason=row["reason"],
        at=row["retired_at"].astimezone(UTC),
    )


def publication_of(row: Mapping[str, Any], retired: Mapping[int, Retired]) -> Publication:
    """What a row says of a published result; `retired` is by number."""
    return Publication(
        number=row["number"],
        hash=row["id"],
        submission_id=row["submission_id"],
        at=row["published_at"].astimezone(UTC),
        result=_RESULT.validate_json(row["content"]),
        retired=retired.get(row["number"]),
    )


def score_of(cell: Mapping[str, Any]) -> Score:
    """What a row says of a cell."""
    fields = ("value", "low", "high", "n", "missing")
    return Score(metric=cell["cell"], **{field: cell[field] for field in fields})


def standing_of(row: Mapping[str, Any], cells: Mapping[str, Score], asked: Mapping[str, Diagnostics]) -> Standing:
    """What a row of the board says, with its cells."""
    params = int(row["params"]) if row["params"] is not None else None
    domain = Domain(row["domain"]) if row["domain"] else None
    model = Model(
        hub_id=row["model_id"],
        revision=row["revision"] or "",
        params=params,
        licence=row["licence"],
        architecture=row["architecture"],
        base_model=row["base_model"],
        domain=domain,
    )
    return Standing(
        label=row["label"],
        model=model if row["model_id"] else None,
        provenance=Provenance(row["provenance"]),
        edition=Edition(row["edition"]),
        protocol=row["protocol"],
        engine=row["engine"],
        domain=domain,
        base_model=row["base_model"],
        params=params,
        cells=cells,
        published_at=row["published_at"].astimezone(UTC) if row["published_at"] else None,
        submission_id=row["submission_id"],
        number=row["number"],
        dtype=row["dtype"],
        weights_sha256=row["weights_sha256"],
        diagnostics=asked,
    )


def _published_id(standing: Standing) -> str:
    return f"published:{standing.label}"


def _published_row(standing: Standing) -> dict[str, Any]:
    return {
        "id": _published_id(standing),
        "number": 0,
        "provenance": Provenance.PUBLISHED,
        "edition": standing.edition,
        "protocol": standing.protocol,
        "label": standing.label,
        "engine": None,
        "submission_id": None,
        "published_at": None,
        "dtype": None,
        "weights_sha256": None,
        "content": None,
        **(_model_columns(standing.model) if standing.model else dict.fromkeys(_MODEL_COLUMNS)),
        "params": standing.params,
        "domain": standing.domain,
        "base_model": standing.base_model,
    }


_MODEL_COLUMNS = ("model_id", "revision", "params", "licence", "architecture", "base_model", "domain")


def _model_columns(model: Model) -> dict[str, Any]:
    values = (
        model.hub_id,
        model.revision,
        model.params,
        model.licence,
        model.architecture,
        model.base_model,
        model.domain,
    )
    return dict(zip(_MODEL_COLUMNS, values, strict=True))


def _run_rows(result_id: str, run: Run) -> Iterator[dict[str, Any]]:
    for score in (*run.scores, run.task_score):
        yield _score_row(result_id, run.task, score.metric, score)


def _score_row(result_id: str, task: str, metric: str, score: Score) -> dict[str, Any]:
    return {
        "result_id": result_id,
        "task": task,
        "metric": metric,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "n": score.n,
        "missing": score.missing,
    }
