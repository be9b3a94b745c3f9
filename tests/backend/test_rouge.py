"""ROUGE is held against rouge-score 0.1.2, bit for bit."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from backend.metrics.rouge import ROUGE_1, ROUGE_2, ROUGE_L, agreement_l, agreement_n, rouge_l
from backend.settings import Settings

SCORER = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
WORDS = st.lists(st.sampled_from(["fever", "Fever", "is", "the", "cause", "39", "39.5", "of", "İ", "ı"]), max_size=60)
TEXTS = st.one_of(st.text(max_size=200), WORDS.map(" ".join), st.text(alphabet="aAbB .,-\u00a0\u2028İß1", max_size=60))


def defined(answer: str, reference: str) -> list[tuple[float, float, float]]:
    """Precision, recall and F of each."""
    scores = SCORER.score(reference, answer)
    return [tuple(scores[name]) for name in ("rouge1", "rouge2", "rougeL")]


@given(answer=TEXTS, reference=TEXTS)
@example(answer="", reference="")
@example(answer="", reference="What is gout?")
@example(answer="?!. --", reference="What is gout?")
@example(answer="İstanbul fever", reference="i̇stanbul Fever")
@example(answer="chest\u00a0pain", reference="chest pain")
@example(answer="39.5 °C and 120/80", reference="39 5 C 120 80")
@example(answer="a " * 3000, reference="b a " * 1500)
def test_rouge_is_bit_equal_to_rouge_score(answer: str, reference: str) -> None:
    ours = [agreement_n(answer, reference, 1), agreement_n(answer, reference, 2), agreement_l(answer, reference)]
    assert ours == defined(answer, reference)


@given(text=WORDS.map(" ".join))
def test_a_text_against_itself_is_one_unless_it_has_no_words(text: str) -> None:
    has_words = any(character.isascii() and character.isalnum() for character in text.lower())
    assert rouge_l(text, text) == pytest.approx(float(has_words))


def test_an_empty_answer_scores_zero_in_every_rouge() -> None:
    for metric in (ROUGE_1, ROUGE_2, ROUGE_L):
        assert list(metric.prepare(Settings())(["", "is it gout"], ["is it gout", "is it gout"])) == [0.0, 1.0]


def test_answers_and_references_of_different_number_are_an_error() -> None:
    with pytest.raises(ValueError):
        ROUGE_L.prepare(Settings())(["one", "two"], ["one"])
