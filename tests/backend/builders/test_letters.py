"""Nothing of what the patient is told stays in the letter that is shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backend.builders.letters import draw_letters, split
from backend.datasets.mimic import DISCHARGE, CsvTable
from tests.backend.builders.tables import ADVICE, COURSE, Row, letter, write_notes

TAIL = "Weigh yourself each morning, and call when you gain three pounds."
BREAKS = ["\n\n\n", "\n \n \n", "\n\n \n", "\n\n\n\n\n"]


def test_a_letter_is_split_at_its_headings() -> None:
    parts = split(letter())
    assert parts is not None
    shown, instructions = parts
    assert instructions == ADVICE
    assert shown.startswith("Name:") and COURSE in shown and shown.endswith("Followup Instructions:\n___")
    assert "Discharge Instructions" not in shown


@pytest.mark.parametrize(
    "heading",
    ["DISCHARGE INSTRUCTIONS:", "discharge instructions:", "  Discharge Instruction :", "Discharge Instructions: "],
)
def test_the_heading_may_be_written_in_any_way(heading: str) -> None:
    assert split(letter(heading=heading)) == split(letter())


@pytest.mark.parametrize("gap", BREAKS)
@pytest.mark.parametrize("following", ["Followup Instructions:", "Follow-up Instructions:", "FOLLOW UP INSTRUCTIONS:"])
def test_blank_lines_inside_leave_no_tail_behind(gap: str, following: str) -> None:
    text = letter(f"{ADVICE}{gap}{TAIL}").replace("Followup Instructions:", following)
    parts = split(text)
    assert parts is not None
    shown, instructions = parts
    assert TAIL not in shown and instructions.endswith(TAIL) and following in shown


def test_without_a_followup_everything_to_the_end_is_instructions() -> None:
    text = letter(f"{ADVICE}\n\n\n{TAIL}")
    parts = split(text[: text.index("Followup")])
    assert parts is not None and TAIL not in parts[0] and parts[1].endswith(TAIL)


def test_a_line_of_the_letter_that_looks_like_the_next_heading_leaves_no_tail_behind() -> None:
    parts = split(letter(f"{ADVICE}\nFollow up instructions: see below\n{TAIL}"))
    assert parts is not None and TAIL not in parts[0] and TAIL in parts[1]


def test_of_two_headings_the_first_begins_the_cut_and_the_last_the_instructions() -> None:
    text = letter().replace("Brief Hospital Course:", "Discharge instructions: see there\nBrief Hospital Course:")
    parts = split(text)
    assert parts is not None
    shown, instructions = parts
    assert instructions == ADVICE and "see there" not in shown and "Gout" not in shown


def test_a_mention_in_the_middle_of_a_line_is_no_heading() -> None:
    text = letter().replace("Gout:", "Gout, see discharge instructions:")
    assert split(text) is not None and "see discharge instructions:" in split(text)[0]  # type: ignore[index]
    assert split(letter(heading="Instructions:")) is None


@given(some.text(alphabet=some.sampled_from("ab \n:"), max_size=200))
def test_whatever_the_instructions_are_none_of_their_words_stay(advice: str) -> None:
    marked = advice.replace("a", "zyx").replace("b", "wvu")
    parts = split(letter(marked))
    assert parts is not None
    assert "zyx" not in parts[0] and "wvu" not in parts[0] and parts[1] == marked.strip()


def test_letters_that_cannot_be_used_are_counted_under_their_reason(tmp_path: Path) -> None:
    rows = [
        Row(number=1),
        Row(number=2, note_seq=5),
        Row(number=2, note_seq=3, text=letter(heading="Advice:")),
        Row(number=3, text=letter("Dear Mr. ___, go home.")),
        Row(number=4, text=f"Short.\nDischarge Instructions:\n{ADVICE}"),
        Row(number=5, note_type="AD"),
        Row(number=6, hadm_id=""),
    ]
    table = CsvTable(write_notes(tmp_path / "discharge.csv", rows), DISCHARGE)
    letters, counts = draw_letters(table, 10, 44)
    assert {one.note_id for one in letters} == {"19000001-DS-2", "19000002-DS-5"}
    assert counts == {
        "rows": 7,
        "not_a_letter": 2,
        "without_instructions": 1,
        "instructions_too_short": 1,
        "shown_too_short": 1,
        "usable": 2,
        "drawn": 2,
    }


def test_no_more_letters_are_drawn_than_asked_for(tmp_path: Path) -> None:
    path = write_notes(tmp_path / "discharge.csv", [Row(number=n) for n in range(30)])
    letters, counts = draw_letters(CsvTable(path, DISCHARGE), 4, 44)
    assert len(letters) == counts["drawn"] == 4 and counts["usable"] == 30
