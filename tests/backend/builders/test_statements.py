"""A model's list of facts is read line by line, and only what the instructions say is taken."""

import pytest

from backend.builders.letters import SplitLetter
from backend.builders.pairs import SHOTS, Pair, read_pair
from backend.builders.screening import Drop, fault
from backend.builders.statements import INSTRUCTION, SHOT, Statement, ask_for_statements, numbers, read_statements
from backend.domain import Finish, Prediction, Role, Window
from tests.backend.builders.tables import ADVICE

LETTER = SplitLetter(note_id="n-1", hadm_id="1", note_seq=1, shown="shown", instructions=ADVICE)
LUNGS = "The patient was in the hospital because of an infection of the lungs."
PILLS = "The patient should take the antibiotic pills for 5 more days."


def written(text: str, finish: Finish = Finish.STOP) -> Prediction:
    return Prediction(example_id="n-1", text=text, finish=finish)


def read(text: str, finish: Finish = Finish.STOP) -> tuple[list[str], dict[str, int]]:
    statements, dropped = read_statements(LETTER, written(text, finish))
    return [one.text for one in statements], dict(dropped)


def test_the_prompt_shows_the_instructions_and_nothing_else_of_the_letter() -> None:
    prompt = ask_for_statements(LETTER, Window(None, len))
    assert [turn.role for turn in prompt.messages] == [Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER]
    assert prompt.messages[0].content == INSTRUCTION and prompt.example_id == "n-1"
    assert prompt.messages[-1].content == f"Instructions:\n{ADVICE}\n\nFacts:"
    assert not any("shown" in turn.content.split() for turn in prompt.messages[1:])


@pytest.mark.parametrize("mark", ["", "- ", "* ", "\u2022 ", "1. ", "(2) ", "12) ", "  3:  "])
def test_each_line_is_a_statement_with_an_id_of_its_own(mark: str) -> None:
    statements, dropped = read_statements(LETTER, written(f"{mark}{LUNGS}\n\n{mark}{PILLS}\n"))
    assert statements == [
        Statement(id="n-1/1", note_id="n-1", text=LUNGS),
        Statement(id="n-1/2", note_id="n-1", text=PILLS),
    ]
    assert not dropped


def test_reasoning_before_the_list_is_no_part_of_it() -> None:
    assert read(f"<think>\nThe patient has an infection of the lungs.\n</think>\n{PILLS}") == ([PILLS], {})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Here are the facts of the letter:", "no_fact"),
        ("None.", "no_fact"),
        ("Take antibiotic pills.", "too_short"),
        ("The patient should call ___ about a fever.", "removed_word"),
        ("The patient should take the antibiotic pills for 7 more days.", "not_in_the_instructions"),
        ("The patient underwent coronary bypass surgery last spring.", "not_in_the_instructions"),
        (PILLS.upper(), "repeated"),
    ],
)
def test_a_line_that_is_no_fact_of_the_letter_is_left_out_for_a_reason(line: str, reason: str) -> None:
    assert read(f"{PILLS}\n{line}") == ([PILLS], {reason: 1})


def test_the_last_line_of_a_list_that_was_cut_off_is_left_out() -> None:
    assert read(f"{LUNGS}\n{PILLS}", Finish.LENGTH) == ([LUNGS], {"cut_off": 1})


@pytest.mark.parametrize("text", ["", "NONE", "<think>it never ended"])
def test_a_letter_may_have_no_statements(text: str) -> None:
    statements, dropped = read(text)
    assert statements == [] and dropped["letters_without_statements"] == 1


def test_numbers_are_found_in_digits_and_in_words() -> None:
    assert numbers("Take 2.5 mg for Two days, at 10,000 feet") == {"2.5", "2", "10,000"}


def test_the_worked_examples_pass_our_own_checks() -> None:
    shot = SplitLetter(note_id="s", hadm_id="1", note_seq=1, shown="", instructions=SHOT[0])
    statements, dropped = read_statements(shot, written(SHOT[1]))
    assert [one.text for one in statements] == SHOT[1].splitlines() and not dropped
    for fact, reply in SHOTS:
        pair = read_pair(Statement(id="s/1", note_id="s", text=fact), written(reply))
        assert pair is not None and fault(pair, "Brief Hospital Course") is None


def test_a_worked_examples_answer_to_another_fact_does_not_pass() -> None:
    assert (
        fault(Pair(id="1", note_id="1", question="What did you find?", answer="You broke a bone.", statement=PILLS), "")
        is Drop.UNSUPPORTED
    )
