"""Composes an invented discharge letter: the sections of a MIMIC note, in order, as long as such letters are."""

from dataclasses import dataclass
from itertools import cycle
from random import Random

from backend.datasets.rehearsal.admissions import Admission
from backend.datasets.rehearsal.canaries import CANARIES
from backend.datasets.rehearsal.kinds import NoteForm, kind_of
from backend.datasets.rehearsal.problems import Problem
from backend.datasets.rehearsal.wording import phrase, resource

BREAK = "\n \n"
# Log-normal lengths with a mean of about 1,775 words.
MEDIAN_WORDS, SPREAD, SHORTEST, LONGEST = 1_390, 0.40, 620, 3_600
LONG_WORDS = 6_000
MASKED = "Dr. ___ called ___ twice; the patient was seen by ___ at ___ and will return to ___ for the remaining tests."
PUNCTUATED = (
    'The patient said "it feels {tight}", then, pointing, "like 100 bricks, {0} or {}", with 38,5 °C after a naïve '
    "café diet – 5 µg and ½ tablet; brackets {unbalanced, commas,, and ''quotes''."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter in three pieces; `instructions` is what is written to the patient, with its heading, or empty."""

    before: str
    instructions: str
    after: str

    @property
    def text(self) -> str:
        """The whole letter."""
        return self.before + self.instructions + self.after


def compose_letter(stay: Admission, number: int) -> Letter:
    """The letter of the stay; `number` is that of the note, which decides what is odd about it."""
    rng, form = Random(f"discharge letter {number}"), kind_of(number).form
    short = form is NoteForm.SHORT
    words = LONG_WORDS if form is NoteForm.LONG else _length(rng)
    head, results, course, tail = _head(stay, rng, short), [], _course(stay, rng, short), _tail(stay, rng, short)
    if form is NoteForm.PUNCTUATION:
        course.append(PUNCTUATED)
    if form is NoteForm.MASKED_HEADING:
        course.append(MASKED)
    if not short:
        results = _results(stay, rng)
        _lengthen(results, course, words - _count(head, results, course, tail), rng)
    heading = "Brief Hospital Course at ___:" if form is NoteForm.MASKED_HEADING else "Brief Hospital Course:"
    body = [*head, *_section("Pertinent Results:", results), f"{heading}\n" + "\n".join(course), *tail]
    return Letter(
        before=f" \n{BREAK.join(body)}\n{BREAK}",
        instructions=_instructions(stay, form, rng),
        after="Followup Instructions:\n___\n",
    )


def compose_addendum() -> str:
    """The text of a row that adds to a letter and is none."""
    return f" \nName:  ___\n \nAddendum:\nThe dose of one tablet was corrected. {CANARIES['medisumcode']}\n"


def _length(rng: Random) -> int:
    return round(min(max(MEDIAN_WORDS * rng.lognormvariate(0, SPREAD), SHORTEST), LONGEST))


def _count(*pieces: list[str]) -> int:
    return sum(len(text.split()) for piece in pieces for text in piece)


def _section(heading: str, lines: list[str]) -> list[str]:
    return [f"{heading}\n" + "\n".join(lines)] if lines else []


def _head(stay: Admission, rng: Random, short: bool) -> list[str]:
    texts, main = resource("letters"), stay.problems[0]
    who = [
        f"Name:  ___                     Unit No:   ___\nRecord Mark:  {CANARIES['medisumcode']}",
        "Admission Date:  ___              Discharge Date:   ___",
        f"Date of Birth:  ___             Sex:   {'F' if stay.female else 'M'}",
        f"Service: {main.service}",
    ]
    why = [
        f"Chief Complaint:\n{phrase(main.complaint, rng)}",
        f"History of Present Illness:\n{_history(stay, rng, short)}",
    ]
    if short:
        return [*who, *why, "Social History:\n___"]
    admission, discharge = _examine(rng), _examine(rng)
    return [
        *who,
        f"Allergies: \n{rng.choice(texts['allergies'])}",
        "Attending: ___.",
        why[0],
        f"Major Surgical or Invasive Procedure:\n{rng.choice(texts['procedures'])}",
        why[1],
        "Past Medical History:\n" + "\n".join(f"- {item}" for item in rng.sample(texts["past"], 6)),
        "Social History:\n___",
        f"Family History:\n{phrase(rng.choice(texts['family']), rng)}",
        f"Physical Exam:\nADMISSION PHYSICAL EXAM:\n{admission}\n\nDISCHARGE PHYSICAL EXAM:\n{discharge}",
    ]


def _history(stay: Admission, rng: Random, short: bool) -> str:
    who = f"___ is a {stay.age} year old {'woman' if stay.female else 'man'}"
    known = ", ".join(problem.names[-1] for problem in stay.problems[1:])
    opening = f"{who} with {known} who presents with {phrase(stay.problems[0].complaint, rng).lower()}."
    if short:
        return opening
    told = [phrase(sentence, rng) for problem in stay.problems for sentence in problem.history]
    return " ".join([opening, *told, *(phrase(text, rng) for text in resource("letters")["background"])])


def _examine(rng: Random) -> str:
    return "\n".join(phrase(line, rng) for line in resource("letters")["exam"])


def _results(stay: Admission, rng: Random) -> list[str]:
    return [*_bloods(rng), *(phrase(problem.imaging, rng) for problem in stay.problems)]


def _bloods(rng: Random) -> list[str]:
    return [phrase(line, rng) for line in resource("letters")["laboratory"]]


def _course(stay: Admission, rng: Random, short: bool) -> list[str]:
    lines = []
    for problem in stay.problems[: 1 if short else None]:
        lines += [f"# {problem.name}:", " ".join(_treated(problem, rng)[: 1 if short else None]), ""]
    return lines


def _treated(problem: Problem, rng: Random) -> list[str]:
    return [phrase(sentence, rng) for sentence in problem.course]


def _lengthen(results: list[str], course: list[str], words: int, rng: Random) -> None:
    """Days, studies and blood counts are added until `words` more words are there."""
    texts, day = resource("letters"), 1
    kinds = cycle(("days", "laboratory", "days", "studies"))
    while words > 0:
        match kind := next(kinds):
            case "days":
                day += 1
                added, to = [f"Day {day}: {phrase(rng.choice(texts[kind]), rng)}"], course
            case "laboratory":
                added, to = _bloods(rng), results
            case _:
                added, to = [phrase(rng.choice(texts[kind]), rng)], results
        to += added
        words -= _count(added)


def _tail(stay: Admission, rng: Random, short: bool) -> list[str]:
    texts = resource("letters")
    diagnoses = [*(problem.name for problem in stay.problems), *(code.wording for code in stay.codes if code.wording)]
    end = [
        "Discharge Diagnosis:\n" + "\n".join(diagnoses),
        f"Discharge Condition:\n{rng.choice(texts['conditions'])}",
    ]
    if short:
        return ["Discharge Disposition:\nHome", *end]
    own = [phrase(medicine, rng) for problem in stay.problems for medicine in problem.medicines]
    home = [phrase(medicine, rng) for medicine in rng.sample(texts["medicines"], 7)]
    return [
        f"Medications on Admission:\n{_numbered(home)}",
        f"Discharge Medications:\n{_numbered([*own, *home])}",
        f"Discharge Disposition:\n{rng.choice(texts['dispositions'])}",
        *end,
    ]


def _numbered(lines: list[str]) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def _instructions(stay: Admission, form: NoteForm | None, rng: Random) -> str:
    if form is NoteForm.NO_INSTRUCTIONS:
        return ""
    texts = resource("letters")
    heading = "DISCHARGE INSTRUCTIONS:" if form is NoteForm.UPPER_CASE_HEADING else "Discharge Instructions:"
    paragraphs = [f"Dear {'Ms.' if stay.female else 'Mr.'} ___,", *_about_problems(stay)]
    if form is not NoteForm.NO_PLEASANTRY:
        paragraphs.append(rng.choice(texts["closing"]))
    paragraphs.append(rng.choice(texts["farewell"]))
    joints = ["\n\n"] * len(paragraphs)
    if form is NoteForm.BLANK_LINES_INSIDE:
        joints[1] = "\n\n\n"
    letter = "".join(f"{paragraph}{joint}" for paragraph, joint in zip(paragraphs, joints, strict=True)).rstrip()
    return f"{heading}\n{letter}{BREAK}"


def _about_problems(stay: Admission) -> list[str]:
    return [
        " ".join([resource("letters")["welcome"], *(each.reason for each in stay.instructions)]),
        " ".join(each.treatment for each in stay.instructions),
        " ".join(f"{each.advice} {each.warning}" for each in stay.instructions),
    ]
