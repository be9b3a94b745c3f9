"""Invented data for tests that run the program: the rehearsal with fewer of its longest prompts."""

import json
import tempfile
from functools import cache
from pathlib import Path

from backend.datasets.longhealth import LONGHEALTH
from backend.datasets.rehearsal import Scale, write_rehearsal

_FOLDER = tempfile.TemporaryDirectory(prefix="rehearsal-")


@cache
def short_rehearsal() -> Path:
    """Folder of invented files for every task; LongHealth has all its patients and one question about each."""
    folder = Path(_FOLDER.name) / "data"
    write_rehearsal(folder, Scale.SMALL)
    path = folder / LONGHEALTH.places[0] / LONGHEALTH.name
    patients = json.loads(path.read_text(encoding="utf-8"))
    for patient in patients.values():
        del patient["questions"][1:]
    path.write_text(json.dumps(patients), encoding="utf-8")
    return folder
