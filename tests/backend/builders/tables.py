"""Invented tables in MIMIC-IV's own columns: no word of them is anybody's."""

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

NOTE_HEADER = ("note_id", "subject_id", "hadm_id", "note_type", "note_seq", "charttime", "storetime", "text")
DIAGNOSIS_HEADER = ("subject_id", "hadm_id", "seq_num", "icd_code", "icd_version")
COURSE = (
    "Brief Hospital Course:\n# Pneumonia: A film of the chest showed a consolidation, and ceftriaxone was begun.\n"
    'Cultures from ___ stayed sterile, {oxygen} was weaned, and the "cough" became less.\n'
    "# Gout: The left knee was tapped; crystals were seen; colchicine was given for some days with relief.\n"
)
ADVICE = (
    "Dear Ms. ___,\nYou were in the hospital because of an infection of the lungs. Take the antibiotic pills for 5 "
    "more days, with plenty of water. Call us if you have a fever above 101.\nYour ___ Team"
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One note; what is not given is that of a plain discharge letter."""

    number: int
    text: str = ""
    note_type: str = "DS"
    note_seq: int = 2
    hadm_id: str | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """In the order of the header."""
        subject = str(19_000_000 + self.number)
        admission = str(29_000_000 + self.number) if self.hadm_id is None else self.hadm_id
        note_id = f"{subject}-{self.note_type}-{self.note_seq}"
        text = self.text or letter(number=self.number)
        return (note_id, subject, admission, self.note_type, str(self.note_seq), "2160-01-01 00:00:00", "", text)

    @property
    def note_id(self) -> str:
        """As the file has it."""
        return self.cells[0]


def letter(advice: str = ADVICE, *, number: int = 0, heading: str = "Discharge Instructions:") -> str:
    """A whole letter in MIMIC's layout."""
    return (
        f" \nName:  ___                 Unit No:   ___\n \nChief Complaint:\nCough, day {number}\n \n{COURSE} \n"
        f"Discharge Condition:\nAlert and walking.\n\n \n{heading}\n{advice}\n \nFollowup Instructions:\n___\n"
    )


def write_notes(path: Path, rows: Iterable[Row]) -> Path:
    """The path is a discharge table; compressed when its name says so."""
    return write_table(path, NOTE_HEADER, [row.cells for row in rows])


def write_diagnoses(path: Path, rows: Iterable[tuple[int, int, str, int]]) -> Path:
    """The path is a diagnoses table of (number of the note, place, code, version)."""
    cells = [("1", str(29_000_000 + number), str(place), code, str(version)) for number, place, code, version in rows]
    return write_table(path, DIAGNOSIS_HEADER, cells)


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    """The path is a CSV file; compressed when its name says so."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerows([header, *rows])
    data = text.getvalue().encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path
