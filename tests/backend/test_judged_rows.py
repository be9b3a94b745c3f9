"""Rows of the board are compared by the values that are kept of them, where those are of one and the same data."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from backend.comparison import Hindrance, Place, board_ranges, compare_rows
from backend.domain import LEVEL_TASKS, Run, Score, ScoredExample, Task
from backend.judged import Judged, agrees, judged_of
from tests.backend.toys import metric, same, toy_task

TOY = toy_task("mednli", metrics=[metric("same", same)])
SIX = [toy_task(name, metrics=[metric("same", same)]) for names in LEVEL_TASKS.values() for name in names]
SECRET = "Mrs Doe was admitted"


def judged(values: Sequence[float], task: str = "mednli", *, size: int = 1, sha: str = "d", version: int = 1) -> Judged:
    """What a run is worth whose examples had these values."""
    return judged_of(run(task, sha=sha, version=version), examples(values, size))


def examples(values: Sequence[float | None], size: int = 1) -> list[ScoredExample]:
    return [
        ScoredExample(
            example_id=f"note-{number}",
            item=f"note-{number}",
            cluster=f"patient-{number // size}",
            answer=SECRET,
            reference=SECRET,
            metrics={"same": value},
        )
        for number, value in enumerate(values)
    ]


def run(task: str, value: float = 0.0, *, sha: str = "d", version: int = 1) -> Run:
    score = Score(metric="same", value=value, low=None, high=None, n=1)
    return Run(task=task, version=version, dataset_sha256=sha, scores=(score,), task_score=score, diagnostics=None)


def test_values_are_kept_with_numbers_for_names() -> None:
    made = judged_of(run("mednli"), examples([1.0, None, 0.5], size=2))
    assert made.metrics == ("same",) and made.items.tolist() == [0, 1, 2] and made.clusters.tolist() == [0, 0, 1]
    assert np.array_equal(made.values, [[1.0, np.nan, 0.5]], equal_nan=True)
    assert judged([1.0, 1.0]).layout == judged([0.0, 0.0]).layout != judged([1.0, 1.0], size=2).layout


@pytest.mark.parametrize(("published", "right"), [(75.0, True), (75.0 + 1e-7, True), (75.001, False), (None, True)])
def test_values_are_believed_when_the_published_score_is_their_mean(published: float | None, right: bool) -> None:
    score = Score(metric="same", value=published, low=None, high=None, n=4)
    assert agrees(judged([1, 1, 1, 0]), {"same": score}) is right
    if published is not None:
        assert not agrees(judged([1, 1, 1, 0]), {"other": replace(score, metric="other")})


def test_two_rows_worked_by_hand() -> None:
    rows = [{"mednli": judged([1, 1, 1, 0, 1, 1])}, {"mednli": judged([1, 0, 0, 0, 1, 0])}]
    compared = compare_rows([TOY], rows, [(0, 1), (1, 0)])
    there, back = compared.records("mednli")
    assert there and back and there["difference"] == pytest.approx(50) and back["difference"] == pytest.approx(-50)
    assert there["n"] == 6 and compared.tests("mednli") == 2 and compared.hindrance("mednli", 0) is None
    assert compared.records("overall") == [None, None] and compared.records("unknown") == [None, None]


@pytest.mark.parametrize(
    ("other", "hindrance"),
    [
        (judged([1, 0, 1, 0], version=2), Hindrance.OTHER_DATA),
        (judged([1, 0, 1, 0], sha="e"), Hindrance.OTHER_DATA),
        (judged([1, 0, 1, 0], size=2), Hindrance.OTHER_DATA),
        (Hindrance.NOT_KEPT, Hindrance.NOT_KEPT),
        (Hindrance.OTHER_JUDGING, Hindrance.OTHER_JUDGING),
    ],
)
def test_what_cannot_be_compared_says_why_and_hinders_no_other_pair(
    other: Judged | Hindrance, hindrance: Hindrance
) -> None:
    mine, yours = judged([1, 1, 1, 1, 0, 1]), judged([0, 0, 0, 1, 0, 1])
    rows: list[Mapping[str, Judged | Hindrance]] = [{"mednli": mine}, {"mednli": other}, {"mednli": yours}]
    compared = compare_rows([TOY], rows, [(0, 1), (0, 2)])
    assert compared.records("mednli")[0] is None and compared.hindrance("mednli", 0) is hindrance
    assert compared.records("mednli")[1] and compared.hindrance("mednli", 1) is None
    assert compared.hindrance("level_1", 0) is hindrance and compared.hindrance("level_1", 1) is None


def test_without_anything_kept_nothing_is_found() -> None:
    compared = compare_rows([TOY], [{}, {}], [(0, 1)])
    assert compared.records("mednli") == [None] and compared.hindrance("mednli.same", 0) is Hindrance.NOT_KEPT


def ranked(rows: Sequence[dict[str, Judged]], tasks: Sequence[Task]) -> dict[str, list[Place]]:
    return board_ranges(len(rows), tasks, lambda row, task: rows[row].get(task, Hindrance.NOT_KEPT))


def test_the_board_is_ranked_in_every_cell_that_is_whole() -> None:
    rng = np.random.default_rng(5)
    rows = [
        {task.name: judged((rng.random(60) / 2 + lift).tolist(), task.name) for task in SIX} for lift in (0, 0.4, 0)
    ]
    found = ranked(rows, SIX)
    assert set(found) == {"overall", "level_1", "level_2", *(task.name for task in SIX)}
    assert all(cell == [(2, 3), (1, 1), (2, 3)] for cell in found.values())
    del rows[0]["mednli"]
    found = ranked(rows, SIX)
    assert found["mednli"] == found["level_1"] == found["overall"] == [Hindrance.NOT_KEPT, (1, 1), (2, 2)]
    assert found["level_2"] == [(2, 3), (1, 1), (2, 3)]


def test_the_minority_on_another_version_has_no_range() -> None:
    rng = np.random.default_rng(4)
    values = [(rng.random(60) / 2 + lift).tolist() for lift in (0, 0.4, 0)]
    rows = [{"mednli": judged(one, version=version)} for one, version in zip(values, (1, 1, 2), strict=True)]
    assert ranked(rows, [TOY]) == {"mednli": [(2, 2), (1, 1), Hindrance.OTHER_DATA]}
    assert ranked(rows[1:], [TOY])["mednli"] == [Hindrance.OTHER_DATA, None]
    assert ranked([{}, {}], [TOY]) == {}


def test_a_missing_metric_is_no_zero() -> None:
    two = toy_task("mednli", metrics=[metric("same", same), metric("umls", same)])
    half = judged([1, 1, 1, 0])
    assert ranked([{"mednli": half}, {"mednli": half}], [two]) == {}


def test_without_single_metrics_the_tasks_differ_by_as_much_and_as_surely() -> None:
    rng = np.random.default_rng(6)
    three = toy_task("mednli", metrics=[metric("one", same), metric("two", same), metric("umls", same)])
    values = rng.random((4, 3, 40))
    values[2, 2] = np.nan  # one metric could not be measured
    rows = [{"mednli": replace(judged(row[0].tolist()), metrics=("one", "two", "umls"), values=row)} for row in values]
    pairs = [(0, 1), (2, 3), (3, 0)]
    whole, short = (compare_rows([three], rows, pairs, metrics=one).records("mednli") for one in (True, False))
    assert whole[1] is None and short[1] is None
    for place in (0, 2):
        told, again = whole[place], short[place]
        assert told and again and {**again, "finding": told["finding"]} == pytest.approx(told)
    assert compare_rows([three], rows, pairs, metrics=False).records("mednli.one") == [None] * 3
