"""Writes discharge.csv and diagnoses_icd.csv.gz in one pass, however many letters there are."""

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TextIO

from backend.datasets.rehearsal.admissions import Admission, admission
from backend.datasets.rehearsal.kinds import NoteForm, kind_of
from backend.datasets.rehearsal.letters import Letter, compose_addendum, compose_letter

NOTE_COLUMNS = ("note_id", "subject_id", "hadm_id", "note_type", "note_seq", "charttime", "storetime", "text")
DIAGNOSIS_COLUMNS = ("subject_id", "hadm_id", "seq_num", "icd_code", "icd_version")
# Diagnoses of that many admissions lie among each other: a reader may count on no order at all.
MIXED = 16


@dataclass(frozen=True, kw_only=True)
class Note:
    """One row of discharge.csv."""

    number: int
    stay: Admission

    @property
    def note_type(self) -> str:
        """DS for a discharge summary, AD for an addendum."""
        return "AD" if kind_of(self.number).form is NoteForm.ADDENDUM else "DS"

    @property
    def note_seq(self) -> int:
        """Its place among the patient's notes, from 2."""
        return 2 + self.stay.number % 20 + (1 if kind_of(self.number).form is NoteForm.SECOND_NOTE else 0)

    @property
    def note_id(self) -> str:
        """As MIMIC builds it."""
        return f"{self.stay.subject_id}-{self.note_type}-{self.note_seq}"

    @cached_property
    def letter(self) -> Letter:
        """The letter; of an addendum all that there is."""
        if self.note_type == "AD":
            return Letter(before=compose_addendum(), instructions="", after="")
        return compose_letter(self.stay, self.number)

    @property
    def row(self) -> tuple[str, ...]:
        """The cells, in the order of the columns."""
        rng = Random(f"times {self.number}")
        day = f"{rng.randint(2150, 2199)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        stored = "" if kind_of(self.number).form is NoteForm.NO_STORETIME else f"{day} {rng.randint(8, 19):02}:14:00"
        ids = (self.note_id, self.stay.subject_id, self.stay.hadm_id, self.note_type, str(self.note_seq))
        return (*ids, f"{day} 00:00:00", stored, self.letter.text)


def note(number: int) -> Note:
    """The note with this number, from 0, always the same."""
    of = kind_of(number).of
    return Note(number=number, stay=admission(number if of is None else of))


def discharge_letters(count: int) -> list[Note]:
    """Those of the first `count` notes that are the discharge letter of their admission."""
    return [note(number) for number in range(count) if kind_of(number).is_letter]


def write_notes_of(discharge: Path, diagnoses: Path, count: int) -> None:
    """The files hold the first `count` notes and the diagnoses of their admissions, a few of them in memory at a time.

    A file whose name ends in .gz is compressed.
    """
    with _opened(discharge) as text_file, _opened(diagnoses) as code_file:
        notes = csv.writer(text_file, lineterminator="\n")
        notes.writerow(NOTE_COLUMNS)
        codes = csv.writer(code_file, lineterminator="\n")
        codes.writerow(DIAGNOSIS_COLUMNS)
        for start in range(0, count, MIXED):
            block = [note(number) for number in range(start, min(start + MIXED, count))]
            notes.writerows(each.row for each in block)
            codes.writerows(_mixed_diagnoses(block))


def diagnosis_rows(stay: Admission) -> Iterator[tuple[str, ...]]:
    """The admission's rows, in order of seq_num."""
    for place, code in enumerate(stay.raw_codes, 1):
        yield stay.subject_id, stay.hadm_id, str(place), code, str(stay.version)


def _mixed_diagnoses(block: list[Note]) -> list[tuple[str, ...]]:
    rows = [row for each in block if kind_of(each.number).is_letter for row in diagnosis_rows(each.stay)]
    Random(f"mixed {block[0].number}").shuffle(rows)
    return rows


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    if path.suffix != ".gz":
        with path.open("w", encoding="utf-8", newline="") as plain:
            yield plain
        return
    # Neither the file's name nor the time goes into the header: two files of the same rows are equal.
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
    ):
        yield text
