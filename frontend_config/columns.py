"""The columns of the board, one line each; the score columns follow from the tasks and from what was measured."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from backend.domain import Level, Metric, Standing, Task

Value = str | int | float | None

HUB = "https://huggingface.co/"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
OFF_THE_HUB = frozenset({"scripted"})
SHORT = 12


class ColumnKind(StrEnum):
    """How a column's values are written and sorted."""

    RANK = "rank"
    MODEL = "model"
    BADGE = "badge"
    COUNT = "count"
    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    SCORE = "score"


class Group(StrEnum):
    """The heading a column stands under."""

    MODEL = "Model"
    AVERAGES = "Averages"
    LEVEL_1 = "Level 1: short inputs"
    LEVEL_2 = "Level 2: long inputs"
    DIAGNOSTICS = "Diagnostics"
    DETAILS = "Model facts"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `read` gives the value of a row; a score column has none and is read from the cell of its name.

    `shown` says whether it stands in the overview, `part_of` names the task whose metric it is.
    """

    name: str
    title: str
    group: Group
    kind: ColumnKind
    help: str
    shown: bool = True
    part_of: str | None = None
    read: Callable[[Standing], Value] | None = None


def of_row(name: str) -> Callable[[Standing], Value]:
    """Reads this field of a row."""
    return lambda row: _plain(getattr(row, name))


def of_model(name: str) -> Callable[[Standing], Value]:
    """Reads this field of a row's model; None for a row without one."""
    return lambda row: _plain(getattr(row.model, name, None))


def of_asking(name: str) -> Callable[[Standing], Value]:
    """Reads this diagnostic summed over a row's tasks; None where no task tells it."""

    def read(row: Standing) -> Value:
        told = [value for asked in row.diagnostics.values() if (value := getattr(asked, name)) is not None]
        return sum(told) if told else None

    return read


def mean_answer(row: Standing) -> Value:
    """The tokens of a mean answer over a row's tasks, each task weighing as many prompts as the model was given."""
    told = [
        (asked.n - asked.refused, asked.output_tokens)
        for asked in row.diagnostics.values()
        if asked.output_tokens is not None and asked.n > asked.refused
    ]
    return sum(n * tokens for n, tokens in told) / sum(n for n, _ in told) if told else None


def short_digest(row: Standing) -> Value:
    """The first characters of the digest of the weights that were run."""
    return row.weights_sha256 and row.weights_sha256[:SHORT]


def hub_link(hub_id: str | None) -> str | None:
    """The address of a model on the Hub, or None for what is not a Hub id or never lay there."""
    if hub_id is None or not HUB_ID.fullmatch(hub_id) or hub_id.partition("/")[0] in OFF_THE_HUB:
        return None
    return HUB + quote(hub_id)


def row_link(row: Standing) -> str | None:
    """Where a row's model lies on the Hub, if it does."""
    return hub_link(row.model.hub_id) if row.model and row.engine not in OFF_THE_HUB else None


ABOUT, MEAN, ASKED, MORE = Group.MODEL, Group.AVERAGES, Group.DIAGNOSTICS, Group.DETAILS
TEXT, NUMBER, SCORE = ColumnKind.TEXT, ColumnKind.NUMBER, ColumnKind.SCORE

BEFORE = (
    Column("rank", "Rank", ABOUT, ColumnKind.RANK, "Its place; models that cannot be told apart share places."),
    Column("model", "Model", ABOUT, ColumnKind.MODEL, "Its name, linked to its page here.", read=of_row("label")),
    Column(
        "domain", "Training", ABOUT, ColumnKind.BADGE, "Trained on biomedical text, or general.", read=of_row("domain")
    ),
    Column("params", "Size", ABOUT, ColumnKind.COUNT, "Number of parameters.", read=of_row("params")),
    Column("base_model", "Base model", ABOUT, TEXT, "What it was made from.", shown=False, read=of_row("base_model")),
)

AVERAGES = (
    Column("overall", "Overall", MEAN, SCORE, "Mean of both level scores; missing when one is."),
    Column("level_1", "Level 1", MEAN, SCORE, "Mean of the three tasks with short inputs; missing when one is."),
    Column("level_2", "Level 2", MEAN, SCORE, "Mean of the three tasks with long inputs; missing when one is."),
)

DIAGNOSTICS = (
    Column("asked", "Prompts", ASKED, NUMBER, "Prompts over all tasks.", shown=False, read=of_asking("n")),
    Column("answered", "Answered", ASKED, NUMBER, "Prompts it answered.", shown=False, read=of_asking("answered")),
    Column("empty", "Empty", ASKED, NUMBER, "Answers without any text.", shown=False, read=of_asking("empty")),
    Column("unparsable", "Unparsable", ASKED, NUMBER, "No answer found.", shown=False, read=of_asking("unparsable")),
    Column("truncated", "Truncated", ASKED, NUMBER, "Prompts cut to fit.", shown=False, read=of_asking("truncated")),
    Column("refused", "Refused", ASKED, NUMBER, "Prompts too long to ask.", shown=False, read=of_asking("refused")),
    Column("output_tokens", "Answer tokens", ASKED, NUMBER, "Tokens of a mean answer.", shown=False, read=mean_answer),
    Column("seconds", "Seconds", ASKED, NUMBER, "Time spent on asking.", shown=False, read=of_asking("seconds")),
)

