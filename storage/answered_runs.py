"""The examples of published runs, for the tasks whose texts everybody may read: data, answers and verdicts together."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from threading import Lock

import numpy as np

from backend.credentialed import is_confidential
from backend.datasets.catalog import data_folder
from backend.domain import Dataset, Edition, Example, Metric, Prediction, Run, Task
from backend.errors import CredentialedText, DataMissing, NotKept
from backend.judged import agrees, layout_of
from backend.scoring import visible
from backend.settings import Settings
from storage.answered import Answered
from storage.judgements import Judgements
from storage.predictions import read_kept
from storage.score_rows import Publication

DATASETS_KEPT = 3
RUNS_KEPT = 6
# Measured here, in the page's process, because they are plain functions; the others load models.
QUICK = frozenset(
    {
        "accuracy", "rouge_l", "rouge_1", "rouge_2", "exact_f1", "approximate_f1",
        *(f"task{part}_{kind}" for part in (1, 2, 3) for kind in ("accuracy", "strict")),
    }
)  # fmt: skip
Values = Mapping[str, Mapping[str, float | None]]


class AnsweredRuns:
    """The examples of published runs, the last few that were asked for in memory, with the values kept of them."""

    def __init__(self, settings: Settings, tasks: Sequence[Task]) -> None:
        self._settings = settings
        self._tasks = {task.name: task for task in tasks}
        self._judgements = Judgements(settings.home)
        self._lock = Lock()
        self._dataset = lru_cache(DATASETS_KEPT)(self._load)
        self._run: dict[tuple[object, ...], list[Answered]] = {}

    def __call__(self, publication: Publication, task_name: str) -> Sequence[Answered]:
        """Every example of one task of this result, in the dataset's order.

        CredentialedText, before anything is read, where the texts are not for everybody; a task that is not known here
        counts as one of those. NotKept, with the reason to show, where there is nothing to tell.
        """
        task = self._tasks.get(task_name)
        if task is None or is_confidential(task, publication.result.edition):
            raise CredentialedText
        key = (publication.hash, task_name, *self._judgements.stamp([publication.submission_id]))
        with self._lock:
            if key not in self._run:
                while len(self._run) >= RUNS_KEPT:
                    del self._run[next(iter(self._run))]
                self._run[key] = self._read(publication, task)
            return self._run[key]

    def _load(self, task_name: str, edition: Edition) -> Dataset:
        return self._tasks[task_name].load(data_folder(edition, self._settings))

    def _read(self, publication: Publication, task: Task) -> list[Answered]:
        run = next((each for each in publication.result.runs if each.task == task.name), None)
        if run is None or run.missing is not None:
            raise NotKept(f"{task.title} was not measured in this run.")
        if run.version != task.version:
            raise NotKept(f"It was asked with version {run.version} of the task, which is at {task.version} now.")
        try:
            dataset = self._dataset(task.name, publication.result.edition)
        except DataMissing as missing:
            raise NotKept(missing.public) from None
        if dataset.sha256 != run.dataset_sha256:
            raise NotKept("The data file on this server is not the one that it was asked with.")
        kept = self._kept(publication, task, dataset)
        asked = [example for example in dataset.examples if example.id in kept]
        if not asked:
            raise NotKept("Its answers are not kept on this server.")
        return _judge(task, asked, kept, self._settings, self._values(publication, run, dataset))

    def _kept(self, publication: Publication, task: Task, dataset: Dataset) -> Mapping[str, Prediction]:
        found = read_kept(self._settings.home / "runs" / publication.submission_id / f"{task.name}.jsonl")
        revision = publication.result.model.revision
        wanted = {"revision": revision, "version": task.version, "dataset_sha256": dataset.sha256}
        run = found.header.run if found.header else {}
        return found.predictions if all(run.get(name) == value for name, value in wanted.items()) else {}

    def _values(self, publication: Publication, run: Run, dataset: Dataset) -> Values:
        """What was kept when the run was judged, by example id; nothing unless it is of this very judging."""
        judged = self._judgements.read(publication.submission_id, run.task)
        places = [(example.id, example.item or example.id, example.cluster) for example in dataset.examples]
        if judged is None or judged.data != (run.version, dataset.sha256, layout_of(places)):
            return {}
        if not agrees(judged, {score.metric: score for score in run.scores}):
            return {}
        return {
            example.id: {
                name: None if np.isnan(value) else value
                for name, value in zip(judged.metrics, column.tolist(), strict=True)
            }
            for example, column in zip(dataset.examples, judged.values.T, strict=True)
        }


def _judge(
    task: Task, examples: Sequence[Example], kept: Mapping[str, Prediction], settings: Settings, judged: Values
) -> list[Answered]:
    written = [visible(kept[example.id].text) for example in examples]
    read = [task.answer(text, example) for text, example in zip(written, examples, strict=True)]
    values: list[dict[str, float | None]] = [{} for _ in examples]
    for metric in task.metrics:
        own = [place for place, example in enumerate(examples) if metric.part in (None, example.part)]
        found: Sequence[float | None] = [judged.get(examples[place].id, {}).get(metric.name) for place in own]
        if None in found:
            texts = written if metric.verbatim else [each or "" for each in read]
            found = _measure(metric, own, examples, texts, settings)
        for place, value in zip(own, found, strict=True):
            values[place][metric.name] = value
    return [
        Answered(example=example, prediction=kept[example.id], answer=answer, metrics=metrics)
        for example, answer, metrics in zip(examples, read, values, strict=True)
    ]


def _measure(
    metric: Metric, own: Sequence[int], examples: Sequence[Example], texts: Sequence[str], settings: Settings
) -> Sequence[float | None]:
    if metric.name not in QUICK:
        return [None] * len(own)
    measure = metric.prepare(settings)
    return measure([texts[place] for place in own], [examples[place].reference for place in own])
