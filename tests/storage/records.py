"""Builds the records that the stores keep: toy tasks, wishes, results, and a clock that is moved by hand."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import duckdb

from backend.datasets.rehearsal import is_synthetic
from backend.domain import (
    LEVEL_TASKS,
    PROTOCOL,
    Access,
    Dataset,
    Edition,
    Example,
    Fact,
    Level,
    Message,
    Metric,
    Model,
    Prompt,
    Result,
    Role,
    Run,
    Score,
    Standing,
    Task,
    Window,
)
from backend.settings import Settings
from backend.submission import Status, Submission
from storage.clocks import Clocks
from storage.ledger import Entry, Ledger
from storage.scores import Scores
from tests.canaries import SEALED, sealed

COMMIT = "c" * 40
MODELS = 6
ALL = {task: 10.0 * number for number, task in enumerate(name for names in LEVEL_TASKS.values() for name in names)}
TABLES = ("head", "benchmark", "expected", "result", "score", "diagnostics", "retired", "standing", "cell")
_NUMBERS = count(1)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    @property
    def pair(self) -> Clocks:
        """The clocks of a store: both of them this one."""
        return Clocks(self, self)

    def advance(self, seconds: float) -> None:
        self.now += seconds


def wish(
    model_id: str = "acme/tiny",
    revision: str = COMMIT,
    *,
    submitter: str = "ann",
    edition: Edition = Edition.REHEARSAL,
    engine: str = "toy",
    status: Status = Status.QUEUED,
    submission_id: str | None = None,
    url: str | None = None,
) -> Submission:
    """A submission that is not stored yet, with an id of its own."""
    now = datetime.now(UTC)
    return Submission(
        id=submission_id or f"wish-{next(_NUMBERS):05d}",
        model=Model(hub_id=model_id, revision=revision),
        edition=edition,
        engine=engine,
        url=url,
        submitter=submitter,
        status=status,
        attempt=0,
        created_at=now,
        updated_at=now,
    )


def toy_metric(name: str = "exact") -> Metric:
    """1 where answer and reference are the same text."""

    def prepare(settings: Settings) -> "Measured":
        return Measured()

    return Metric(name=name, title=name, meaning="the same text", prepare=prepare)


class Measured:
    """The measure of `toy_metric`."""

    def __call__(self, answers: Sequence[str], references: Sequence[str]) -> list[float]:
        return [float(answer == reference) for answer, reference in zip(answers, references, strict=True)]


def toy_dataset(name: str = "toy", examples: int = 3, sha256: str = "d" * 64) -> Dataset:
    """Questions whose gold answer is yes."""
    made = tuple(
        Example(id=f"{name}-{number}", fields={"question": f"question {number}?"}, reference="yes", cluster=str(number))
        for number in range(examples)
    )
    return Dataset(examples=made, sha256=sha256, source="invented", rows=examples)


def toy_task(
    name: str = "toy",
    *,
    examples: int = 3,
    level: Level = Level.ONE,
    version: int = 1,
    metrics: Sequence[str] = ("exact",),
    access: Access = Access.OPEN,
) -> Task:
    """A task of invented yes-questions; those of a credentialed one's own data are sealed."""
    dataset = toy_dataset(name, examples)

    def load(data_dir: Path) -> Dataset:
        if access is Access.OPEN or is_synthetic(data_dir):
            return dataset
        questions = [replace(one, fields={"question": sealed(one.fields["question"])}) for one in dataset.examples]
        return replace(dataset, examples=tuple(questions))

    def ask(example: Example, window: Window) -> Prompt:
        return Prompt(
            example_id=example.id, messages=(Message(Role.USER, example.fields["question"]),), max_new_tokens=8
        )

    return Task(
        name=name,
        title=name,
        level=level,
        version=version,
        access=access,
        summary="a toy",
        licence="none",
        source="invented",
        specimen=dataset.examples[0] if examples else Example(id="s", fields={}, reference="", cluster="s"),
        load=load,
        ask=ask,
        answer=lambda text, example: text.removesuffix(SEALED).strip(),
        metrics=tuple(toy_metric(metric) for metric in metrics),
    )


def six_tasks(metrics: Sequence[str] = ("exact",)) -> list[Task]:
    """Toys under the names that make up the two levels."""
    return [toy_task(name, level=level, metrics=metrics) for level, names in LEVEL_TASKS.items() for name in names]


def toy_run(task: str, values: Mapping[str, float | None], missing: str | None = None) -> Run:
    """A run with these metric values in percent; the task's score is their mean, missing when one of them is."""
    known = [value for value in values.values() if value is not None]
    mean = sum(known) / len(known) if known and len(known) == len(values) else None
    scores = tuple(score_of(name, value, missing) for name, value in values.items())
    return Run(
        task=task,
        version=1,
        dataset_sha256=None if missing else "d" * 64,
        scores=scores,
        task_score=score_of("task_score", mean, missing),
        diagnostics=None,
        missing=missing,
    )


def toy_result(
    model_id: str = "acme/tiny",
    revision: str = COMMIT,
    *,
    values: Mapping[str, float | None] | None = None,
    edition: Edition = Edition.REHEARSAL,
    engine: str = "toy",
    manifest: Mapping[str, Fact] | None = None,
) -> Result:
    """A result with one metric `exact` per task of `values`; None makes the task unmeasured."""
    wanted = values if values is not None else {"mednli": 50.0}
    runs = tuple(
        toy_run(task, {"exact": value}, None if value is not None else "The data file is not installed.")
        for task, value in wanted.items()
    )
    return Result(
        model=Model(hub_id=model_id, revision=revision),
        edition=edition,
        protocol=PROTOCOL,
        engine=engine,
        manifest=manifest or {},
        runs=runs,
    )


@contextmanager
def board(
    home: Path, tasks: Sequence[Task] | None = None, published: Sequence[Standing] = ()
) -> Iterator[tuple[Scores, Ledger]]:
    """The board's tables over the ledger of a home."""
    ledger = Ledger(home / "ledger.jsonl")
    scores = Scores(home / "scores.duckdb", ledger, tasks if tasks is not None else six_tasks(), published)
    try:
        yield scores, ledger
    finally:
        scores.close()


def result_of(entry: Entry) -> Result:
    """The result that an entry publishes."""
    assert entry.result is not None
    return entry.result


def rows_of(path: Path, table: str) -> list[tuple[object, ...]]:
    """Every row of a table of a DuckDB file that nobody has open."""
    with duckdb.connect(path, read_only=True) as db:
        return sorted(db.execute(f"SELECT * FROM {table}").fetchall(), key=repr)


def contents(home: Path) -> list[list[tuple[object, ...]]]:
    """Every row of every table and view of a home's board."""
    return [rows_of(home / "scores.duckdb", table) for table in TABLES]


def score_of(name: str, value: float | None, missing: str | None = None) -> Score:
    if value is None:
        return Score(metric=name, value=None, low=None, high=None, n=0, missing=missing or "It was not measured.")
    return Score(metric=name, value=value, low=value - 1, high=value + 1, n=3)
