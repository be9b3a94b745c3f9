"""An invented stay in hospital: who it was, what was wrong, how it was coded, and what the patient is told to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from backend.datasets.rehearsal.kinds import NoteForm, NoteKind, kind_of
from backend.datasets.rehearsal.problems import Code, Problem, all_codes, all_problems

FIRST_SUBJECT = 19_000_001
FIRST_ADMISSION = 29_000_001
COMORBIDITIES: Mapping[int, tuple[str, ...]] = {9: ("2724", "V5861", "V1582"), 10: ("E785", "Z7901", "Z87891")}


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargeInstruction:
    """What the discharge instructions say about one problem, in plain words."""

    problem: Problem
    reason: str
    treatment: str
    advice: str
    warning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """One stay; `raw_codes` as they stand in the file, in order of importance."""

    number: int
    subject_id: str
    hadm_id: str
    age: int
    female: bool
    problems: tuple[Problem, ...]
    version: int
    raw_codes: tuple[str, ...]
    instructions: tuple[DischargeInstruction, ...]

    @property
    def codes(self) -> tuple[Code, ...]:
        """Its codes with what becomes of them."""
        return tuple(all_codes()[raw.strip(), self.version] for raw in self.raw_codes)

    @property
    def kept(self) -> Mapping[str, str]:
        """Descriptions by the ICD-10-CM codes a correct builder keeps, each once."""
        return {code.icd10: code.description for code in self.codes if code.icd10}


def admission(number: int) -> Admission:
    """The stay with this number, from 0, always the same."""
    rng = Random(f"admission {number}")
    kind = kind_of(number)
    version = 9 if number % 2 == 0 else 10
    problems = _problems(kind, rng)
    pregnant = "Z3A20" in kind.codes
    return Admission(
        number=number,
        subject_id=str(FIRST_SUBJECT + number),
        hadm_id=str(FIRST_ADMISSION + number),
        age=29 if pregnant else rng.randint(38, 91),
        female=pregnant or rng.random() < 0.5,
        problems=problems,
        version=version,
        raw_codes=_raw_codes(kind, problems, version, rng),
        instructions=tuple(
            _instruction(problem, rng) for problem in problems[: 1 if kind.form is NoteForm.SHORT else 3]
        ),
    )


def _problems(kind: NoteKind, rng: Random) -> tuple[Problem, ...]:
    sure = [problem for problem in all_problems() if problem.name in kind.problems]
    others = [problem for problem in all_problems() if problem not in sure]
    return (*sure, *rng.sample(others, rng.randint(2, 5) - len(sure)))


def _raw_codes(kind: NoteKind, problems: tuple[Problem, ...], version: int, rng: Random) -> tuple[str, ...]:
    if kind.only is not None:
        return kind.only
    own = [code for problem in problems for code in problem.codes(version)]
    beside = rng.sample(COMORBIDITIES[version], rng.randint(0, 2))
    codes = [*own, *kind.codes, *(code for code in beside if code not in kind.codes)][:8]
    return tuple(f"{code} " if kind.padded else code for code in codes)


def _instruction(problem: Problem, rng: Random) -> DischargeInstruction:
    return DischargeInstruction(
        problem=problem,
        reason=rng.choice(problem.reasons),
        treatment=rng.choice(problem.treatments),
        advice=rng.choice(problem.advices),
        warning=rng.choice(problem.warnings),
    )
