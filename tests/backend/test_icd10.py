"""ICD-10-CM metrics by hand: sets of codes, sets of categories, and the share of codes that exist."""

import pytest

from backend.domain import Metric
from backend.metrics.icd10 import APPROXIMATE_F1, BILLABLE_CODES, EXACT_F1, VALID_CODES
from backend.settings import Settings


def measured(metric: Metric, answer: str, reference: str = "I10") -> float:
    return metric.prepare(Settings())([answer], [reference])[0]


@pytest.mark.parametrize(
    ("answer", "reference", "exact", "approximate"),
    [
        ("I10, E11.9", "E119,I10", 1, 1),
        ("I10", "I10, E11.9", 2 / 3, 2 / 3),  # P 1, R 1/2
        ("I10, E11.9, N18.30", "I10", 1 / 2, 1 / 2),  # P 1/3, R 1
        ("E11.9", "E11.65", 0, 1),
        ("E11.9, E11.65", "E11.9, I10", 1 / 2, 2 / 3),  # categories: {E11} against {E11, I10}
        ("E11.9", "E11.9, E11.65", 2 / 3, 1),
        ("I48.11, I10", "I48.91, I10, J18.9", 2 / 5, 4 / 5),
        ("J18.9", "I10", 0, 0),
        ("", "I10", 0, 0),
        ("I do not know", "I10", 0, 0),
        ("I10", "", 0, 0),
        ("", "", 0, 0),
    ],
)
def test_f1_is_as_computed_by_hand(answer: str, reference: str, exact: float, approximate: float) -> None:
    assert measured(EXACT_F1, answer, reference) == pytest.approx(exact)
    assert measured(APPROXIMATE_F1, answer, reference) == pytest.approx(approximate)


@pytest.mark.parametrize(
    ("answer", "valid", "billable"),
    [
        ("I10, E11.9", 1, 1),
        ("E11, I48, I48.1", 1, 0),  # categories exist and are on no bill
        ("E11, I10", 1, 1 / 2),
        ("I10, B12", 1 / 2, 1 / 2),
        ("I10, I10, B12", 1 / 2, 1 / 2),
        ("B12 T10 X99.ZZ", 0, 0),
        ("I10-I16", 1, 1 / 2),
        ("U07.1, I48.11, N18.31, F32.A, G93.32, E66.811", 1, 1),
        ("Chapter 9, A00-A0", 1, 0),
        ("", 0, 0),
        ("none", 0, 0),
    ],
)
def test_the_share_of_codes_that_exist_is_as_computed_by_hand(answer: str, valid: float, billable: float) -> None:
    assert measured(VALID_CODES, answer) == pytest.approx(valid)
    assert measured(BILLABLE_CODES, answer) == pytest.approx(billable)


def test_the_reference_does_not_matter_for_the_share_of_codes_that_exist() -> None:
    assert {measured(VALID_CODES, "I10, B12", reference) for reference in ("", "I10", "J18.9")} == {0.5}


def test_the_release_stands_in_the_manifest_and_only_three_of_the_four_in_the_task_score() -> None:
    assert VALID_CODES.facts(Settings())["icd10cm_release"] == "April 2026"
    assert BILLABLE_CODES.facts(Settings()) == VALID_CODES.facts(Settings())
    assert [metric.averaged for metric in (EXACT_F1, APPROXIMATE_F1, VALID_CODES, BILLABLE_CODES)] == [
        *[True] * 3,
        False,
    ]


@pytest.mark.parametrize("metric", [EXACT_F1, APPROXIMATE_F1, VALID_CODES, BILLABLE_CODES])
def test_answers_and_references_of_different_number_are_an_error(metric: Metric) -> None:
    with pytest.raises(ValueError):
        metric.prepare(Settings())(["I10", "I10"], ["I10"])
