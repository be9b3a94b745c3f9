"""What is known to be wrong in the published numbers, and what is done here instead."""

import pytest

from backend.datasets.mednli import LABELS
from backend.domain import Metric
from backend.icd import codes, known_code
from backend.metrics.icd10 import APPROXIMATE_F1, EXACT_F1, VALID_CODES
from backend.metrics.labels import ACCURACY, one_of, read_label
from backend.metrics.rouge import ROUGE_1, ROUGE_2, ROUGE_L
from backend.settings import Settings


def measured(metric: Metric, answer: str, reference: str) -> float:
    return metric.prepare(Settings())([answer], [reference])[0]


@pytest.mark.parametrize(
    ("metric", "right", "wrong"),
    [(ACCURACY, "neutral", "entailment"), (ROUGE_L, "gout", "fever"), (EXACT_F1, "I10", "J18.9")],
    ids=lambda value: value.name if isinstance(value, Metric) else None,
)
def test_the_first_item_counts_once(metric: Metric, right: str, wrong: str) -> None:
    """Published: it is appended twice, so one right answer among four, the first, gives 0.4."""
    values = metric.prepare(Settings())([right, wrong, wrong, wrong], [right] * 4)
    assert list(values) == [1.0, 0.0, 0.0, 0.0]
    assert sum(values) / len(values) == 0.25


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("entailment, neutral, contradiction", None),  # published: always right
        ("neutral or entailment", None),  # published: right whichever of the two is gold
        ("CONTRADICTION not entailment", None),  # published: right for contradiction and for entailment
        ("entailment entailment", "entailment"),  # published: wrong, because it must occur exactly once
    ],
)
def test_naming_several_labels_is_no_answer(text: str, read: str | None) -> None:
    assert read_label(text, LABELS) == read
    right = [measured(ACCURACY, read_label(text, LABELS) or "", gold) for gold in LABELS]
    assert right == [float(gold == read) for gold in LABELS]


def test_a_code_written_twice_counts_once() -> None:
    """Published: I10, I10, E11.9 against I10 has a precision of 2/3, so that repeating what is sure pays: F1 4/5."""
    assert measured(EXACT_F1, "I10, I10, E11.9", "I10") == pytest.approx(2 / 3)
    assert measured(EXACT_F1, "I10, E11.9", "I10") == pytest.approx(2 / 3)
    assert measured(VALID_CODES, "I10, I10, B12", "I10") == pytest.approx(1 / 2)


def test_a_code_that_stands_twice_in_the_reference_counts_once() -> None:
    """Published: two ICD-9 codes that become one ICD-10 code leave it twice in gold, and recall below 1."""
    assert measured(EXACT_F1, "I10, E11.9", "I10, I10, E11.9") == 1.0


UNREAD = ("M1A.0710", "Z3A.20", "O9A.11", "C4A.0", "C7A.00", "C7B.00", "D3A.00", "U07.1", "U09.9", "J4A.0", "QA0.0151")


@pytest.mark.parametrize("code", UNREAD)
def test_codes_that_the_published_pattern_cannot_read_are_read(code: str) -> None:
    """Published: a third character that is a letter, and the chapter of U; so a perfect answer stays below 1."""
    assert codes(code) == {code.replace(".", "")} and known_code(code)
    for metric in (EXACT_F1, APPROXIMATE_F1, VALID_CODES):
        assert measured(metric, f"1. {code}", code) == 1.0


@pytest.mark.parametrize("code", ["I48.11", "N18.31", "F32.A", "R05.1", "J12.82", "E66.811", "I24.81", "U07.1"])
def test_codes_newer_than_the_published_table_are_valid(code: str) -> None:
    """Published: looked up in a table of the fiscal year 2019 with the additions of 2023."""
    assert measured(VALID_CODES, code, code) == 1.0


def test_lower_case_is_read() -> None:
    """Published: never."""
    assert measured(EXACT_F1, "i10, e11.9", "I10, E11.9") == 1.0


def test_the_beginning_of_something_longer_is_no_code() -> None:
    """Published: A41.9XYZW9 is read as A41."""
    assert codes("A41.9XYZW9") == frozenset()
    assert measured(APPROXIMATE_F1, "A41.9XYZW9", "A41.9") == 0.0


def test_a_reference_without_codes_is_no_crash_and_no_credit() -> None:
    """Published the same; here the builder leaves such letters out and counts them."""
    assert [measured(metric, "I10", "") for metric in (EXACT_F1, APPROXIMATE_F1)] == [0.0, 0.0]


def test_either_of_two_equal_options_is_right() -> None:
    """Published: LongHealth has a question with the right value under C and D, and D is wrong."""
    assert one_of(["C", "D", "E", ""], ["CD"] * 4) == [1.0, 1.0, 0.0, 0.0]


def test_an_empty_answer_is_worth_nothing_in_any_rouge() -> None:
    """Published the same; kept, because nothing was said."""
    assert [measured(metric, "", "what is gout") for metric in (ROUGE_L, ROUGE_1, ROUGE_2)] == [0.0, 0.0, 0.0]
