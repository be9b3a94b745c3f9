"""What was written becomes scores: answers are read, judged example by example, and averaged with their intervals."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from backend.domain import (
    Dataset,
    Diagnostics,
    Example,
    Finish,
    Measure,
    Metric,
    Prediction,
    Run,
    Score,
    ScoredExample,
    Task,
)
from backend.errors import MetricUnavailable
from backend.settings import Settings
from backend.statistics import estimate, seed_of

TASK_SCORE = "task_score"
# Templates may have begun the block themselves. A block behind the answer is none at its head.
_THINKING = re.compile(r"\A(?:(?:\s*<think>.*?</think>)+|(?:(?!<think>).)*?</think>)", re.DOTALL)
_UNFINISHED_THINKING = re.compile(r"\A\s*<think>.*\Z", re.DOTALL)


class Judges:
    """The metrics of one evaluation, each made ready once, however many tasks it judges."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ready: dict[Metric, Measure | MetricUnavailable] = {}
        self._facts: dict[Metric, Mapping[str, str]] = {}

    def measure(self, metric: Metric) -> Measure:
        """The metric's measure; MetricUnavailable, with the same reason each time, where it cannot be had."""
        if metric not in self._ready:
            try:
                self._ready[metric] = metric.prepare(self._settings)
            except MetricUnavailable as reason:
                self._ready[metric] = reason
        found = self._ready[metric]
        if isinstance(found, MetricUnavailable):
            raise found
        return found

    def facts(self, metric: Metric) -> Mapping[str, str]:
        """What the manifest says of the metric."""
        if metric not in self._facts:
            self._facts[metric] = metric.facts(self._settings)
        return self._facts[metric]


def score(
    task: Task, dataset: Dataset, predictions: Mapping[str, Prediction], judges: Judges
) -> tuple[Run, list[ScoredExample]]:
    """One task judged: means with 95 % intervals in percent, diagnostics, and every example's own values."""
    made = [predictions[example.id] for example in dataset.examples]
    written = [visible(prediction.text) for prediction in made]
    read = [task.answer(text, example) for text, example in zip(written, dataset.examples, strict=True)]
    answers = [answer or "" for answer in read]
    values: dict[str, list[float | None]] = {}
    reasons: dict[str, str] = {}
    for metric in task.metrics:
        judged = written if metric.verbatim else answers
        try:
            values[metric.name] = _measured(metric, dataset.examples, judged, judges)
        except MetricUnavailable as reason:
            reasons[metric.name] = str(reason)
    scores = _scores(task, values, reasons, dataset.examples)
    run = Run(
        task=task.name,
        version=task.version,
        dataset_sha256=dataset.sha256,
        scores=scores[:-1],
        task_score=scores[-1],
        diagnostics=_diagnose(made, written, read),
        facts={key: fact for metric in task.metrics for key, fact in judges.facts(metric).items()},
    )
    return run, list(_scored(dataset.examples, answers, task.metrics, values))


def unmeasured(task: Task, reason: str) -> Run:
    """A run without scores, and why."""
    dashes = [Score(metric=name, value=None, low=None, high=None, n=0, missing=reason) for name in _names(task)]
    return Run(
        task=task.name,
        version=task.version,
        dataset_sha256=None,
        scores=tuple(dashes[:-1]),
        task_score=dashes[-1],
        diagnostics=None,
        missing=reason,
    )


def visible(text: str) -> str:
    """The text without a leading block of reasoning; nothing when the reasoning never came to an end."""
    return _UNFINISHED_THINKING.sub("", _THINKING.sub("", text, count=1)).strip()


def storable(text: str) -> str:
    """The text with a question mark for every half of a surrogate pair, which no file or tokenizer takes."""
    return text.encode("utf-8", "replace").decode()


def _names(task: Task) -> list[str]:
    return [*(metric.name for metric in task.metrics), TASK_SCORE]


