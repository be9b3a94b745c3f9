"""A result is judged again from its answers: what changed is told, and what cannot be judged stays as published."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from backend.domain import (
    PROTOCOL,
    Dataset,
    Edition,
    Finish,
    Measure,
    Metric,
    Model,
    Prediction,
    Result,
    Task,
)
from backend.errors import MetricUnavailable
from backend.rescoring import Evidence, Skip, rejudge
from backend.scoring import Judges, score, unmeasured
from backend.settings import Settings
from tests.storage.records import toy_dataset, toy_metric, toy_task

FIRST, SECOND = toy_task("first"), toy_task("second")
ANSWERS = ("yes", "no", "maybe")
REASON = "The encoder is not installed."


def predictions(task: Task) -> dict[str, Prediction]:
    examples = toy_dataset(task.name).examples
    return {
        example.id: Prediction(example_id=example.id, text=text, finish=Finish.STOP)
        for example, text in zip(examples, ANSWERS, strict=True)
    }


def judged_by(measure: Callable[[str], float], name: str = "exact") -> Metric:
    def judge(answers: Sequence[str], references: Sequence[str]) -> list[float]:
        return [measure(answer) for answer in answers]

    return replace(toy_metric(name), prepare=lambda settings: judge)


def unavailable(name: str = "exact") -> Metric:
    def prepare(settings: Settings) -> Measure:
        raise MetricUnavailable(REASON)

    return replace(toy_metric(name), prepare=prepare)


def with_metrics(task: Task, *metrics: Metric) -> Task:
    return replace(task, metrics=metrics)


def published(*tasks: Task) -> Result:
    """The result of a model that wrote ANSWERS for each task."""
    judges = Judges(Settings())
    return Result(
        model=Model(hub_id="acme/tiny", revision="c" * 40),
        edition=Edition.FULL,
        protocol=PROTOCOL,
        engine="toy",
        manifest={"numpy": "1.0"},
        runs=tuple(score(task, toy_dataset(task.name), predictions(task), judges)[0] for task in tasks),
    )


def evidence(
    *tasks: Task,
    dataset: Callable[[Task], Dataset | str] = lambda task: toy_dataset(task.name),
    kept: Callable[[Task], Mapping[str, Prediction] | str] = predictions,
) -> Evidence:
    return Evidence(
        tasks={task.name: task for task in tasks},
        judges=Judges(Settings()),
        dataset=lambda task, edition: dataset(task),
        kept=lambda result, task, dataset: kept(task),
        facts={"numpy": "2.0"},
    )


def test_the_same_answers_judged_by_the_same_metrics_change_nothing() -> None:
    result = published(FIRST, SECOND)
    rejudged = rejudge(result, evidence(FIRST, SECOND))
    assert rejudged.result == result and rejudged.changes == () and rejudged.skipped == ()


def test_a_metric_that_judges_otherwise_changes_its_score_and_the_tasks() -> None:
    result = published(FIRST, SECOND)
    kinder = with_metrics(FIRST, judged_by(lambda answer: float(answer in {"yes", "maybe"})))
    rejudged = rejudge(result, evidence(kinder, SECOND))
    assert [(one.task, one.metric) for one in rejudged.changes] == [("first", "exact"), ("first", "task_score")]
    for one in rejudged.changes:
        assert one.old is not None and one.old.value == pytest.approx(100 / 3)
        assert one.new is not None and one.new.value == pytest.approx(200 / 3)
    assert rejudged.result.runs[0].task_score == rejudged.changes[1].new
    assert rejudged.result.runs[1] is result.runs[1]
    assert rejudged.result.manifest == {"numpy": "1.0", "rescored_numpy": "2.0"}


def test_a_metric_that_is_new_or_gone_is_a_change() -> None:
    result = published(FIRST)
    other = with_metrics(FIRST, toy_metric("other"))
    found = {one.metric: (one.old is None, one.new is None) for one in rejudge(result, evidence(other)).changes}
    assert found == {"exact": (False, True), "other": (True, False)}


def test_what_could_not_be_measured_and_now_can_is_a_change() -> None:
    result = published(with_metrics(FIRST, toy_metric(), unavailable("other")))
    now = with_metrics(FIRST, toy_metric(), toy_metric("other"))
    changes = rejudge(result, evidence(now)).changes
    assert [(one.metric, one.old and one.old.value) for one in changes] == [("other", None), ("task_score", None)]


def test_a_difference_of_rounding_is_none() -> None:
    result = published(with_metrics(FIRST, judged_by(lambda answer: 0.5)))
    shifted = with_metrics(FIRST, judged_by(lambda answer: 0.5 + 1e-13))
    assert rejudge(result, evidence(shifted)).changes == ()
    moved = with_metrics(FIRST, judged_by(lambda answer: 0.5 + 1e-10))
    assert rejudge(result, evidence(moved)).changes != ()


CANNOT_BE_JUDGED = {
    "no task": (evidence(), "The benchmark has no such task any more."),
    "another version": (
        evidence(replace(FIRST, version=2)),
        "It was asked with version 1 of the task, which is at version 2 now.",
    ),
    "no data": (evidence(FIRST, dataset=lambda task: "It is not installed."), "It is not installed."),
    "other data": (
        evidence(FIRST, dataset=lambda task: toy_dataset("first", sha256="e" * 64)),
        "The data file is not the one that it was asked with.",
    ),
    "no answers": (evidence(FIRST, kept=lambda task: "They were removed."), "They were removed."),
    "some answers": (
        evidence(FIRST, kept=lambda task: dict([*predictions(task).items()][:1])),
        "2 of 3 answers are not kept.",
    ),
    "no metric": (evidence(with_metrics(FIRST, unavailable())), REASON),
}


@pytest.mark.parametrize("case", CANNOT_BE_JUDGED)
def test_what_cannot_be_judged_again_stays_as_published_and_says_why(case: str) -> None:
    given, reason = CANNOT_BE_JUDGED[case]
    result = published(FIRST)
    rejudged = rejudge(result, given)
    assert rejudged.skipped == (Skip(task="first", reason=reason),)
    assert rejudged.result == result and rejudged.changes == ()


def test_only_the_tasks_that_are_asked_for_are_judged() -> None:
    harsh = judged_by(lambda answer: 0.0)
    given = evidence(with_metrics(FIRST, harsh), with_metrics(SECOND, harsh))
    changes = rejudge(published(FIRST, SECOND), given, ["second"]).changes
    assert {one.task for one in changes} == {"second"}


def test_a_run_that_was_never_measured_is_passed_over() -> None:
    result = replace(published(FIRST), runs=(unmeasured(FIRST, "The data file is not installed."),))
    rejudged = rejudge(result, evidence(FIRST))
    assert rejudged.result == result and rejudged.skipped == ()
