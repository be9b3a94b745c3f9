"""Examples of a run as plain data: prompt, answer, reference and verdict, a page of those that were looked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from backend.domain import Finish, Metric, Task
from frontend_config.words import notice
from storage.answered import Answered, prompt_of


class Correctness(StrEnum):
    """Which examples are wanted, where an answer is either right or wrong."""

    RIGHT = "right"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which examples, and which of those: `words` occur in id, reference or answer, whatever the case."""

    words: str = ""
    verdict: Correctness | None = None
    offset: int = 0
    limit: int = 10


def examples_payload(task: Task, answered: Sequence[Answered], search: Search, *, invented: bool) -> dict[str, Any]:
    """A page of the examples that match, in the dataset's order, and how many there are.

    `invented` texts are nobody's, so neither licence nor source of the task's own data is told.
    """
    decided = is_decided(answered, task)
    wanted = search.words.strip().lower()
    found = [
        one
        for one in answered
        if (not wanted or _mentions(one, wanted))
        and (search.verdict is None or (decided and _verdict(one) is search.verdict))
    ]
    shown = found[search.offset : search.offset + search.limit]
    unknown = any(value is None for one in answered[:1] for value in one.metrics.values())
    return {
        "task": task.name,
        "title": task.title,
        "invented": invented,
        "licence": None if invented else task.licence,
        "source": None if invented else task.source,
        "link": task.source if task.source.startswith("https://") and not invented else None,
        "total": len(answered),
        "found": len(found),
        "offset": search.offset,
        "limit": search.limit,
        "decided": decided,
        "note": notice("slow verdicts") if unknown else None,
        "metrics": [{"name": metric.name, "title": metric.title} for metric in task.metrics],
        "examples": [_example(task, one) for one in shown],
    }


def is_decided(answered: Sequence[Answered], task: Task) -> bool:
    """Whether every answer is right or wrong by the metrics that make up the task's score."""
    averaged = {metric.name for metric in task.metrics if metric.averaged}
    return all(value in (0.0, 1.0) for one in answered for value in _averaged(one.metrics, averaged))


def _averaged(metrics: Mapping[str, float | None], names: set[str]) -> list[float | None]:
    return [value for name, value in metrics.items() if name in names]


def _verdict(one: Answered) -> Correctness:
    return Correctness.RIGHT if next(iter(one.metrics.values()), None) == 1.0 else Correctness.WRONG


def _mentions(one: Answered, words: str) -> bool:
    return any(words in text.lower() for text in (one.example.id, one.example.reference, one.prediction.text))


def _example(task: Task, one: Answered) -> dict[str, Any]:
    prompt, prediction = prompt_of(task, one.example), one.prediction
    refused = prediction.finish is Finish.REFUSED
    how = "refused prompt" if refused else "cut prompt" if prediction.truncated else "whole prompt"
    return {
        "id": one.example.id,
        "part": one.example.part,
        "prompt": [{"role": turn.role, "content": turn.content} for turn in prompt.messages],
        "prompt_note": notice(how),
        "reference": one.example.reference,
        "written": prediction.text,
        "answer": one.answer,
        "finish": prediction.finish,
        "output_tokens": prediction.output_tokens,
        "metrics": [_value(metric, one.metrics) for metric in task.metrics if metric.name in one.metrics],
    }


def _value(metric: Metric, values: Mapping[str, float | None]) -> dict[str, Any]:
    value = values[metric.name]
    return {"name": metric.name, "title": metric.title, "value": None if value is None else 100 * value}
