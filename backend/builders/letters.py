"""Splits what a discharge letter tells the patient off from what is shown to a model."""

import re
from collections import Counter
from dataclasses import dataclass

from backend.builders.draw import Draw
from backend.datasets.mimic import LETTER, CsvTable, Note, read_notes

LEAST_INSTRUCTIONS = 20
LEAST_SHOWN = 50
_HEADING = re.compile(r"^[ \t]*discharge instructions?[ \t]*:", re.IGNORECASE | re.MULTILINE)
_NEXT_HEADING = re.compile(r"^[ \t]*follow[ -]?up instructions?[ \t]*:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitLetter:
    """A letter in two: what is shown to a model, and the instructions that questions are made from."""

    note_id: str
    hadm_id: str
    note_seq: int
    shown: str
    instructions: str


def split(text: str) -> tuple[str, str] | None:
    """What is shown and the instructions; None for a letter without a heading of instructions.

    Taken out is everything from the first such heading to the last one of the follow-up, or to the end, blank lines and
    all: in MIMIC's letters nothing else stands between the two, and an odd layout may cost part of the letter but must
    leave nothing of the instructions in it. Instructions are what follows the last heading of theirs.
    """
    headings = list(_HEADING.finditer(text))
    if not headings:
        return None
    following = [found.start() for found in _NEXT_HEADING.finditer(text, headings[-1].end())]
    end = following[-1] if following else len(text)
    shown = f"{text[: headings[0].start()].rstrip()}\n \n{text[end:].lstrip()}".strip()
    return shown, text[headings[-1].end() : end].strip()


def draw_letters(table: CsvTable, count: int, seed: int) -> tuple[list[SplitLetter], dict[str, int]]:
    """Up to `count` letters that can be split, one of each admission, and how many rows were left out, and why."""
    drawn: Draw[SplitLetter] = Draw(count, seed)
    found: Counter[str] = Counter(rows=0, not_a_letter=0, without_instructions=0, instructions_too_short=0)
    found.update(shown_too_short=0, usable=0, drawn=0)
    for note in read_notes(table):
        letter, reason = _usable(note)
        found[reason] += 1
        if letter is not None:
            drawn.offer(letter)
    return list(drawn), {**found, "rows": table.rows, "drawn": len(drawn)}


def _usable(note: Note) -> tuple[SplitLetter | None, str]:
    if note.note_type != LETTER or not note.hadm_id:
        return None, "not_a_letter"
    parts = split(note.text)
    if parts is None:
        return None, "without_instructions"
    shown, instructions = parts
    if len(instructions.split()) < LEAST_INSTRUCTIONS:
        return None, "instructions_too_short"
    if len(shown.split()) < LEAST_SHOWN:
        return None, "shown_too_short"
    letter = SplitLetter(
        note_id=note.note_id, hadm_id=note.hadm_id, note_seq=note.note_seq, shown=shown, instructions=instructions
    )
    return letter, "usable"
