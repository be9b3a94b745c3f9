"""The home a storm rages over: real stores in a folder, short tasks, invented models, and the results of a calm day."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

from backend.datasets.catalog import data_folder
from backend.domain import Edition, Engine, Fact, Model, ModelClient, ModelSource, Prediction, Prompt, Result, Task
from backend.errors import Halted
from backend.progress import ByteProgress
from backend.settings import Settings
from backend.submission import SubmissionForm
from eval_queue.intake import Intake
from eval_queue.queue import Queue
from eval_queue.worker import Worker
from storage.database import BUSY_SECONDS
from storage.ledger import Ledger
from storage.submissions import Submissions

OWNER = "storm"
QUEUE = "queue.sqlite"
TASKS = 2  # one to be in the middle of, one to be between
ITEMS = 6
MOST_OPEN = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What is evaluated: tasks, an engine that needs no files, and the ids of its models, which answer differently.

    `data` is the folder of the tasks' files; without it each home writes its own, and who is stopped while writing them
    keeps the next from reading.
    """

    tasks: Sequence[Task]
    engine: Engine
    models: Sequence[str]
    data: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """Stores and rules in one folder; a process forked from here brings them along."""

    settings: Settings
    kit: Kit
    submissions: Submissions
    ledger: Ledger

    @property
    def home(self) -> Path:
        """The folder."""
        return self.settings.home

    @property
    def queue(self) -> Queue:
        """The rules over the stores."""
        return Queue(self.submissions, self.ledger, self.settings, look_up)

    def worker(self, name: str, delay: float = 0) -> Worker:
        """A worker of this home; with a delay, so many seconds pass before each answer."""
        engine = replace(self.kit.engine, open=_opened(self.kit, delay))
        return Worker(
            name=name,
            settings=self.settings,
            submissions=self.submissions,
            queue=self.queue,
            ledger=self.ledger,
            tasks=self.kit.tasks,
            engines={engine.name: engine},
            download=_no_download,
            stop=Event(),
        )

    def submit(self, number: int, submitter: str = OWNER) -> str:
        """The id on the receipt of invented model `number`."""
        intake = Intake(self.submissions, {self.kit.engine.name: self.kit.engine}, self.settings, look_up)
        form = SubmissionForm(model_id=f"{OWNER}/m{number}", edition=Edition.REHEARSAL, engine=self.kit.engine.name)
        return intake.submit(form, submitter).submission.id

    def patience(self, seconds: float) -> "Arena":
        """The same home for somebody who waits only so long for the queue."""
        return replace(self, submissions=Submissions(self.home / QUEUE, busy_seconds=seconds))


def open_arena(home: Path, kit: Kit, *, lease_seconds: float) -> Arena:
    """A home with empty stores, for a kit that `prepared` has shortened."""
    settings = Settings(
        home=home,
        rehearsal=kit.data,
        lease_seconds=lease_seconds,
        retry_seconds=0.05,
        open_submissions=MOST_OPEN,
        weekly_submissions=MOST_OPEN,
        scibert=str(home / "no-encoder"),
    )
    home.mkdir(parents=True, exist_ok=True)
    submissions = Submissions(home / QUEUE, busy_seconds=BUSY_SECONDS)
    return Arena(settings=settings, kit=kit, submissions=submissions, ledger=Ledger(home / "ledger.jsonl"))


def prepared(kit: Kit, folder: Path) -> Kit:
    """The kit with the first items of its first tasks, read once, and its engine open to invented models."""
    data = data_folder(Edition.REHEARSAL, Settings(home=folder))
    engine = replace(kit.engine, from_hub=True)
    return replace(kit, tasks=[_shortened(task, data) for task in kit.tasks[:TASKS]], engine=engine, data=data)


def calm_results(kit: Kit, home: Path) -> list[Mapping[str, Any]]:
    """The essence of the result of each of the kit's models, evaluated in a home where nothing happens."""
    arena = open_arena(home, kit, lease_seconds=60)
    for number in range(len(kit.models)):
        arena.submit(number)
    worker = arena.worker("calm")
    while worker.run_next():
        continue
    return [essence(entry.result) for entry, _ in arena.ledger.read() if entry.result]


def essence(result: Result) -> Mapping[str, Any]:
    """What does not depend on the model's name or on how long things took."""
    runs = json.loads(json.dumps([asdict(run) for run in result.runs], default=str))
    for run in runs:
        (run["diagnostics"] or {}).pop("seconds", None)
    return {"manifest": dict(result.manifest), "runs": runs}


def number_of(model_id: str) -> int:
    """The number of an invented model."""
    return int(model_id.rpartition("/m")[2])


def look_up(model_id: str, revision: str | None, engine: str) -> Model:
    """What the Hub would say of an invented model."""
    return Model(hub_id=model_id, revision=hashlib.sha1(model_id.encode(), usedforsecurity=False).hexdigest())


class _Delayed:
    """A client that takes its time before each answer."""

    def __init__(self, client: ModelClient, delay: float, halt: Event) -> None:
        self._client, self._delay, self._halt = client, delay, halt
        self.window = client.window
        self.facts: Mapping[str, Fact] = client.facts

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Prediction]:
        for prediction in self._client.complete(prompts):
            time.sleep(self._delay)
            if self._halt.is_set():
                raise Halted("The evaluation was told to stop.")
            yield prediction


def _opened(kit: Kit, delay: float) -> Callable[..., Any]:
    @contextmanager
    def opened(source: ModelSource, settings: Settings, halt: Event) -> Iterator[ModelClient]:
        model = kit.models[number_of(source.hub_id) % len(kit.models)]
        with kit.engine.open(replace(source, hub_id=model), settings, halt) as client:
            yield _Delayed(client, delay, halt) if delay else client

    return opened


def _shortened(task: Task, data: Path) -> Task:
    dataset = task.load(data)
    short = replace(dataset, examples=dataset.examples[:ITEMS])
    return replace(task, load=lambda folder: short)


def _no_download(model: Model, halt: Event, report: ByteProgress) -> Path:
    raise NotImplementedError("a storm's engine needs no files")
