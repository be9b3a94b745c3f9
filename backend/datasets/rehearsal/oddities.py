"""Writes odd variants of the rehearsal's files, for readers to prove themselves on."""

import csv
import json
from codecs import BOM_UTF8
from enum import StrEnum
from pathlib import Path

from backend.datasets.rehearsal.medisumcode import medisumcode_records
from backend.datasets.rehearsal.medisumqa import medisumqa_records
from backend.datasets.rehearsal.mednli import write_mednli
from backend.datasets.rehearsal.notes import DIAGNOSIS_COLUMNS, diagnosis_rows, discharge_letters, write_notes_of
from backend.datasets.rehearsal.problem_summary import progress_notes, write_progress_notes
from backend.datasets.rehearsal.scale import SIZES, Scale

TRAIN_HEADERS = {
    "File ID": "File ID",
    "Assessment": "Assessment",
    "Summary": "Summary",
    "Subjectives": "Subjective Sections",
    "Objectives": "Objective Sections",
}
PAGE = "<!DOCTYPE html>\n<html><body>An invented page, saved under the name of a file.</body></html>\n"
SIZE = SIZES[Scale.SMALL]


class Odd(StrEnum):
    """The variants, by where they lie in the folder."""

    MEDNLI_WITH_BYTE_ORDER_MARK = "odd/mednli_byte_order_mark.jsonl"
    MEQSUM_PAGE = "odd/meqsum_page.xlsx"
    PROBSUM_TRAIN_HEADERS = "odd/probsum_train_headers.csv"
    PROBSUM_EMPTY_SUMMARY = "odd/probsum_empty_summary.csv"
    PROBSUM_WITHOUT_ASSESSMENT = "odd/probsum_without_assessment.csv"
    LONGHEALTH_PAGE = "odd/longhealth_page.json"
    MEDISUMQA_ARRAY = "odd/medisumqa_array.json"
    MEDISUMCODE_ARRAY = "odd/medisumcode_array.json"
    DISCHARGE_COMPRESSED = "odd/discharge.csv.gz"
    DIAGNOSES_PLAIN = "odd/diagnoses_icd.csv"
    DIAGNOSES_ALL_DIGITS = "odd/diagnoses_all_digits.csv"


def write_odd(folder: Path) -> None:
    """The folder holds every variant: the small rehearsal's records in other containers, and files that are wrong."""
    (folder / "odd").mkdir(parents=True, exist_ok=True)
    _write_mednli_with_mark(folder / Odd.MEDNLI_WITH_BYTE_ORDER_MARK)
    (folder / Odd.MEQSUM_PAGE).write_text(PAGE, encoding="utf-8")
    (folder / Odd.LONGHEALTH_PAGE).write_text(PAGE, encoding="utf-8")
    _write_progress_notes(folder)
    questions = medisumqa_records(SIZE.medisumqa, SIZE.notes)
    (folder / Odd.MEDISUMQA_ARRAY).write_text(json.dumps(questions, indent=2), encoding="utf-8")
    letters = list(medisumcode_records(SIZE.notes))
    (folder / Odd.MEDISUMCODE_ARRAY).write_text(json.dumps(letters, indent=2), encoding="utf-8")
    write_notes_of(folder / Odd.DISCHARGE_COMPRESSED, folder / Odd.DIAGNOSES_PLAIN, SIZE.notes)
    _write_all_digits(folder / Odd.DIAGNOSES_ALL_DIGITS)


def _write_mednli_with_mark(path: Path) -> None:
    write_mednli(path, SIZE.mednli)
    path.write_bytes(BOM_UTF8 + path.read_bytes().replace(b"\n", b"\n\n", 1))


def _write_progress_notes(folder: Path) -> None:
    rows = progress_notes(4)
    write_progress_notes(folder / Odd.PROBSUM_TRAIN_HEADERS, rows, TRAIN_HEADERS)
    without = {column: column for column in rows[0] if column != "Assessment"}
    write_progress_notes(folder / Odd.PROBSUM_WITHOUT_ASSESSMENT, rows, without)
    write_progress_notes(folder / Odd.PROBSUM_EMPTY_SUMMARY, [rows[0], rows[1] | {"Summary": ""}, *rows[2:]])


def _write_all_digits(path: Path) -> None:
    """No code of the file has a letter, so that a reader who lets types be guessed takes 0389 for 389."""
    stays = [letter.stay for letter in discharge_letters(SIZE.notes) if letter.stay.version == 9]
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(DIAGNOSIS_COLUMNS)
        for stay in stays:
            for *ids, code, version in diagnosis_rows(stay):
                if code.strip().isdigit():
                    writer.writerow([*ids, code.strip(), version])
