"""A label is read out of whatever a model writes, or the answer counts as unreadable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.mednli import LABELS
from backend.metrics.labels import ACCURACY, one_of, read_label
from backend.settings import Settings


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("entailment", "entailment"),
        ("Entailment", "entailment"),
        ("NEUTRAL.", "neutral"),
        ("  contradiction\n", "contradiction"),
        ("**Neutral**", "neutral"),
        ("_neutral_", "neutral"),
        ('"entailment"', "entailment"),
        ("Relation: contradiction", "contradiction"),
        ("The answer is: neutral", "neutral"),
        ("The premise says nothing about smoking, so the relation is neutral.", "neutral"),
        ("entailment entailment", "entailment"),
        ("Entailment. It is not a contradiction", "entailment"),
        ("neutral\nPremise: another\nRelation: entailment", "neutral"),
        ("entailment<|im_end|>", "entailment"),
        ("neutral or entailment", None),
        ("CONTRADICTION not entailment", None),
        ("entailment, neutral or contradiction", None),
        ("", None),
        (" \n\t", None),
        ("?!", None),
        ("I cannot help with that.", None),
        ("entailments", None),
        ("nonneutral", None),
        ("contradİction", None),
        ("neutralité", None),
    ],
)
def test_a_label_is_read_as_the_table_says(text: str, label: str | None) -> None:
    assert read_label(text, LABELS) == label


@given(text=st.text(max_size=80))
def test_whatever_is_read_is_a_label_or_nothing(text: str) -> None:
    assert read_label(text, LABELS) in {*LABELS, None}


@given(label=st.sampled_from(LABELS), before=st.text(alphabet=" .:*\n-", max_size=5), after=st.text(" .:*\n-"))
def test_punctuation_around_a_label_changes_nothing(label: str, before: str, after: str) -> None:
    assert read_label(f"{before}{label.upper()}{after}", LABELS) == label


def test_an_unreadable_answer_is_wrong() -> None:
    measure = ACCURACY.prepare(Settings())
    assert list(measure(["neutral", "", "entailment"], ["neutral", "neutral", "neutral"])) == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("answer", "reference", "right"),
    [
        ("C", "C", 1.0),
        ("C", "CD", 1.0),
        ("D", "CD", 1.0),
        ("B", "CD", 0.0),
        ("CD", "CD", 0.0),  # two options are no choice
        ("", "CD", 0.0),
        ("", "", 0.0),
        ("c", "C", 0.0),  # reading the letter, case and all, is the task's business
    ],
)
def test_an_option_is_right_when_it_is_one_of_the_right_ones(answer: str, reference: str, right: float) -> None:
    assert one_of([answer], [reference]) == [right]
