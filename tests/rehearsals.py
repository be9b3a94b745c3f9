"""Invented data for tests that run the program: the rehearsal with few of its long prompts."""

import json
import tempfile
from functools import cache
from pathlib import Path

from backend.datasets.longhealth import LONGHEALTH
from backend.datasets.medisumcode import MEDISUMCODE
from backend.datasets.medisumqa import MEDISUMQA
from backend.datasets.rehearsal import Scale, write_rehearsal

LETTERS = 8
_FOLDER = tempfile.TemporaryDirectory(prefix="rehearsal-")


@cache
def short_rehearsal() -> Path:
    """Folder of invented files for every task, with eight letters of each kind and one question of LongHealth."""
    folder = Path(_FOLDER.name) / "data"
    write_rehearsal(folder, Scale.SMALL)
    for file in (MEDISUMQA, MEDISUMCODE):
        (path,) = folder.rglob(file.name)
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:LETTERS]))
    (path,) = folder.rglob(LONGHEALTH.name)
    patients = json.loads(path.read_text(encoding="utf-8"))
    for number, patient in enumerate(patients.values()):
        patient["questions"] = patient["questions"][: 1 if number == 0 else 0]
    path.write_text(json.dumps(patients), encoding="utf-8")
    return folder
