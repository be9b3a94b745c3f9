"""Only pairs that a physician should see pass the screening, and each other one has one reason."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backend.builders.letters import SplitLetter
from backend.builders.pairs import Pair
from backend.builders.screening import Drop, fault, screen, stands_in

PAIR = Pair(
    id="n/1",
    note_id="n",
    question="How long do I have to take the pills?",
    answer="Take the antibiotic pills for 5 more days.",
    statement="The patient should take the antibiotic pills for five more days.",
)
SHOWN = "Discharge Medications:\n1. Antibiotic TAKE it!\n2. the pills, for 5 more weeks"


def test_a_good_pair_passes() -> None:
    assert fault(PAIR, SHOWN) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"question": "When do I see ___ about the pills?"}, Drop.REMOVED_WORD),
        ({"answer": "Take the pills until ___."}, Drop.REMOVED_WORD),
        ({"question": "How long?"}, Drop.LENGTH),
        ({"answer": "Antibiotic."}, Drop.LENGTH),
        ({"answer": "pills " * 61}, Drop.LENGTH),
        ({"answer": "\u2014 \u65e5\u672c"}, Drop.LENGTH),
        ({"question": "Tell me about the pills."}, Drop.NO_QUESTION),
        (
            {"question": "Do I take the antibiotic pills for 5 more days?", "answer": "antibiotic pills"},
            Drop.GIVEN_AWAY,
        ),
        ({"answer": "Take the antibiotic pills for 15 more days."}, Drop.OTHER_NUMBERS),
        ({"answer": "Drink a lot of water with lemon."}, Drop.UNSUPPORTED),
        ({"answer": "The pills for 5 more"}, Drop.IN_THE_LETTER),
        ({"answer": "antibiotic, take"}, Drop.IN_THE_LETTER),
    ],
)
def test_a_pair_that_cannot_be_used_has_one_reason(changes: dict[str, str], reason: Drop) -> None:
    assert fault(replace(PAIR, **changes), SHOWN) is reason


def test_a_question_that_was_asked_about_the_same_letter_is_left_out_but_not_about_another() -> None:
    letters = {
        note_id: SplitLetter(note_id=note_id, hadm_id=note_id, note_seq=1, shown="nothing", instructions="")
        for note_id in ("n", "m")
    }
    again = replace(PAIR, id="n/2", question="For how long do I have to take the pills?")
    other = replace(PAIR, id="n/3", question="Which kind of medicine goes on after I am home?")
    elsewhere = replace(PAIR, id="m/1", note_id="m")
    kept, dropped = screen([PAIR, again, other, elsewhere], letters)
    assert kept == [PAIR, other, elsewhere]
    assert {reason: count for reason, count in dropped.items() if count} == {"repeated": 1}
    assert set(dropped) == {drop.value for drop in Drop}


def test_a_repetition_of_a_pair_that_did_not_pass_is_none() -> None:
    letters = {"n": SplitLetter(note_id="n", hadm_id="1", note_seq=1, shown="nothing", instructions="")}
    spoiled = replace(PAIR, id="n/0", answer="___ days")
    kept, _ = screen([spoiled, PAIR], letters)
    assert kept == [PAIR]


@given(before=some.text(), answer=some.text(), after=some.text())
def test_an_answer_copied_off_the_letter_is_always_found(before: str, answer: str, after: str) -> None:
    dressed = answer.upper().replace(" ", " ,\n ") if answer.isascii() else answer
    assert stands_in(answer, f"{before} {dressed} {after}")


def test_parts_of_words_are_not_the_answer() -> None:
    assert not stands_in("take pill", "mistake pills") and stands_in("take pill", "TAKE\n-pill.")
