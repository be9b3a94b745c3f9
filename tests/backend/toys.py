"""A toy task, toy engines and a journal in memory: machinery is tested with these, never with the real registry."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from backend.domain import (
    Access,
    Dataset,
    Edition,
    Engine,
    Example,
    Finish,
    Level,
    Measure,
    Metric,
    ModelSource,
    Prediction,
    Prompt,
    Role,
    Task,
    Window,
)
from backend.errors import DataMissing, MetricUnavailable
from backend.prompting import dialogue
from backend.settings import Settings

OPERATORS = "/srv/operator/data"
Facts = Mapping[str, str | int | float | None]


def same(answers: Sequence[str], references: Sequence[str]) -> list[float]:
    return [float(answer == reference) for answer, reference in zip(answers, references, strict=True)]


def half(answers: Sequence[str], references: Sequence[str]) -> list[float]:
    return [one / 2 for one in same(answers, references)]


def metric(name: str, measure: Measure, missing: str | None = None) -> Metric:
    """A metric that measures so, or is missing for this reason."""

    def prepare(settings: Settings) -> Measure:
        if missing is not None:
            raise MetricUnavailable(missing)
        return measure

    return Metric(
        name=name, title=name.title(), meaning="A toy.", prepare=prepare, facts=lambda _: {f"{name}_fact": "1"}
    )


def examples(count: int) -> tuple[Example, ...]:
    """So many sums, in clusters of two."""
    return tuple(
        Example(id=f"sum-{n}", fields={"sum": f"{n} + {n}"}, reference=str(2 * n), cluster=str(n // 2))
        for n in range(count)
    )


def toy_task(
    name: str = "toy",
    *,
    count: int = 10,
    access: Access = Access.OPEN,
    missing: str | None = None,
    metrics: Sequence[Metric] = (metric("same", same), metric("half", half)),
    answer: Callable[[str, Example], str | None] = lambda text, example: text.strip(),
) -> Task:
    """A task of `count` sums; `missing` is the public sentence of its DataMissing."""

    def load(data_dir: Path) -> Dataset:
        if missing is not None:
            raise DataMissing(f"{missing} It belongs into {OPERATORS}.", public=missing)
        return Dataset(examples=examples(count), sha256=f"{name}-{count}", source="toy", rows=count)

    def ask(example: Example, window: Window) -> Prompt:
        return dialogue(
            example_id=example.id,
            instruction="Add.",
            shots=[("1 + 1", "2")],
            question=lambda text: text,
            document=example.fields["sum"],
            max_new_tokens=8,
            window=window,
        )

    return Task(
        name=name,
        title=name.title(),
        level=Level.ONE,
        version=1,
        access=access,
        summary="Sums.",
        licence="none",
        source="nowhere",
        specimen=examples(1)[0],
        load=load,
        ask=ask,
        answer=answer,
        metrics=tuple(metrics),
    )


def add_up(prompt: Prompt) -> str:
    """The right answer to a sum."""
    question = next(turn.content for turn in reversed(prompt.messages) if turn.role is Role.USER)
    return str(sum(int(part) for part in question.split("+")))


@dataclass
class ToyEngine:
    """Answers with a function of the prompt, last prompt first, and remembers what it was asked."""

    write: Callable[[Prompt], str] = add_up
    keeps_text_home: bool = True
    needs_files: bool = False
    editions: frozenset[Edition] = frozenset(Edition)
    facts: Facts = field(default_factory=lambda: {"engine_version": "toy"})
    stop_after: int | None = None
    forgets: frozenset[str] = frozenset()
    opened: int = 0
    closed: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        """The engine as the program knows it."""
        return Engine(
            name="toy",
            title="toy",
            keeps_text_home=self.keeps_text_home,
            editions=self.editions,
            needs_files=self.needs_files,
            open=self._open,
        )

    @contextmanager
    def _open(self, source: ModelSource, settings: Settings, halt: Event) -> Iterator["ToyClient"]:
        self.opened += 1
        try:
            yield ToyClient(self)
        finally:
            self.closed += 1


class PowerCut(Exception):
    """What a toy engine stops with."""


@dataclass
class ToyClient:
    """An opened toy."""

    toy: ToyEngine
    window: Window = field(default_factory=lambda: Window(None, len))

    @property
    def facts(self) -> Facts:
        return self.toy.facts

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Prediction]:
        for prompt in reversed(list(prompts)):
            if self.toy.stop_after is not None and len(self.toy.asked) >= self.toy.stop_after:
                raise PowerCut
            if prompt.example_id in self.toy.forgets:
                continue
            self.toy.asked.append(prompt.example_id)
            yield Prediction(
                example_id=prompt.example_id, text=self.toy.write(prompt), finish=Finish.STOP, output_tokens=2
            )


@dataclass
class MemoryJournal:
    """A journal that lasts as long as the test."""

    facts: Facts = field(default_factory=dict)
    kept: dict[str, Prediction] = field(default_factory=dict)

    def predictions(self) -> Mapping[str, Prediction]:
        return dict(self.kept)

    def append(self, prediction: Prediction) -> None:
        assert prediction.example_id not in self.kept, "an answer came twice"
        self.kept[prediction.example_id] = prediction


@dataclass
class MemoryJournals:
    """One journal for each task and dataset."""

    by_task: dict[tuple[str, str], MemoryJournal] = field(default_factory=dict)

    @contextmanager
    def open(self, task: Task, dataset: Dataset, facts: Facts | None) -> Iterator[MemoryJournal]:
        """The task's journal; facts are written down when it is new."""
        journal = self.by_task.setdefault((task.name, dataset.sha256), MemoryJournal())
        if facts is not None and not journal.kept:
            journal.facts = facts
        yield journal

    def spoil(self, task: str, **texts: str) -> None:
        """Some of the answers kept for the task are others now."""
        for (name, _), journal in self.by_task.items():
            if name == task:
                for example_id, text in texts.items():
                    journal.kept[example_id] = replace(journal.kept[example_id], text=text)