def _measured(metric: Metric, examples: Sequence[Example], judged: Sequence[str], judges: Judges) -> list[float | None]:
    """The metric's value for each example, None for those of parts that it does not judge."""
    own = [row for row, example in enumerate(examples) if metric.part in (None, example.part)]
    if not own:
        raise MetricUnavailable("No example is left to score.")
    measure = judges.measure(metric)
    column: list[float | None] = [None] * len(examples)
    for row, value in zip(
        own, measure([judged[row] for row in own], [examples[row].reference for row in own]), strict=True
    ):
        column[row] = float(value)
    return column


def _scores(
    task: Task,
    values: Mapping[str, Sequence[float | None]],
    reasons: Mapping[str, str],
    examples: Sequence[Example],
) -> tuple[Score, ...]:
    """A score per metric, and last the task's own: the mean of its averaged metrics, missing when one of them is."""
    metrics = task.metrics
    without = [metric.title for metric in metrics if metric.averaged and metric.name in reasons]
    why = {**reasons, TASK_SCORE: f"{', '.join(without)} could not be measured."} if without else dict(reasons)
    names = list(values)
    found: dict[str, Score] = {}
    if names:
        averaged = [names.index(metric.name) for metric in metrics if metric.averaged and not without]
        found = _estimated(task.name, names, averaged, values, examples)
    for name, reason in why.items():
        found[name] = Score(metric=name, value=None, low=None, high=None, n=0, missing=reason)
    return tuple(found[name] for name in [*(metric.name for metric in metrics), TASK_SCORE])


def _estimated(
    task: str,
    names: Sequence[str],
    averaged: Sequence[int],
    values: Mapping[str, Sequence[float | None]],
    examples: Sequence[Example],
) -> dict[str, Score]:
    means = estimate(
        np.asarray([values[name] for name in names], dtype=np.float64),
        [example.cluster for example in examples],
        [example.item or example.id for example in examples],
        combined=averaged,
        seed=seed_of(task),
    )
    counts = [sum(value is not None for value in values[name]) for name in names]
    rows = [*zip(names, counts, strict=True), *([(TASK_SCORE, len(examples))] if averaged else [])]
    found = {}
    for row, (name, count) in enumerate(rows):
        bounds = None if means.bounds is None else (100 * means.bounds[row]).tolist()
        low, high = (None, None) if bounds is None or np.isnan(bounds).any() else bounds
        found[name] = Score(metric=name, value=float(100 * means.means[row]), low=low, high=high, n=count)
    return found


def _scored(
    examples: Sequence[Example],
    answers: Sequence[str],
    metrics: Sequence[Metric],
    values: Mapping[str, Sequence[float | None]],
) -> Iterator[ScoredExample]:
    for row, (example, answer) in enumerate(zip(examples, answers, strict=True)):
        yield ScoredExample(
            example_id=example.id,
            item=example.item or example.id,
            cluster=example.cluster,
            answer=answer,
            reference=example.reference,
            metrics={metric.name: values[metric.name][row] if metric.name in values else None for metric in metrics},
        )


def _diagnose(made: Sequence[Prediction], written: Sequence[str], read: Sequence[str | None]) -> Diagnostics:
    finishes = Counter(prediction.finish for prediction in made)
    empty = sum(
        not text and prediction.finish is not Finish.REFUSED for prediction, text in zip(made, written, strict=True)
    )
    lengths = [prediction.output_tokens for prediction in made if prediction.output_tokens is not None]
    times = [prediction.seconds for prediction in made if prediction.seconds is not None]
    return Diagnostics(
        n=len(made),
        answered=len(made) - finishes[Finish.REFUSED] - empty,
        empty=empty,
        unparsable=sum(answer is None and text != "" for text, answer in zip(written, read, strict=True)),
        truncated=sum(prediction.truncated for prediction in made),
        refused=finishes[Finish.REFUSED],
        output_tokens=sum(lengths) / len(lengths) if lengths else None,
        seconds=sum(times) if times else None,
    )
