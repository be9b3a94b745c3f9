"""The table of invented problems, and what becomes of each diagnosis code, that all tasks are written from."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter

from backend.datasets.rehearsal.wording import resource


@dataclass(frozen=True, slots=True, kw_only=True)
class PremisePair:
    """A premise with what follows from it, what it leaves open and what it denies."""

    premise: str
    follows: str
    open: str
    denied: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem in the words of a note, and from `lay` on in a patient's; codes are undotted."""

    names: tuple[str, ...]
    icd9: tuple[str, ...]
    icd10: tuple[str, ...]
    complaint: str
    service: str
    history: tuple[str, ...]
    course: tuple[str, ...]
    medicines: tuple[str, ...]
    imaging: str
    assessment: str
    event: str
    pairs: tuple[PremisePair, ...]
    lay: str
    reasons: tuple[str, ...]
    treatments: tuple[str, ...]
    advices: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def name(self) -> str:
        """The wording used as a heading."""
        return self.names[0]

    def codes(self, version: int) -> tuple[str, ...]:
        """Its codes in ICD-9 or ICD-10-CM."""
        return self.icd9 if version == 9 else self.icd10


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A diagnosis code as it stands in the file; `icd10` is what a correct builder keeps, "" for nothing."""

    raw: str
    version: int
    icd10: str
    description: str
    wording: str = ""


@cache
def all_problems() -> tuple[Problem, ...]:
    """The table, in its order."""
    return TypeAdapter(tuple[Problem, ...]).validate_python(resource("problems")["problem"])


@cache
def all_codes() -> Mapping[tuple[str, int], Code]:
    """Every code that the rehearsal uses, by its spelling without blanks and its version."""
    codes = TypeAdapter(tuple[Code, ...]).validate_python(resource("codes")["code"])
    return {(code.raw, code.version): code for code in codes}
