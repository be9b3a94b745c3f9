"""Reads LongHealth's file: fictional patients, their documents, and questions with five options each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from backend.datasets.catalog import UNREADABLE, content, unusable
from backend.datasets.records import is_writable
from backend.domain import DataFile
from backend.errors import DataMissing

# Neither a commit nor the digest of the published file is known to us: the first file that passes is remembered.
LONGHEALTH = DataFile(
    name="benchmark_v5.json",
    places=("longhealth", "LongHealth", "Longhealth", "LongHealth/data", "."),
    obtain="Run `python app.py data fetch`, or download the raw file (not the page) data/benchmark_v5.json from "
    "github.com/kbressem/LongHealth into the folder longhealth of CLUE_DATA.",
    rows=400,
    url="https://raw.githubusercontent.com/kbressem/LongHealth/main/data/benchmark_v5.json",
)
PATIENTS = 20
LETTERS = "ABCDE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A fictional patient: documents by name, in the order of the file."""

    id: str
    documents: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question on one patient, its options in the order of LETTERS, and the names of the documents that answer it."""

    patient: Patient
    number: int
    text: str
    options: tuple[str, ...]
    correct: str
    locations: tuple[str, ...]

    @property
    def key(self) -> str:
        """Letters of the right options, edge blanks aside: one, several that read the same, or none."""
        return "".join(
            letter
            for letter, option in zip(LETTERS, self.options, strict=True)
            if self.correct and option == self.correct
        )

    @property
    def evidence(self) -> tuple[str, ...]:
        """Those of the named documents that the patient has."""
        return tuple(name for name in self.locations if name in self.patient.documents)


def read_longhealth(path: Path) -> list[Question]:
    """All questions, patient by patient; byte order mark, compression and keys that are not needed are no matter.

    Of `answer_location` only the names of documents are read: the spans beside them run into thousands where the
    published file's own search for them went wrong. DataMissing says which patient or question is not LongHealth's.
    """
    patients = [(name, record) for name, record in _parse(path).items() if isinstance(record, dict)]
    questions = [question for name, record in patients for question in _questions(name, record)]
    if not questions:
        raise unusable(LONGHEALTH, f"{path} holds no patients with questions.")
    return questions


def audit(questions: Sequence[Question], patients: int | None) -> tuple[str, ...]:
    """What is odd, a sentence each, ids only; `patients` is how many there should be, None where it does not matter."""
    found = len({question.patient.id for question in questions})
    odd = [] if patients in (found, None) else [f"The file has {found} patients instead of {patients}."]
    for question in questions:
        odd += [f"{question.patient.id}, question {question.number}: {what}" for what in _oddities(question)]
    return tuple(odd)


def _oddities(question: Question) -> list[str]:
    unknown = [name for name in question.locations if name not in question.patient.documents]
    empty = [letter for letter, option in zip(LETTERS, question.options, strict=True) if not option]
    odd = []
    if empty:
        odd.append(f"option {' and '.join(empty)} is empty.")
    if len(question.key) > 1:
        odd.append(f"options {' and '.join(question.key)} read the same and are right; each of them is accepted.")
    if not question.key:
        odd.append("its key is none of its options, so it is left out.")
    if unknown:
        odd.append(f"its answer is said to be in {', '.join(unknown)}, which the patient does not have.")
    if not question.evidence:
        odd.append("no document is named that answers it, so it is left out.")
    return odd


def _parse(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(content(path))
    except UNREADABLE as error:
        raise unusable(LONGHEALTH, f"{path} cannot be read ({type(error).__name__}).") from None
    except (ValueError, RecursionError):
        raise unusable(LONGHEALTH, f"{path} is not JSON; a web page saved under its name is the usual cause.") from None
    if not isinstance(found, dict):
        raise unusable(LONGHEALTH, f"{path} is not LongHealth's: it must hold one object with a key for each patient.")
    return found


def _questions(name: str, record: Mapping[str, Any]) -> list[Question]:
    documents, asked = record.get("texts"), record.get("questions")
    if not _is_texts(documents):
        raise _wrong(name, "`texts` must hold its documents by name")
    if not isinstance(asked, list) or not all(isinstance(question, dict) for question in asked):
        raise _wrong(name, "`questions` must be a list of questions")
    patient = Patient(id=name, documents=documents)
    return [_question(patient, number, found) for number, found in zip(_numbers(asked), asked, strict=True)]


def _numbers(asked: Sequence[Mapping[str, Any]]) -> Sequence[int]:
    """The questions' own numbers, or their places from 0 where those would not tell them apart."""
    numbers = [question.get("No") for question in asked]
    own = [number for number in numbers if type(number) is int and number >= 0]
    return own if len(set(own)) == len(asked) else range(len(asked))


def _question(patient: Patient, number: int, record: Mapping[str, Any]) -> Question:
    where = f"{patient.id}, question {number}"
    option_keys = [f"answer_{letter.lower()}" for letter in LETTERS]
    absent = [key for key in ("question", *option_keys, "correct") if not is_writable(record.get(key))]
    if absent:
        raise _wrong(where, f"{', '.join(absent)} must be there, as text")
    locations = record.get("answer_location", "absent") or {}
    if not isinstance(locations, dict):
        raise _wrong(where, "answer_location must be there, with names of documents as its keys")
    if not record["question"].strip() or not any(record[key].strip() for key in option_keys):
        raise _wrong(where, "the question or all of its options are empty")
    return Question(
        patient=patient,
        number=number,
        text=record["question"].strip(),
        options=tuple(record[key].strip() for key in option_keys),
        correct=record["correct"].strip(),
        locations=tuple(locations),
    )


def _is_texts(found: object) -> TypeGuard[Mapping[str, str]]:
    return isinstance(found, dict) and bool(found) and all(map(is_writable, found.values()))


def _wrong(where: str, what: str) -> DataMissing:
    return unusable(LONGHEALTH, f"{LONGHEALTH.name}, {where}: {what}.")
