"""Which of the first notes is odd, and how: the rest are ordinary."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
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
class Kind:
    """How a note differs: `problems` it certainly has, `codes` beside theirs, `only` instead of them.

    `padded`: its codes are followed by a blank. `of`: the note whose admission it belongs to.
    """

    form: Form | None = None
    problems: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    padded: bool = False
    of: int | None = None

    @property
    def is_letter(self) -> bool:
        """Whether it is the discharge letter of its admission."""
        return self.of is None


ORDINARY = Kind()
# Even notes are coded in ICD-9, odd ones in ICD-10. Without any code that is kept are the ninth and the eleventh.
KINDS: Mapping[int, Kind] = {
    1: Kind(form=Form.NO_INSTRUCTIONS),
    2: Kind(form=Form.UPPER_CASE_HEADING),
    3: Kind(form=Form.BLANK_LINES_INSIDE),
    4: Kind(form=Form.NO_PLEASANTRY),
    5: Kind(form=Form.PUNCTUATION),
    6: Kind(form=Form.MASKED_HEADING),
    7: Kind(form=Form.SHORT),
    8: Kind(only=()),
    9: Kind(form=Form.LONG),
    10: Kind(only=("70720",)),
    11: Kind(form=Form.NO_STORETIME),
    12: Kind(problems=("Hypertension",), codes=("4011",)),
    13: Kind(codes=("U071",), problems=("Atrial fibrillation",)),
    14: Kind(problems=("Clostridioides difficile colitis",)),
    15: Kind(codes=("I481",)),
    16: Kind(codes=("80100",)),
    17: Kind(codes=("Z3A20",)),
    18: Kind(codes=("V1582", "E8788")),
    19: Kind(problems=("Gout",)),
    20: Kind(problems=("Hypertension",), padded=True),
    22: Kind(problems=("Sepsis",)),
    30: Kind(form=Form.ADDENDUM, of=0),
    31: Kind(form=Form.SECOND_NOTE, of=2),
}


def kind_of(number: int) -> Kind:
    """The kind of the note with this number, from 0."""
    return KINDS.get(number, ORDINARY)
