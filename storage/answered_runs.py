"""The examples of published runs, for the tasks whose texts everybody may read: data, answers and verdicts together."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from threading import Lock

from backend.datasets.catalog import data_folder
from backend.domain import Dataset, Edition, Example, Metric, Prediction, Task
from backend.errors import CredentialedText, DataMissing, NotKept
from backend.evaluation import is_confidential
from backend.scoring import visible
from backend.settings import Settings
from storage.answered import Answered
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
    """The examples of published runs, the last few that were asked for in memory.

    `judged(publication, task)` tells values that were kept when the run was judged, by example id.
    """

    def __init__(
        self,
        settings: Settings,
        tasks: Sequence[Task],
        judged: Callable[[Publication, str], Values] = lambda publication, task: {},
    ) -> None:
        self._settings = settings
        self._tasks = {task.name: task for task in tasks}
        self._judged = judged
        self._lock = Lock()
        self._dataset = lru_cache(DATASETS_KEPT)(self._load)
        self._run: dict[tuple[str, str], list[Answered]] = {}

    def __call__(self, publication: Publication, task_name: str) -> Sequence[Answered]:
        """Every example of one task of this result, in the dataset's order.

        CredentialedText, before anything is read, where the texts are not for everybody; a task that is not known here
        counts as one of those. NotKept, with the reason to show, where there is nothing to tell.
        """
        task = self._tasks.get(task_name)
        if task is None or is_confidential(task, publication.result.edition):
            raise CredentialedText
        key = (publication.hash, task_name)
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
        return _judge(task, asked, kept, self._settings, self._judged(publication, task.name))

    def _kept(self, publication: Publication, task: Task, dataset: Dataset) -> Mapping[str, Prediction]:
        found = read_kept(self._settings.home / "runs" / publication.submission_id / f"{task.name}.jsonl")
        revision = publication.result.model.revision
        wanted = {"revision": revision, "version": task.version, "dataset_sha256": dataset.sha256}
        run = found.header.run if found.header else {}
        return found.predictions if all(run.get(name) == value for name, value in wanted.items()) else {}


def _judge(
    task: Task, examples: Sequence[Example], kept: Mapping[str, Prediction], settings: Settings, judged: Values
) -> list[Answered]:
    written = [visible(kept[example.id].text) for example in examples]
    read = [task.answer(text, example) for text, example in zip(written, examples, strict=True)]
    values: list[dict[str, float | None]] = [{} for _ in examples]
    for metric in task.metrics:
        own = [place for place, example in enumerate(examples) if metric.part in (None, example.part)]
        found = _measure(metric, own, examples, written if metric.verbatim else [each or "" for each in read], settings)
        for place, value in zip(own, found, strict=True):
            kept_value = judged.get(examples[place].id, {}).get(metric.name)
            values[place][metric.name] = value if kept_value is None else kept_value
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
