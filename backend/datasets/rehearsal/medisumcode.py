"""Writes MeDiSumCode: what a correct builder makes of the notes and diagnoses of the same rehearsal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backend.datasets.rehearsal.notes import discharge_letters


def medisumcode_records(notes: int) -> Iterator[dict[str, Any]]:
    """A record for each letter among the first `notes` notes that keeps a code, in the order of the notes."""
    for letter in discharge_letters(notes):
        if letter.stay.kept:
            codes = [{"code": code, "description": text} for code, text in letter.stay.kept.items()]
            ids = {"note_id": letter.note_id, "hadm_id": letter.stay.hadm_id}
            yield {**ids, "text": letter.letter.text, "icd_codes": codes}


def write_medisumcode(path: Path, notes: int) -> None:
    """The file holds the records as JSON lines."""
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for record in medisumcode_records(notes):
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
