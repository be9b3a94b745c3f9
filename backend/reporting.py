"""A result as the JSON object other programs read, and judged answers as lines."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from backend.domain import Result, Run, Score, ScoredExample, Task
from backend.errors import UsageError

_JUDGED = TypeAdapter(ScoredExample)
_AGAIN = "Evaluate the model once more with --out and compare again."


def result_record(result: Result) -> dict[str, Any]:
    """The object of the command-line contract: model, manifest, and for each task its scores in percent."""
    return {
        "model": result.model.hub_id,
        "revision": result.model.revision,
        "edition": result.edition,
        "protocol": result.protocol,
        "engine": result.engine,
        "manifest": dict(result.manifest),
        "tasks": {run.task: run_record(run) for run in result.runs},
    }


def run_record(run: Run) -> dict[str, Any]:
    """One task: n, scores by metric, the task's own score, diagnostics; `missing` says why there are none."""
    return {
        "n": run.diagnostics.n if run.diagnostics else 0,
        "version": run.version,
        "dataset_sha256": run.dataset_sha256,
        "scores": {score.metric: score_record(score) for score in run.scores},
        "task_score": score_record(run.task_score),
        "diagnostics": asdict(run.diagnostics) if run.diagnostics else None,
        "facts": dict(run.facts),
        "missing": run.missing,
    }


def score_record(score: Score) -> dict[str, Any]:
    """Value and interval in percent and the number of examples; `missing` only where there is no value."""
    record: dict[str, Any] = {"value": score.value, "low": score.low, "high": score.high, "n": score.n}
    return record if score.missing is None else {**record, "missing": score.missing}


def write_examples(folder: Path, task: Task, examples: Sequence[ScoredExample]) -> None:
    """`folder`/<task>.jsonl holds one object per judged answer, in the order given, readable by its owner alone."""
    path = folder / f"{task.name}.jsonl"
    path.touch(mode=0o600)
    lines = [json.dumps(asdict(example), ensure_ascii=False) + "\n" for example in examples]
    path.write_text("".join(lines), encoding="utf-8")


def read_examples(path: Path) -> list[ScoredExample]:
    """The judged answers that `write_examples` left in `path`, in their order.

    A line without item or cluster, as they once were written, is its own item and cluster. UsageError, naming the line
    but none of its text, for what cannot be read, is no judged answer, or judges an example a second time.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        raise UsageError(f"{path} cannot be read. {_AGAIN}") from None
    found: dict[str, ScoredExample] = {}
    for number, line in enumerate(lines, 1):
        example = _read_line(line)
        if example is None:
            raise UsageError(f"{path} line {number} is not a judged answer. {_AGAIN}")
        if example.example_id in found:
            raise UsageError(f"{path} line {number} judges an example for the second time. {_AGAIN}")
        found[example.example_id] = example
    return list(found.values())


def _read_line(line: bytes) -> ScoredExample | None:
    try:
        record = json.loads(line, parse_constant=_refuse)
        itself = record["example_id"]
        return _JUDGED.validate_python({"item": itself, "cluster": itself, **record})
    except (ValueError, TypeError, KeyError):
        return None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")