AFTER = (
    Column("licence", "Licence", MORE, TEXT, "As its repository states it.", shown=False, read=of_model("licence")),
    Column("architecture", "Architecture", MORE, TEXT, "Its model class.", shown=False, read=of_model("architecture")),
    Column("dtype", "Number type", MORE, TEXT, "The numbers it was run with.", shown=False, read=of_row("dtype")),
    Column("engine", "Engine", MORE, TEXT, "What ran the model.", shown=False, read=of_row("engine")),
    Column("protocol", "Protocol", MORE, TEXT, "The rules it was asked under.", shown=False, read=of_row("protocol")),
    Column("revision", "Revision", MORE, TEXT, "The commit that was asked.", shown=False, read=of_model("revision")),
    Column("weights", "Weights", MORE, TEXT, "Start of the weights' SHA-256.", shown=False, read=short_digest),
    Column(
        "published_at", "Date", MORE, ColumnKind.DATE, "When it came here.", shown=False, read=of_row("published_at")
    ),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A task as the board names it: its title, level and the metrics it is made of."""

    name: str
    title: str
    level: Level
    metrics: tuple[str, ...]


LONG_ANSWER = ("rouge_l", "rouge_1", "rouge_2", "bertscore_f1", "umls_f1")
BENCHMARK = (
    Measured("mednli", "MedNLI", Level.ONE, ("accuracy",)),
    Measured("meqsum", "MeQSum", Level.ONE, LONG_ANSWER[:4]),
    Measured("problem_summary", "Problem Summary", Level.ONE, LONG_ANSWER),
    Measured("longhealth", "LongHealth", Level.TWO, ("task1_accuracy", "task2_accuracy", "task3_accuracy")),
    Measured("medisumqa", "MeDiSumQA", Level.TWO, LONG_ANSWER),
    Measured("medisumcode", "MeDiSumCode", Level.TWO, ("exact_f1", "approximate_f1", "valid_codes")),
)

METRIC_TITLES = {
    "accuracy": "Accuracy",
    "rouge_l": "ROUGE-L",
    "rouge_1": "ROUGE-1",
    "rouge_2": "ROUGE-2",
    "bertscore_f1": "BERTScore F1",
    "umls_f1": "UMLS F1",
    "task1_accuracy": "Task 1 accuracy",
    "task2_accuracy": "Task 2 accuracy",
    "task3_accuracy": "Task 3 accuracy",
    "exact_f1": "Exact F1",
    "approximate_f1": "Approximate F1",
    "valid_codes": "Valid codes",
}


def board_columns(
    tasks: Sequence[Task],
    keys: Collection[str],
    *,
    before: Sequence[Column] = BEFORE,
    after: Sequence[Column] = AFTER,
) -> tuple[Column, ...]:
    """All columns of a view: the fixed ones, the averages, each task of `tasks` or of a cell key with its metrics."""
    scores = [column for task in _measured(tasks, keys) for column in _task_columns(task, tasks)]
    return (*before, *AVERAGES, *scores, *DIAGNOSTICS, *after)


def meaning_of(metric: Metric) -> str:
    """What the metric says, and whether it stands beside the task's score instead of being part of it."""
    return metric.meaning if metric.averaged else f"{metric.meaning} Shown beside the task's score, and no part of it."


def task_titles(tasks: Sequence[Task]) -> dict[str, str]:
    """How each task is called on the pages, by its name."""
    return {task.name: task.title for task in BENCHMARK} | {task.name: task.title for task in tasks}


def _plain(value: object) -> Value:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return value.date().isoformat()
    raise TypeError(f"A column cannot hold a {type(value).__name__}.")


def _measured(tasks: Sequence[Task], keys: Collection[str]) -> list[Measured]:
    here = {
        task.name: Measured(task.name, task.title, task.level, tuple(metric.name for metric in task.metrics))
        for task in tasks
    }
    known = {task.name: task for task in BENCHMARK} | here
    wanted = here.keys() | {key.partition(".")[0] for key in keys}
    return sorted((task for name, task in known.items() if name in wanted), key=lambda task: task.level)


def _task_columns(task: Measured, tasks: Sequence[Task]) -> list[Column]:
    group = Group.LEVEL_1 if task.level is Level.ONE else Group.LEVEL_2
    known = {(each.name, metric.name): metric for each in tasks for metric in each.metrics}
    mean = f"{task.title}: mean of its metrics, in percent. Higher is better."
    columns = [Column(task.name, task.title, group, SCORE, mean)]
    for name in task.metrics:
        metric = known.get((task.name, name))
        title = metric.title if metric else METRIC_TITLES.get(name, name)
        meaning = meaning_of(metric) if metric else "In percent; higher is better."
        text = f"{task.title}, {title}: {meaning}"
        columns.append(Column(f"{task.name}.{name}", title, group, SCORE, text, shown=False, part_of=task.title))
    return columns
