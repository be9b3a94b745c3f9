"""Invented data for tests that run the program: the rehearsal with few items for tasks that ask for long answers."""

import json
import tempfile
from functools import cache
from pathlib import Path

import pandas as pd
from openpyxl import load_workbook

from backend.datasets.longhealth import LONGHEALTH
from backend.datasets.medisumcode import MEDISUMCODE
from backend.datasets.medisumqa import MEDISUMQA
from backend.datasets.meqsum import MEQSUM
from backend.datasets.problem_summary import PROBLEM_SUMMARY
from backend.datasets.rehearsal import Scale, write_rehearsal

ITEMS = 9
_FOLDER = tempfile.TemporaryDirectory(prefix="rehearsal-")


@cache
def short_rehearsal() -> Path:
    """Folder of invented files: MedNLI's as they are, nine rows of each other file, one question of LongHealth."""
    folder = Path(_FOLDER.name) / "data"
    write_rehearsal(folder, Scale.SMALL)
    for file in (MEDISUMQA, MEDISUMCODE):
        (path,) = folder.rglob(file.name)
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:ITEMS]))
    (path,) = folder.rglob(PROBLEM_SUMMARY.name)
    pd.read_csv(path, dtype=str, keep_default_na=False).head(ITEMS).to_csv(path, index=False)
    (path,) = folder.rglob(MEQSUM.name)
    book = load_workbook(path)
    book.active.delete_rows(2 + ITEMS, book.active.max_row)
    book.save(path)
    (path,) = folder.rglob(LONGHEALTH.name)
    patients = json.loads(path.read_text(encoding="utf-8"))
    for number, patient in enumerate(patients.values()):
        patient["questions"] = patient["questions"][: 1 if number == 0 else 0]
    path.write_text(json.dumps(patients), encoding="utf-8")
    return folder
