"""Writes rehearsal folders, marks them as invented, and keeps one ready under the home."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from backend.datasets.rehearsal.longhealth import write_longhealth
from backend.datasets.rehearsal.medisumcode import write_medisumcode
from backend.datasets.rehearsal.medisumqa import write_medisumqa
from backend.datasets.rehearsal.mednli import write_mednli
from backend.datasets.rehearsal.meqsum import write_meqsum
from backend.datasets.rehearsal.notes import write_notes_of
from backend.datasets.rehearsal.problem_summary import progress_notes, write_progress_notes
from backend.datasets.rehearsal.scale import SIZES, Scale
from backend.errors import OperatorFault, UsageError

# A new version for every change of what is written: homes that hold an older one are written anew.
VERSION = 1
MARKER = "SYNTHETIC"
MEDNLI = "mednli/mli_test_v1.jsonl"
MEQSUM = "MeQSum/MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx"
PROBLEM_SUMMARY = "bionlp-workshop-2023-task-1a/BioNLP2023-1A-Test.csv"
LONGHEALTH = "longhealth/benchmark_v5.json"
MEDISUMQA = "medisumqa/MeDiSumQA.jsonl"
MEDISUMCODE = "medisumcode/medisumcode.jsonl"
DISCHARGE = "mimic-iv-note/discharge.csv"
DIAGNOSES = "mimiciv/diagnoses_icd.csv.gz"


def rehearsal_folder(home: Path) -> Path:
    """Small rehearsal data, ready under the home: written at first use, and again by a newer generator.

    Several processes may ask at once: one of them writes, and each gets the whole of it. OperatorFault when something
    else is in the way.
    """
    folder = home / "rehearsal"
    if not _is_current(folder):
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / "rehearsal.lock"):
            if not _is_current(folder):
                _replace(folder)
    return folder


def write_rehearsal(folder: Path, scale: Scale) -> None:
    """The folder holds invented files for all six tasks, equal to the byte each time, and lastly the marker.

    UsageError when the folder holds files that are not marked as invented.
    """
    sizes = SIZES[scale]
    with _marking(folder, f"scale: {scale}"):
        write_mednli(_file(folder, MEDNLI), sizes.mednli)
        write_meqsum(_file(folder, MEQSUM), sizes.meqsum)
        write_progress_notes(_file(folder, PROBLEM_SUMMARY), progress_notes(sizes.problem_summary))
        write_longhealth(_file(folder, LONGHEALTH), sizes)
        write_medisumqa(_file(folder, MEDISUMQA), sizes.medisumqa, sizes.notes)
        write_medisumcode(_file(folder, MEDISUMCODE), sizes.notes)
        write_notes_of(_file(folder, DISCHARGE), _file(folder, DIAGNOSES), sizes.notes)


def write_notes(folder: Path, count: int) -> None:
    """The folder holds `count` discharge notes, about 11 kB each, and their diagnoses; few are in memory at a time.

    UsageError when the folder holds files that are not marked as invented.
    """
    with _marking(folder, f"notes: {count}"):
        write_notes_of(_file(folder, DISCHARGE), _file(folder, DIAGNOSES), count)


def is_synthetic(folder: Path) -> bool:
    """Whether the folder's files are invented ones."""
    return (folder / MARKER).is_file()


def _file(folder: Path, place: str) -> Path:
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def _marking(folder: Path, size: str) -> Iterator[None]:
    if folder.exists() and _holds_unmarked(folder):
        raise UsageError(
            f"{folder} holds files that are not marked as invented, so they might be real. Name a new folder, or empty "
            "this one if writing into it broke off before."
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).unlink(missing_ok=True)
    yield
    text = f"Everything in this folder is invented, to rehearse with.\n{_stamp()}\n{size}\n"
    (folder / MARKER).write_text(text, encoding="utf-8", newline="\n")


def _stamp() -> str:
    return f"generator: {VERSION}"


def _is_current(folder: Path) -> bool:
    try:
        return _stamp() in (folder / MARKER).read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return False


def _replace(folder: Path) -> None:
    if folder.exists() and _holds_unmarked(folder):
        raise OperatorFault(
            f"{folder} is where rehearsal data belong, but it holds something else. Move it away and try again."
        )
    with tempfile.TemporaryDirectory(prefix="rehearsal.", dir=folder.parent) as scratch:
        fresh = Path(scratch) / "fresh"
        write_rehearsal(fresh, Scale.SMALL)
        if folder.exists():
            folder.rename(Path(scratch) / "stale")
        fresh.rename(folder)


def _holds_unmarked(folder: Path) -> bool:
    return folder.is_file() or (not is_synthetic(folder) and any(folder.iterdir()))
