"""Answers to open tasks can be read again with their verdicts; nothing of a credentialed task is even opened."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.domain import (
    Access,
    Dataset,
    Edition,
    Finish,
    Metric,
    Prediction,
    Prompt,
    Score,
    ScoredExample,
    Task,
    Window,
)
from backend.errors import CredentialedText, NotKept
from backend.settings import Settings
from storage.answered import prompt_of
from storage.answered_runs import AnsweredRuns
from storage.judgements import Judgements
from storage.predictions import Journals, pack_journals
from storage.score_rows import Publication
from tests.canaries import sealed
from tests.storage.records import COMMIT, toy_dataset, toy_result, toy_task

CANARY = sealed("zebrafinch")


def accuracy() -> Metric:
    def measure(answers: object, references: object) -> list[float]:
        assert isinstance(answers, list)
        assert isinstance(references, list)
        return [float(answer == reference) for answer, reference in zip(answers, references, strict=True)]

    return Metric(name="accuracy", title="Accuracy", meaning="right", prepare=lambda settings: measure)


def heavy() -> Metric:
    def prepare(settings: Settings) -> object:
        raise AssertionError("a metric that loads a model was made ready in the page's process")

    return Metric(name="bertscore_f1", title="BERTScore", meaning="heavy", prepare=prepare)  # type: ignore[arg-type]


def a_task(access: Access = Access.OPEN, **about: object) -> Task:
    task = replace(toy_task("meqsum", access=access), metrics=(accuracy(), heavy()))
    return replace(task, **about)  # type: ignore[arg-type]


def unread(folder: Path) -> Dataset:
    raise AssertionError(f"{CANARY}: the data of a credentialed task were opened")


def published(edition: Edition = Edition.FULL) -> Publication:
    result = toy_result("acme/tiny", values={"meqsum": 50.0}, edition=edition)
    return Publication(number=1, hash="f" * 64, submission_id="s1", at=datetime.now(UTC), result=result)


def keep(home: Path, texts: Mapping[str, str], *, revision: str = COMMIT) -> Path:
    """The journal of a run in which the toy task's examples were answered like this."""
    folder = home / "runs" / "s1"
    identity = {"submission": "s1", "model": "acme/tiny", "revision": revision, "edition": "full"}
    task = a_task()
    with Journals(folder, identity)(task, toy_dataset("meqsum"), {"engine": "toy"}) as journal:
        for example_id, text in texts.items():
            journal.append(Prediction(example_id=example_id, text=text, finish=Finish.STOP))
    return folder


TEXTS = {"meqsum-0": "yes", "meqsum-1": "<think>hm</think> yes", "meqsum-2": "no"}


@pytest.mark.parametrize("packed", [False, True])
def test_each_example_comes_with_answer_reference_and_verdict(tmp_path: Path, packed: bool) -> None:
    folder = keep(tmp_path, TEXTS)
    if packed:
        assert pack_journals(folder) == 1
    found = AnsweredRuns(Settings(home=tmp_path, data=tmp_path), [a_task()])(published(), "meqsum")
    assert [(one.example.id, one.answer, one.metrics["accuracy"]) for one in found] == [
        ("meqsum-0", "yes", 1.0), ("meqsum-1", "yes", 1.0), ("meqsum-2", "no", 0.0),
    ]  # fmt: skip
    assert [one.prediction.text for one in found] == list(TEXTS.values())
    assert {one.example.reference for one in found} == {"yes"}


def judged(home: Path, bertscore: tuple[float, ...], *, cluster: str = "", scored: float | None = None) -> Publication:
    """A result with these values kept of it, of examples in clusters of another name if one is given."""
    scores = [Score(metric="accuracy", value=100 * 2 / 3, low=None, high=None, n=3)]
    mean = 100 * sum(bertscore) / 3 if scored is None else scored
    scores.append(Score(metric="bertscore_f1", value=mean, low=None, high=None, n=3))
    plain = published()
    run = replace(plain.result.runs[0], scores=tuple(scores))
    values = [
        ScoredExample(
            example_id=example.id,
            item=example.item or example.id,
            cluster=cluster or example.cluster,
            answer="",
            reference="",
            metrics={"accuracy": right, "bertscore_f1": value},
        )
        for example, right, value in zip(toy_dataset("meqsum").examples, (1.0, 1.0, 0.0), bertscore, strict=True)
    ]
    Judgements(home).keep("s1", run, values)
    return replace(plain, result=replace(plain.result, runs=(run,)))


