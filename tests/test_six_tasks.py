"""All six tasks from the command line on invented data: gold is a hundred, silence is zero, oddities as documented."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.rehearsal import CANARIES, odd_replies
from backend.domain import Access, Dataset, Example, Finish, Prediction, Task
from backend.metrics.bertscore import SCIBERT
from backend.scoring import Judges, score
from backend.settings import Settings
from backend.tasks import all_tasks
from tests.commands import PROJECT, CommandLine
from tests.loopback.models import tiny_bert
from tests.umls import build_umls, umls_python

DOCUMENTED = PROJECT / "docs" / "odd-replies.md"
METRICS = {
    "mednli": ["accuracy"],
    "meqsum": ["rouge_l", "rouge_1", "rouge_2", "bertscore_f1"],
    "problem_summary": ["rouge_l", "rouge_1", "rouge_2", "bertscore_f1", "umls_f1"],
    "longhealth": ["task1_accuracy", "task2_accuracy", "task3_accuracy"],
    "medisumqa": ["rouge_l", "rouge_1", "rouge_2", "bertscore_f1", "umls_f1"],
    "medisumcode": ["exact_f1", "approximate_f1", "valid_codes"],
}
LEFT_OUT = {"bertscore_f1", "umls_f1"}  # of the table: the first needs real weights, the second an invented base


def gold_reply(task: Task, example: Example) -> str:
    """What a perfect model would write."""
    if task.name != "longhealth":
        return example.reference
    letter = example.reference[0]
    return f"The correct answer is {letter}: {example.fields[f'option {letter}']}"


@pytest.fixture(scope="module")
def datasets(rehearsal_data: Path) -> dict[str, Dataset]:
    return {name: task.load(rehearsal_data) for name, task in all_tasks().items()}


@pytest.fixture(scope="module")
def cli(rehearsal_data: Path, datasets: dict[str, Dataset], tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """The program with all that the metrics need: an encoder of SciBERT's shape and a base of invented concepts."""
    folder = tmp_path_factory.mktemp("judges")
    references = [example.reference for name in ("problem_summary", "medisumqa") for example in datasets[name].examples]
    named = sorted(
        {max(re.findall(r"(?<![\w-])[a-z]+(?![\w-])", reference.lower()), key=len) for reference in references}
    )
    scibert = tiny_bert(
        folder / "scibert", layers=SCIBERT.layer, hidden=SCIBERT.hidden_size, inner=16, vocabulary=SCIBERT.vocab_size
    )
    settings = {
        "CLUE_REHEARSAL": str(rehearsal_data),
        "CLUE_SCIBERT": str(scibert),
        "CLUE_UMLS": str(build_umls(folder / "umls", *named)),
        "CLUE_UMLS_PYTHON": str(umls_python()),
    }
    return CommandLine(home=folder / "var", settings=settings)


@pytest.fixture
def judged(
    cli: CommandLine, datasets: dict[str, Dataset], tmp_path: Path
) -> Callable[[Callable[[Task, Example], str]], dict[str, Any]]:
    """What `evaluate` says of written replies."""

    def judge(write: Callable[[Task, Example], str]) -> dict[str, Any]:
        for name, task in all_tasks().items():
            lines = [{"example_id": one.id, "text": write(task, one)} for one in datasets[name].examples]
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
        words = ("evaluate", str(tmp_path), "--engine", "scripted", "--edition", "rehearsal")
        result: dict[str, Any] = cli.json(*words)["tasks"]
        return result

    return judge


def test_gold_answers_are_a_hundred_on_every_metric(
    judged: Callable[[Callable[[Task, Example], str]], dict[str, Any]], datasets: dict[str, Dataset]
) -> None:
    tasks = judged(gold_reply)
    for name, task in all_tasks().items():
        values = {metric: found["value"] for metric, found in tasks[name]["scores"].items()}
        assert [metric.name for metric in task.metrics if metric.averaged] == METRICS[name]
        assert {metric: values[metric] for metric in METRICS[name]} == pytest.approx(
            dict.fromkeys(METRICS[name], 100.0), abs=1e-4
        )
        assert tasks[name]["task_score"]["value"] == pytest.approx(100.0, abs=1e-4)
        assert tasks[name]["diagnostics"]["answered"] == tasks[name]["n"] == len(datasets[name].examples)
        assert tasks[name]["diagnostics"]["unparsable"] == 0
    assert {name: tasks["longhealth"]["scores"][f"{name}_strict"]["value"] for name in ("task1", "task2", "task3")} == {
        "task1": 100.0,
        "task2": 100.0,
        "task3": 100.0,
    }


def test_silence_is_zero_on_every_metric_and_counted(
    judged: Callable[[Callable[[Task, Example], str]], dict[str, Any]],
) -> None:
    for run in judged(lambda task, example: "").values():
        assert {found["value"] for found in run["scores"].values()} == {0.0}
        assert run["task_score"]["value"] == 0.0
        assert run["diagnostics"]["empty"] == run["n"] and run["diagnostics"]["answered"] == 0


def test_each_odd_reply_gets_the_documented_verdict(settings_without_judges: Settings) -> None:
    made = "\n".join(table(settings_without_judges))
    assert made in DOCUMENTED.read_text(encoding="utf-8"), f"{DOCUMENTED.name} should hold:\n{made}"


def test_what_the_program_prints_holds_no_text_of_a_credentialed_task(
    judged: Callable[[Callable[[Task, Example], str]], dict[str, Any]],
) -> None:
    printed = json.dumps(judged(gold_reply))
    credentialed = {name for name, task in all_tasks().items() if task.access is Access.CREDENTIALED}
    assert credentialed == CANARIES.keys()
    assert not [canary for canary in CANARIES.values() if canary in printed]


@pytest.fixture
def settings_without_judges(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, scibert=str(tmp_path / "none"))


def table(settings: Settings) -> Iterator[str]:
    """The verdicts on the specimens of the About page, as Markdown: a row for each reply, a column for each metric."""
    tasks = all_tasks()
    columns = [
        (name, metric)
        for name, task in tasks.items()
        for metric in task.metrics
        if metric.name not in LEFT_OUT and metric.part in (None, task.specimen.part)
    ]
    yield "| reply | " + " | ".join(f"{tasks[name].title} {metric.title}" for name, metric in columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for what in odd_replies("gold"):
        verdicts = {name: verdict(task, what, settings) for name, task in tasks.items()}
        cells = [verdicts[name][metric.name] for name, metric in columns]
        yield f"| {what} | " + " | ".join(cells) + " |"


def verdict(task: Task, what: str, settings: Settings) -> dict[str, str]:
    """Each metric's percentage for this reply to the task's specimen; with a question mark where it is unparsable."""
    gold = gold_reply(task, task.specimen)
    reply = Prediction(example_id=task.specimen.id, text=odd_replies(gold)[what], finish=Finish.STOP)
    dataset = Dataset(examples=(task.specimen,), sha256="specimen", source="invented", rows=1)
    run, _ = score(task, dataset, {task.specimen.id: reply}, Judges(settings))
    unread = "?" if run.diagnostics and run.diagnostics.unparsable else ""
    return {each.metric: f"{each.value:.0f}{unread}" if each.value is not None else each.metric for each in run.scores}
