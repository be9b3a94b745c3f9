"""A model's question and answer are read however it dresses them up, or not at all."""

import pytest

from backend.builders.pairs import Pair, ask_for_pair, read_pair
from backend.builders.statements import Statement
from backend.domain import Finish, Prediction, Role, Window

FACT = Statement(id="n-1/2", note_id="n-1", text="The patient should take the pills for 5 days.")
PAIR = Pair(
    id="n-1/2",
    note_id="n-1",
    question="How long do I take the pills?",
    answer="Take the pills for 5 days.",
    statement=FACT.text,
)


def read(text: str, finish: Finish = Finish.STOP) -> Pair | None:
    return read_pair(FACT, Prediction(example_id=FACT.id, text=text, finish=finish))


def test_the_prompt_is_about_one_fact() -> None:
    prompt = ask_for_pair(FACT, Window(None, len))
    assert prompt.example_id == FACT.id and prompt.messages[0].role is Role.SYSTEM
    assert prompt.messages[-1].content == f"Fact: {FACT.text}\n\nQuestion and answer:"


@pytest.mark.parametrize(
    "text",
    [
        "Question: How long do I take the pills?\nAnswer: Take the pills for 5 days.",
        "question:How long do I take the pills? answer:Take the pills for 5 days.",
        "**Question:** How long do I take the pills?\n\n**Answer:** Take the pills\nfor 5 days.",
        "**Question**: How long do I take the pills?\n**Answer**: **Take the pills for 5 days.**",
        "<think>Question: no</think>\n### Question: How long do I take\nthe pills?\n### Answer:\nTake "
        "the pills for 5 days.",
        'Question: "How long do I take the pills?"\nAnswer: "Take the pills for 5 days."',
        "Sure!\nQuestion: How long do I take the pills?\nAnswer: Take the pills for 5 days.\n\nI hope this helps.",
        "Question: How long do I take the pills?\nAnswer: Take the pills for 5 days.\nQuestion: Why?\nAnswer: Because.",
    ],
)
def test_the_first_pair_is_read_and_nothing_around_it(text: str) -> None:
    assert read(text) == PAIR


@pytest.mark.parametrize(
    "text",
    ["", "NONE", "Question: How long?", "Answer: 5 days.", "Question:\nAnswer: 5 days.", "Question: How?\nAnswer: **"],
)
def test_what_lacks_a_part_is_no_pair(text: str) -> None:
    assert read(text) is None


def test_what_was_cut_off_or_never_asked_is_no_pair() -> None:
    text = "Question: How long do I take the pills?\nAnswer: Take the pills for"
    assert read(text, Finish.LENGTH) is None and read("", Finish.REFUSED) is None
