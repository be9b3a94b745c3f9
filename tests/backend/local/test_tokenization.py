"""Remembered paragraphs give the tokens of the whole text, whatever the tokenizer; common ones are remembered."""

from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.engines.local import tokenization
from backend.engines.local.tokenization import ParagraphTokenizer, paragraphs
from tests.backend.local.vocabularies import ADVERSARIAL, PLAUSIBLE, TURN, hesitant
from tests.loopback.models import clinical_sentences

WORDS = ("Fever.", "fever", "Dear colleague,", "pulse 96/min", "/1", "12345", "{}", "'s", "Aa", "</s>")
BLANKS = (" ", "  ", "\t", "\n", "\n\n", "\n\n\n", "\r\n\r\n", "\r\n", "\u00a0", "\u2028", "\x1c", "\u200b")
LETTERS = ("é", "e\u0301", "\u0301", "İ ß", "\U0001f600")
PIECES = (*WORDS, *BLANKS, *LETTERS, TURN, f"{TURN}\n\n", f"\n\n{TURN}", "Fever.\n\n", "Aa\n\n")
texts = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@cache
def tokenizer(name: str) -> Any:
    return (PLAUSIBLE | ADVERSARIAL)[name]()


@pytest.mark.parametrize("name", PLAUSIBLE | ADVERSARIAL)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(several=st.lists(texts, min_size=1, max_size=6), specials=st.booleans())
def test_ids_are_those_of_the_whole_text(name: str, several: list[str], specials: bool) -> None:
    ours = ParagraphTokenizer(tokenizer(name), specials=specials)
    for text in several:
        assert ours.ids(text) == tokenizer(name)(text, add_special_tokens=specials)["input_ids"]


class Counted:
    """A tokenizer that counts how often it is asked."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.asked = inner, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __call__(self, *texts: Any, **options: Any) -> Any:
        self.asked += 1
        return self.inner(*texts, **options)


def ward_texts(prompts: int = 60) -> list[str]:
    """Prompts with five of twelve documents each, in changing order, and a question of their own."""
    random, lines = Random(3), list(clinical_sentences())
    documents = [
        f"--- Report {number} ---\n\n" + "\n\n".join(" ".join(random.sample(lines, 3)) for _ in range(12))
        for number in range(12)
    ]
    return [
        "\n\n".join(["Answer with one letter.", *random.sample(documents, 5), f"Question {number}: {lines[number]}\n"])
        for number in range(prompts)
    ]


@pytest.mark.parametrize("name", ["gpt-2", "llama 3", "llama 2", "llama 2, always", "phi 3", "gemma", "bert"])
def test_common_tokenizers_are_asked_about_each_paragraph_and_its_neighbours_once(name: str) -> None:
    counted = Counted(tokenizer(name))
    ours, asked = ParagraphTokenizer(counted, specials=True), ward_texts()
    found = [ours.ids(text) for text in asked]
    assert ours.remembers
    assert counted.asked < 0.2 * sum(1 for text in asked for _ in paragraphs(text))
    assert found == [tokenizer(name)(text)["input_ids"] for text in asked]


def test_what_stands_before_a_paragraph_may_change_its_tokens() -> None:
    """A mark that eats the blanks after it starts a new stretch of text, and that starts with a blank of its own."""
    ours = ParagraphTokenizer(tokenizer("phi 3"), specials=False)
    for text in ("Fever.\n\nAa.\n\nx", f"{TURN}\n\nAa.\n\nx", f"{TURN}{' ' * 90}\n\nAa.\n\nx"):
        assert ours.ids(text) == tokenizer("phi 3")(text, add_special_tokens=False)["input_ids"]
    assert ours.remembers


@pytest.mark.parametrize("name", ["looks at the end", "looks back", "one word", "cuts evenly"])
def test_a_tokenizer_that_may_look_far_is_not_trusted(name: str) -> None:
    assert not ParagraphTokenizer(tokenizer(name), specials=True).remembers


def test_chance_is_not_remembered() -> None:
    assert not ParagraphTokenizer(hesitant(), specials=False).remembers


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenization, "MOST_CHARACTERS", 5_000)
    ours = ParagraphTokenizer(tokenizer("gpt-2"), specials=False)
    for number in range(300):
        text = f"Patient {number}.\n\nPulse {number}/min.\n\nEnd"
        assert ours.ids(text) == tokenizer("gpt-2")(text)["input_ids"][1:]
        assert sum(len(part) for key in ours._known for part in key) <= 5_000
