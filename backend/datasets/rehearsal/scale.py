"""How large rehearsal data are: enough to try the program, or as large as the benchmark."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Scale(StrEnum):
    """Small: 24 to 42 items a task. Full: the row counts of the published files."""

    SMALL = "small"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Rows of each file; `texts` and `words` are of each LongHealth patient, `notes` are rows of discharge.csv."""

    mednli: int
    meqsum: int
    problem_summary: int
    texts: tuple[int, ...]
    words: tuple[int, ...]
    questions: int
    medisumqa: int
    notes: int


SIZES: Mapping[Scale, Sizes] = {
    Scale.SMALL: Sizes(
        mednli=42,
        meqsum=30,
        problem_summary=30,
        texts=(5, 3, 4),
        words=(6_200, 1_500, 3_000),
        questions=8,
        medisumqa=36,
        notes=32,
    ),
    Scale.FULL: Sizes(
        mednli=1_422,
        meqsum=1_000,
        problem_summary=237,
        texts=(2, 5, 10, 13, 6, 7, 8, 6, 6, 6, 5, 7, 5, 6, 7, 5, 7, 8, 6, 8),
        words=tuple(5_150 + 83 * number for number in range(20)),
        questions=20,
        medisumqa=416,
        # Two of the rows are no letters and two letters keep no code, so that 500 remain for MeDiSumCode.
        notes=504,
    ),
}
