"""Toy engines, and a house of real stores with a toy registry."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from backend.domain import Access, Edition, Engine, Fact, Finish, Model, ModelSource, Prediction, Prompt, Task, Window
from backend.errors import Halted
from backend.settings import Settings
from backend.submission import Submission
from eval_queue.intake import LookUp
from eval_queue.queue import Queue
from eval_queue.worker import Download, Worker
from storage.ledger import Ledger
from storage.submissions import Submissions
from tests.canaries import SEALED, sealed
from tests.custody import list_reader
from tests.storage.kept import kept_answers
from tests.storage.records import Clock, toy_task, wish

Answer = Callable[[Prompt, Event], str]


def say_yes(prompt: Prompt, halt: Event) -> str:
    """The right answer to every toy question; after a sealed one it says what it should not."""
    return sealed("yes") if any(SEALED in message.content for message in prompt.messages) else "yes"


@dataclass
class ToyModel:
    """Answers one prompt after the other with a function, and knows which were asked."""

    answer: Answer
    halt: Event
    asked: list[str]
    window: Window = field(default_factory=lambda: Window(None, lambda messages: 0))
    facts: dict[str, Fact] = field(default_factory=lambda: {"engine_version": "1"})

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Prediction]:
        """One answer per prompt, in order."""
        for prompt in prompts:
            if self.halt.is_set():
                raise Halted("The evaluation was told to stop.")
            self.asked.append(prompt.example_id)
            yield Prediction(example_id=prompt.example_id, text=self.answer(prompt, self.halt), finish=Finish.STOP)


def toy_engine(
    answer: Answer = say_yes,
    *,
    name: str = "toy",
    asked: list[str] | None = None,
    fault_at_load: Exception | None = None,
    editions: frozenset[Edition] = frozenset(Edition),
    from_hub: bool = True,
    needs_files: bool = False,
) -> Engine:
    """An engine whose model answers with a function; `asked` collects the ids of the examples it was asked."""
    seen = asked if asked is not None else []

    @contextmanager
    def open_toy(source: ModelSource, settings: Settings, halt: Event) -> Iterator[ToyModel]:
        if fault_at_load:
            raise fault_at_load
        yield ToyModel(answer, halt, seen)

    return Engine(
        name=name,
        title=name,
        keeps_text_home=True,
        editions=editions,
        from_hub=from_hub,
        needs_files=needs_files,
        open=open_toy,
    )


def no_hub(model_id: str, revision: str | None, engine: str) -> Model:
    """A look-up for tests in which nobody should ask."""
    raise AssertionError("the Hub was asked")


class House:
    """Real stores in a folder, a toy registry, a clock moved by hand."""

    def __init__(
        self,
        home: Path,
        *,
        engine: Engine | None = None,
        tasks: Sequence[Task] | None = None,
        look_up: LookUp = no_hub,
        retry_seconds: float = 15,
        lease_seconds: float = 60,
    ) -> None:
        self.clock = Clock()
        self.settings = Settings(home=home, retry_seconds=retry_seconds, lease_seconds=lease_seconds)
        self.submissions = Submissions(home / "queue.sqlite", self.clock.pair)
        self.ledger = Ledger(home / "ledger.jsonl")
        self.queue = Queue(self.submissions, self.ledger, self.settings, look_up)
        self.tasks = tasks or [toy_task("first"), toy_task("second")]
        if credentialed := [task.name for task in self.tasks if task.access is not Access.OPEN]:
            list_reader(home, *credentialed)
        self.engine = engine or toy_engine()
        self.stop = Event()

    def worker(self, engine: Engine | None = None, download: Download | None = None) -> Worker:
        """A worker of this house."""
        chosen = engine or self.engine
        return Worker(
            name="worker",
            settings=self.settings,
            submissions=self.submissions,
            queue=self.queue,
            ledger=self.ledger,
            tasks=self.tasks,
            engines={chosen.name: chosen},
            download=download or (lambda model, halt, report: self.settings.home),
            stop=self.stop,
        )

    def submit(self, model_id: str = "acme/tiny", *, edition: Edition = Edition.REHEARSAL) -> str:
        """The id of a queued submission."""
        return self.submissions.add(wish(model_id, edition=edition), most_open=1_000).id

    def found(self, submission_id: str) -> Submission:
        """The submission as it stands."""
        submission = self.submissions.find(submission_id)
        assert submission is not None
        return submission

    def published(self) -> list[str]:
        """The submissions of the ledger's lines."""
        return [entry.submission_id for entry, _ in self.ledger.read()]

    def answers(self, submission_id: str) -> list[str]:
        """The examples that are answered for a submission, task by task, whether its journals are packed or not."""
        folder = self.settings.home / "runs" / submission_id
        return [str(one["example_id"]) for task in self.tasks for one in kept_answers(folder, task.name)]
