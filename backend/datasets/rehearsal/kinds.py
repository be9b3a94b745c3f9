"""Which of the first notes is odd, and how: the rest are ordinary."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class NoteForm(StrEnum):
    """What is odd about a note's text or row."""

    NO_INSTRUCTIONS = "no instructions heading"
    UPPER_CASE_HEADING = "upper-case heading"
    BLANK_LINES_INSIDE = "double blank line inside the letter"
    NO_PLEASANTRY = "no pleasantry"
    PUNCTUATION = "braces, quotes, commas, non-ASCII"
    MASKED_HEADING = "___ in headings and mid-sentence"
    SHORT = "about a kilobyte"
    LONG = "more than 8,000 tokens"
    NO_STORETIME = "a missing storetime"
    ADDENDUM = "an AD addendum row"
    SECOND_NOTE = "the second note of an admission"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteKind:
    """How a note differs: `problems` it certainly has, `codes` beside theirs, `only` instead of them.

    `padded`: its codes are followed by a blank. `of`: the note whose admission it belongs to.
    """

    form: NoteForm | None = None
    problems: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    padded: bool = False
    of: int | None = None

    @property
    def is_letter(self) -> bool:
        """Whether it is the discharge letter of its admission."""
        return self.of is None


ORDINARY = NoteKind()
# Even notes are coded in ICD-9, odd ones in ICD-10. Without any code that is kept are the ninth and the eleventh.
KINDS: Mapping[int, NoteKind] = {
    1: NoteKind(form=NoteForm.NO_INSTRUCTIONS),
    2: NoteKind(form=NoteForm.UPPER_CASE_HEADING),
    3: NoteKind(form=NoteForm.BLANK_LINES_INSIDE),
    4: NoteKind(form=NoteForm.NO_PLEASANTRY),
    5: NoteKind(form=NoteForm.PUNCTUATION),
    6: NoteKind(form=NoteForm.MASKED_HEADING),
    7: NoteKind(form=NoteForm.SHORT),
    8: NoteKind(only=()),
    9: NoteKind(form=NoteForm.LONG),
    10: NoteKind(only=("70720",)),
    11: NoteKind(form=NoteForm.NO_STORETIME),
    12: NoteKind(problems=("Hypertension",), codes=("4011",)),
    13: NoteKind(codes=("U071",), problems=("Atrial fibrillation",)),
    14: NoteKind(problems=("Clostridioides difficile colitis",)),
    15: NoteKind(codes=("I481",)),
    16: NoteKind(codes=("80100",)),
    17: NoteKind(codes=("Z3A20",)),
    18: NoteKind(codes=("V1582", "E8788")),
    19: NoteKind(problems=("Gout",)),
    20: NoteKind(problems=("Hypertension",), padded=True),
    22: NoteKind(problems=("Sepsis",)),
    30: NoteKind(form=NoteForm.ADDENDUM, of=0),
    31: NoteKind(form=NoteForm.SECOND_NOTE, of=2),
}


def kind_of(number: int) -> NoteKind:
    """The kind of the note with this number, from 0."""
    return KINDS.get(number, ORDINARY)