def test_a_metric_that_loads_a_model_is_told_from_what_was_kept_as_soon_as_it_is(tmp_path: Path) -> None:
    keep(tmp_path, TEXTS)
    runs = AnsweredRuns(Settings(home=tmp_path, data=tmp_path), [a_task()])
    assert [one.metrics["bertscore_f1"] for one in runs(published(), "meqsum")] == [None, None, None]
    publication = judged(tmp_path, (0.5, 0.7, 0.9))
    assert [one.metrics["bertscore_f1"] for one in runs(publication, "meqsum")] == [0.5, 0.7, 0.9]
    assert [one.metrics["accuracy"] for one in runs(publication, "meqsum")] == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("other", [{"cluster": "elsewhere"}, {"scored": 12.0}])
def test_values_of_other_examples_or_of_another_judging_are_not_shown(tmp_path: Path, other: dict[str, Any]) -> None:
    keep(tmp_path, TEXTS)
    publication = judged(tmp_path, (0.5, 0.7, 0.9), **other)
    found = AnsweredRuns(Settings(home=tmp_path, data=tmp_path), [a_task()])(publication, "meqsum")
    assert [one.metrics["bertscore_f1"] for one in found] == [None, None, None]


@pytest.mark.parametrize("name", ["meqsum", "no-such-task"])
def test_nothing_is_opened_for_credentialed_or_unknown_tasks(tmp_path: Path, name: str) -> None:
    keep(tmp_path, {"meqsum-0": CANARY})
    runs = AnsweredRuns(Settings(home=tmp_path), [a_task(Access.CREDENTIALED, load=unread)])
    with pytest.raises(CredentialedText) as refusal:
        runs(published(), name)
    assert CANARY not in str(refusal.value)


def test_the_rehearsal_is_all_invented_and_may_be_shown(tmp_path: Path) -> None:
    keep(tmp_path, TEXTS)
    runs = AnsweredRuns(Settings(home=tmp_path, rehearsal=tmp_path), [a_task(Access.CREDENTIALED)])
    (tmp_path / "SYNTHETIC").touch()
    assert len(runs(published(Edition.REHEARSAL), "meqsum")) == 3


@pytest.mark.parametrize(
    ("task", "revision", "reason"),
    [
        (a_task(version=2), COMMIT, "asked with version 1"),
        (a_task(load=lambda folder: toy_dataset("meqsum", sha256="e" * 64)), COMMIT, "not the one that it was asked"),
        (a_task(), "a" * 40, "not kept"),
    ],
)
def test_answers_of_another_task_data_or_commit_are_not_shown(
    tmp_path: Path, task: Task, revision: str, reason: str
) -> None:
    keep(tmp_path, TEXTS, revision=revision)
    with pytest.raises(NotKept, match=reason):
        AnsweredRuns(Settings(home=tmp_path, data=tmp_path), [task])(published(), "meqsum")


def test_a_task_that_was_not_measured_has_no_answers(tmp_path: Path) -> None:
    result = toy_result("acme/tiny", values={"meqsum": None, "mednli": 3.0}, edition=Edition.FULL)
    with pytest.raises(NotKept, match="not measured"):
        AnsweredRuns(Settings(home=tmp_path, data=tmp_path), [a_task()])(replace(published(), result=result), "meqsum")


def test_only_the_last_few_runs_are_held(tmp_path: Path) -> None:
    keep(tmp_path, TEXTS)
    loads: list[Path] = []

    def load(folder: Path) -> Dataset:
        loads.append(folder)
        return toy_dataset("meqsum")

    runs = AnsweredRuns(Settings(home=tmp_path, data=tmp_path), [a_task(load=load)])
    first = runs(published(), "meqsum")
    assert runs(published(), "meqsum") is first
    for number in range(20):
        runs(replace(published(), hash=f"{number:064x}"), "meqsum")
    assert runs(published(), "meqsum") is not first
    assert len(loads) == 1


def test_the_prompt_is_made_again_with_nothing_left_out() -> None:
    asked: list[Window] = []

    def ask(example: object, window: Window) -> Prompt:
        asked.append(window)
        return Prompt(example_id="meqsum-0", messages=(), max_new_tokens=1)

    task = a_task(ask=ask)
    prompt_of(task, toy_dataset("meqsum").examples[0])
    assert asked[0].tokens is None
