"""Builds MeDiSumCode: discharge letters with the ICD-10-CM codes of their stay."""

import json
import platform
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.builders.coding import Coded, Fate, mapping_facts
from backend.builders.drafts import draft, file_sha256, write_json
from backend.builders.draw import Draw
from backend.builders.stays import Stays, count_fates, read_stays
from backend.datasets.catalog import trust
from backend.datasets.mimic import LETTER, CsvTable, Note, read_notes
from backend.errors import DataMissing
from backend.icd import code_title, release_facts

NAME = "medisumcode.jsonl"
REPORT = "medisumcode.report.json"
COUNT = 500
SEED = 44
ADDENDUM = "AD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What was written: the file, and the report beside it as a record."""

    path: Path
    report: Mapping[str, Any]
    written: int


def build_medisumcode(
    *, notes: CsvTable, diagnoses: CsvTable, folder: Path, count: int = COUNT, seed: int = SEED
) -> Built:
    """The folder holds MeDiSumCode made of these tables, and a report on all that was taken, mapped and left out.

    Taken are `count` letters, or as many as there are, of admissions with at least one code. The same tables, count and
    seed give the same bytes, in whatever order the rows come. DataMissing when a table cannot be used, or has no letter
    with a code.
    """
    stays = read_stays(diagnoses)
    drawn: Draw[Note] = Draw(count, seed)
    seen = _draw_letters(notes, stays, drawn)
    if not len(drawn):
        raise DataMissing(
            f"No letter of {notes.path} has a code in {diagnoses.path}, so nothing was written. "
            "Are the two files of the same release of MIMIC-IV?"
        )
    path = folder / NAME
    with draft(path) as stream:
        for note in drawn:
            stream.write(json.dumps(_record(note, stays), ensure_ascii=False) + "\n")
    sha256 = file_sha256(path)
    trust(path, sha256)
    report = {
        "dataset": "MeDiSumCode",
        "asked_for": count,
        "written": len(drawn),
        "seed": seed,
        "order": "admissions by SHA-256 of seed:hadm_id; the first letter of each by note_seq",
        "notes": seen,
        "diagnoses": {"in_the_file": dict(stays.counts), "of_the_letters": _taken(drawn, stays)},
        "inputs": {table.path.name: {"sha256": table.sha256, "rows": table.rows} for table in (notes, diagnoses)},
        "output": {"name": NAME, "sha256": sha256},
        "versions": {"python": platform.python_version(), **release_facts(), **mapping_facts()},
        "note_ids": [note.note_id for note in drawn],
    }
    write_json(folder / REPORT, report)
    return Built(path=path, report=report, written=len(drawn))


def _draw_letters(notes: CsvTable, stays: Stays, drawn: Draw[Note]) -> dict[str, int]:
    """Every letter with a code is offered to the draw; returns how many rows and admissions were left out, and why."""
    found: Counter[str] = Counter(
        rows=0, addenda=0, of_other_types=0, without_admission=0, empty=0, letters=0, further_letters_of_an_admission=0
    )
    found.update(admissions=0, admissions_without_diagnoses=0, admissions_without_a_kept_code=0, admissions_to_draw=0)
    coded: dict[str, bool] = {}
    for note in read_notes(notes):
        reason = _not_a_letter(note)
        if reason:
            found[reason] += 1
            continue
        found["letters"] += 1
        if note.hadm_id in coded:
            found["further_letters_of_an_admission"] += 1
        else:
            listed = stays.diagnoses(note.hadm_id)
            coded[note.hadm_id] = any(one.fate is Fate.KEPT for one in listed)
            found["admissions"] += 1
            found["admissions_without_diagnoses"] += not listed
            found["admissions_without_a_kept_code"] += bool(listed) and not coded[note.hadm_id]
        if coded[note.hadm_id]:
            drawn.offer(note)
    return {**found, "rows": notes.rows, "admissions_to_draw": sum(coded.values())}


def _not_a_letter(note: Note) -> str | None:
    if note.note_type == ADDENDUM:
        return "addenda"
    if note.note_type != LETTER:
        return "of_other_types"
    if not note.hadm_id:
        return "without_admission"
    return None if note.text.strip() else "empty"


def _record(note: Note, stays: Stays) -> dict[str, Any]:
    kept = dict.fromkeys(one.code for one in stays.diagnoses(note.hadm_id) if one.code)
    return {
        "note_id": note.note_id,
        "hadm_id": note.hadm_id,
        "text": note.text,
        "icd_codes": [{"code": code, "description": code_title(code)} for code in kept],
    }


def _taken(drawn: Draw[Note], stays: Stays) -> dict[str, int]:
    outcomes: list[list[Coded]] = [stays.diagnoses(note.hadm_id) for note in drawn]
    codes = sum(len({one.code for one in listed if one.code}) for listed in outcomes)
    fates = count_fates((one, 1) for listed in outcomes for one in listed)
    return {**fates, "duplicate": fates[Fate.KEPT] - codes, "codes": codes}
