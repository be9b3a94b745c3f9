"""From a model to a result: every task asked and judged, and credentialed text stays home."""

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from threading import Event
from typing import Protocol

from backend.credentialed import is_confidential, require_reader
from backend.datasets.catalog import data_folder
from backend.domain import (
    PROTOCOL,
    Dataset,
    Edition,
    Engine,
    Fact,
    Model,
    ModelClient,
    ModelSource,
    Prediction,
    Progress,
    Result,
    Run,
    ScoredExample,
    Stage,
    Task,
)
from backend.errors import DataMissing, FailureCode, ModelCrash, UsageError
from backend.isolation import refusal_of_credentialed
from backend.judging import Judging
from backend.ordering import in_prefix_order
from backend.scoring import Judges, storable, unmeasured
from backend.settings import Settings
from backend.statistics import RESAMPLES, SEED

SOFTWARE = ("transformers", "torch", "huggingface_hub", "rapidfuzz", "numpy")


class Journal(Protocol):
    """Where the predictions of one run are kept as they come."""

    facts: Mapping[str, Fact]

    def predictions(self) -> Mapping[str, Prediction]:
        """Everything kept so far, by example id."""

    def append(self, prediction: Prediction) -> None:
        """Keeps one more before anything is done with it."""


OpenJournal = Callable[[Task, Dataset, Mapping[str, Fact] | None], AbstractContextManager[Journal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One model asked and judged on some tasks of one edition.

    `journal` opens the store of one task's predictions; `report` is called as work goes on and may raise Halted;
    `confide` is called right before the model is given texts that may not be shown. `scored` receives each task's
    judged answers, `judged` its run with them. `limit` asks only the first examples of each task. `protocol` names the
    rules that the tasks follow, and `facts` are what the manifest says of them.
    """

    model: Model
    source: ModelSource
    engine: Engine
    edition: Edition
    tasks: Sequence[Task]
    settings: Settings
    journal: OpenJournal
    report: Callable[[Progress], None]
    halt: Event
    confide: Callable[[], None] = lambda: None
    scored: Callable[[Task, Sequence[ScoredExample]], None] = lambda task, examples: None
    judged: Callable[[Run, Sequence[ScoredExample]], None] = lambda run, examples: None
    limit: int | None = None
    protocol: str = PROTOCOL
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def run(self) -> Result:
        """The result. DataMissing when no task at all has its data; faults of model and engine pass through."""
        if self.edition not in self.engine.editions:
            raise UsageError(f"The {self.engine.name} engine never runs edition {self.edition}: it is not a model.")
        datasets = self._load()
        with Judging(Judges(self.settings), self.halt) as judging:
            facts = self._predict(datasets, judging)
            for task in self.tasks:
                self._judge_later(task, datasets[task.name], judging)
            runs = tuple(
                self._score_task(number, task, datasets[task.name], judging)
                for number, task in enumerate(self.tasks, 1)
            )
        return Result(
            model=self.model,
            edition=self.edition,
            protocol=self.protocol,
            engine=self.engine.name,
            manifest={**facts, **manifest(self.limit), **self.facts},
            runs=runs,
        )

    def _load(self) -> dict[str, Dataset | str]:
        """Each task's dataset, or the reason why there is none."""
        folder = data_folder(self.edition, self.settings)
        found: dict[str, Dataset | str] = {}
        faults: list[DataMissing] = []
        for task in self.tasks:
            try:
                if not self._may_ask(task):
                    found[task.name] = "The task's texts are credentialed and may not leave this machine."
                    continue
                if refusal := refusal_of_isolation(task, self.edition, self.engine, self.settings):
                    found[task.name] = refusal
                    continue
                dataset = task.load(folder)
                require_reader(task, self.edition, self.settings.home)
                found[task.name] = replace(dataset, examples=dataset.examples[: self.limit])
            except DataMissing as missing:
                found[task.name] = missing.public
                faults.append(missing)
        if not any(isinstance(dataset, Dataset) for dataset in found.values()):
            raise DataMissing(
                " ".join(map(str, faults or found.values())), public=" ".join(map(str, dict.fromkeys(found.values())))
            )
        return found

    def _may_ask(self, task: Task) -> bool:
        """Whether the engine keeps the task's texts here, or where it sends them they may go."""
        if may_ask(task, self.edition, self.engine):
            return True
        return task.name in self.engine.cleared(self.source, self.settings)

    def _confiding(self, datasets: Mapping[str, Dataset | str]) -> ModelSource:
        """The source, with the tasks whose texts the engine answers for."""
        asked = (task for task in self.tasks if isinstance(datasets[task.name], Dataset))
        return replace(
            self.source, confides=frozenset(task.name for task in asked if is_confidential(task, self.edition))
        )

    def _predict(self, datasets: Mapping[str, Dataset | str], judging: Judging) -> Mapping[str, Fact]:
        facts = self._facts_if_complete(datasets)
        if facts is not None:
            return facts
        self.report(Progress(stage=Stage.LOAD, task_count=len(self.tasks)))
        with self.engine.open(self._confiding(datasets), self.settings, self.halt) as client:
            # A model on this machine's processor would only lose what judging takes: there it comes afterwards.
            beside = client.facts.get("device") != "cpu"
            for number, task in enumerate(self.tasks, 1):
                dataset = datasets[task.name]
                if isinstance(dataset, Dataset):
                    with self.journal(task, dataset, client.facts) as journal:
                        self._predict_task(number, task, dataset, client, journal)
                        if beside:
                            judging.begin(task, dataset, dict(journal.predictions()))
            return dict(client.facts)

    def _facts_if_complete(self, datasets: Mapping[str, Dataset | str]) -> Mapping[str, Fact] | None:
        """The facts that all journals carry, when they already answer every example and no model is needed."""
        facts: Mapping[str, Fact] | None = None
        for task in self.tasks:
            dataset = datasets[task.name]
            if isinstance(dataset, Dataset):
                with self.journal(task, dataset, None) as journal:
                    if any(example.id not in journal.predictions() for example in dataset.examples):
                        return None
                    if facts is not None and journal.facts != facts:
                        return None
                    facts = journal.facts
        return facts

    def _predict_task(self, number: int, task: Task, dataset: Dataset, client: ModelClient, journal: Journal) -> None:
        answered = journal.predictions()
        missing = [example for example in dataset.examples if example.id not in answered]
        if missing and is_confidential(task, self.edition):
            self.confide()
        meter = ProgressMeter(len(dataset.examples), len(dataset.examples) - len(missing))
        self.report(meter.progress(Stage.PREDICT, task.name, number, len(self.tasks)))
        for prediction in client.complete(in_prefix_order(task.ask(example, client.window) for example in missing)):
            journal.append(replace(prediction, text=storable(prediction.text), seconds=meter.count()))
            self.report(meter.progress(Stage.PREDICT, task.name, number, len(self.tasks)))
        unanswered = {example.id for example in missing} - journal.predictions().keys()
        if unanswered:
            raise ModelCrash(FailureCode.INTERNAL_ERROR, f"It left {len(unanswered)} prompts unanswered.")

    def _judge_later(self, task: Task, dataset: Dataset | str, judging: Judging) -> None:
        """What was not judged beside the asking is judged from its journal."""
        if isinstance(dataset, Dataset) and not judging.has_begun(task):
            with self.journal(task, dataset, None) as journal:
                judging.begin(task, dataset, dict(journal.predictions()))

    def _score_task(self, number: int, task: Task, dataset: Dataset | str, judging: Judging) -> Run:
        if isinstance(dataset, str):
            return unmeasured(task, dataset)
        total = len(dataset.examples)
        self.report(
            Progress(stage=Stage.SCORE, task=task.name, task_number=number, task_count=len(self.tasks), total=total)
        )
        run, examples = judging.verdict(task)
        self.scored(task, examples)
        self.judged(run, examples)
        return run


class ProgressMeter:
    """Counts items and knows how fast they come; what was there before the start does not count as speed."""

    def __init__(self, total: int, done: int) -> None:
        self.done = done
        self._total = total
        self._before = done
        self._start = self._last = time.monotonic()

    def count(self) -> float:
        """One more is done; returns the seconds since the one before."""
        before, self._last = self._last, time.monotonic()
        self.done += 1
        return self._last - before

    def progress(self, stage: Stage, task: str, number: int, count: int) -> Progress:
        """How far it is now."""
        elapsed = time.monotonic() - self._start
        fresh = self.done - self._before
        rate = fresh / elapsed if fresh and elapsed > 0 else None
        return Progress(
            stage=stage,
            task=task,
            task_number=number,
            task_count=count,
            done=self.done,
            total=self._total,
            per_second=rate,
            seconds_left=(self._total - self.done) / rate if rate else None,
        )


def may_ask(task: Task, edition: Edition, engine: Engine) -> bool:
    """Whether this engine may read this task: credentialed texts only go where they stay on this machine."""
    return engine.keeps_text_home or not is_confidential(task, edition)


def refusal_of_isolation(task: Task, edition: Edition, engine: Engine, settings: Settings) -> str | None:
    """Why a model that is opened here may not read this task; on a Ray cluster each node says so itself."""
    opened_here = engine.needs_files and not settings.ray
    return refusal_of_credentialed(settings) if opened_here and is_confidential(task, edition) else None


def manifest(limit: int | None) -> dict[str, Fact]:
    """What is the same for every model: decoding, seeds, software and machine."""
    return {
        "decoding": "greedy",
        "seed": SEED,
        "bootstrap_resamples": RESAMPLES,
        "limit": limit,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpu": platform.processor() or None,
        **{name: version(name) for name in SOFTWARE},
    }
