"""The vocabulary: what this program talks about, as frozen records that know nothing of web, disk or clock."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from pathlib import Path
from threading import Event
from typing import Protocol

from backend.settings import Settings

PROTOCOL = "clue-2"
PAPERS_PROTOCOL = "clue-2024"
Fact = str | int | float | None


class Edition(StrEnum):
    """Which data was asked: the benchmark's own, or the bundled invented rehearsal."""

    FULL = "full"
    REHEARSAL = "rehearsal"


class Access(StrEnum):
    """Who may read a task's texts. Unknown means credentialed."""

    OPEN = "open"
    CREDENTIALED = "credentialed"


class Domain(StrEnum):
    """What a model was trained for."""

    BIOMEDICAL = "biomedical"
    GENERAL = "general"


class Provenance(StrEnum):
    """Where a number comes from: this program's run, or the authors' publication."""

    MEASURED = "measured"
    PUBLISHED = "published"


class Level(IntEnum):
    """The paper's two groups of tasks: shorter prompts, longer prompts."""

    ONE = 1
    TWO = 2


class Stage(StrEnum):
    """What a running submission is doing."""

    DOWNLOAD = "download"
    LOAD = "load"
    PREDICT = "predict"
    SCORE = "score"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model at one commit of its repository; what the Hub does not say is None."""

    hub_id: str
    revision: str
    params: int | None = None
    licence: str | None = None
    architecture: str | None = None
    base_model: str | None = None
    domain: Domain | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is: task k of n, items (of a download: bytes) done of total, per second, seconds left if known."""

    stage: Stage
    task: str | None = None
    task_number: int = 0
    task_count: int = 0
    done: int = 0
    total: int = 0
    per_second: float | None = None
    seconds_left: float | None = None


class Role(StrEnum):
    """Who speaks in a prompt."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a prompt."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One item: its fields, the gold answer, worked examples shown before it, and the cluster it is sampled with.

    `part` names its part of a task that has parts, `item` what it asks where that is asked several times, else the id.
    """

    id: str
    fields: Mapping[str, str]
    reference: str
    cluster: str
    shots: tuple["Example", ...] = ()
    part: str | None = None
    item: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A file of the benchmark, and how a person gets it.

    `places` are folders relative to the data folder, `also` other names it goes by. `rows` (records) and `sha256` are
    of the published file, None if not known. `url` is set for files that anyone may fetch.
    """

    name: str
    places: tuple[str, ...]
    also: tuple[str, ...] = ()
    obtain: str
    rows: int | None = None
    sha256: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """The scored examples of one task; `sha256` is of the file, `rows` how many records it has, shots and all.

    `anomalies` say, without any text of a credentialed file, what is odd in it and was dealt with.
    """

    examples: tuple[Example, ...]
    sha256: str
    source: str
    rows: int
    anomalies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What is sent to a model for one example; `truncated` when something had to be left out to fit.

    `begun` heads the model's own turn and is no part of its answer; chat endpoints do without it.
    """

    example_id: str
    messages: tuple[Message, ...]
    max_new_tokens: int
    truncated: bool = False
    begun: str = ""


class Finish(StrEnum):
    """Why a model stopped writing; refused: its prompt did not fit and was never asked."""

    STOP = "stop"
    LENGTH = "length"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a model wrote for one example, raw; token counts are None when the engine does not tell.

    `seconds` is the time since the task's previous answer came, so that they add up to the time spent on asking.
    """

    example_id: str
    text: str
    finish: Finish
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    truncated: bool = False
    seconds: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Window:
    """A model's context: `tokens` in all (None: unknown) and a counter of the tokens a list of messages becomes."""

    tokens: int | None
    count: Callable[[Sequence[Message]], int]


Measure = Callable[[Sequence[str], Sequence[str]], Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """How answers are judged.

    `prepare(settings)` returns the measure: answers × references → one float in 0..1 per example, or raises
    MetricUnavailable with the reason. `facts(settings)` goes into the manifest. `part` limits it to examples of a part.
    A `verbatim` metric judges the text, not the answer read from it; one not `averaged` only stands beside the score.
    """

    name: str
    title: str
    meaning: str
    prepare: Callable[[Settings], Measure]
    facts: Callable[[Settings], Mapping[str, str]] = field(default=lambda _: {})
    part: str | None = None
    verbatim: bool = False
    averaged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One clinical task: where its examples come from, how a model is asked, how its answer is read and judged.

    `load(data_dir)` reads `file` there, the benchmark's own or an invented one of that format; it raises DataMissing.
    `ask(example, window)` is pure. `answer(text, example)` is what is judged, None when the text cannot be read as an
    answer. Changing what `ask` writes needs a new `version`.
    """

    name: str
    title: str
    level: Level
    version: int
    access: Access
    summary: str
    licence: str
    source: str
    specimen: Example
    load: Callable[[Path], Dataset]
    ask: Callable[[Example, Window], Prompt]
    answer: Callable[[str, Example], str | None]
    metrics: tuple[Metric, ...]
    file: DataFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """The tasks by name as one protocol has them; `facts` go into the manifest of what is measured with them."""

    protocol: str
    tasks: dict[str, Task]
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredExample:
    """One judged answer, with the item and cluster it is sampled with; None for a metric that was not measured."""

    example_id: str
    item: str
    cluster: str
    answer: str
    reference: str
    metrics: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A mean in percent with its 95 % interval over `n` examples; `value` is None, never 0, if it was not measured."""

    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    missing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostics:
    """How the asking went, in examples; `output_tokens` is a mean, `seconds` a sum, None when unknown."""

    n: int
    answered: int
    empty: int
    unparsable: int
    truncated: int
    refused: int
    output_tokens: float | None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One model on one version of one task. `missing` says why when there are no scores at all."""

    task: str
    version: int
    dataset_sha256: str | None
    scores: tuple[Score, ...]
    task_score: Score
    diagnostics: Diagnostics | None
    facts: Mapping[str, str] = field(default_factory=dict)
    missing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything that is published of one evaluation. `manifest` holds what is needed to make it again."""

    model: Model
    edition: Edition
    protocol: str
    engine: str
    manifest: Mapping[str, Fact]
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """Where an engine finds a model, its process's log, and which credentialed tasks' texts it gets (None: any)."""

    hub_id: str
    revision: str
    folder: Path | None = None
    url: str | None = None
    log: Path | None = None
    confides: frozenset[str] | None = None


class ModelClient(Protocol):
    """An opened model."""

    @property
    def window(self) -> Window:
        """The model's context."""

    @property
    def facts(self) -> Mapping[str, Fact]:
        """What the manifest says of engine, weights, template and decoding."""

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Prediction]:
        """Predictions in any order, each as soon as it is known: exactly one for every prompt, or an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A way of asking models.

    `open(source, settings, halt)` yields a client and ends all it started on leaving; once `halt` is set, waiting
    raises Halted within a second. `keeps_text_home`: prompts never leave this machine; where they do, `cleared(source,
    settings)` names the tasks whose credentialed texts may go all the same. `from_hub`: its models are repositories of
    the Hub; otherwise ids of the form <engine>/<name> are its own and `accept` raises UsageError for those it does not
    know. `needs_files`: the repository's files must be here before it opens; `takes_folder`: a folder is as good.
    """

    name: str
    title: str
    keeps_text_home: bool
    editions: frozenset[Edition]
    from_hub: bool = True
    needs_files: bool = False
    takes_folder: bool = False
    accept: Callable[[str], object] = lambda model_id: None
    cleared: Callable[[ModelSource, Settings], Collection[str]] = lambda source, settings: ()
    open: Callable[[ModelSource, Settings, Event], AbstractContextManager[ModelClient]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One row of the board.

    `cells` maps `overall`, `level_1`, `level_2`, `<task>` and `<task>.<metric>` to scores, if they were asked for.
    `diagnostics` says of measured tasks how the asking went. `label` is the published name where there is no Hub id,
    `number` its line in the ledger, 0 if others published it. `weights_sha256` and `dtype`: None if the engine is mute.
    """

    label: str
    model: Model | None
    provenance: Provenance
    edition: Edition
    protocol: str
    engine: str | None
    domain: Domain | None
    base_model: str | None
    params: int | None
    cells: Mapping[str, Score]
    published_at: datetime | None
    submission_id: str | None = None
    number: int = 0
    dtype: str | None = None
    weights_sha256: str | None = None
    diagnostics: Mapping[str, Diagnostics] = field(default_factory=dict)


LEVEL_TASKS: Mapping[Level, tuple[str, ...]] = {
    Level.ONE: ("mednli", "meqsum", "problem_summary"),
    Level.TWO: ("longhealth", "medisumqa", "medisumcode"),
}
