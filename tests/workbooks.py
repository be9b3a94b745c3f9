"""MeQSum's workbook for tests: the published one where it is, else invented ones of the same schema."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from openpyxl import Workbook

from backend.datasets.catalog import locate
from backend.datasets.meqsum import MEQSUM
from backend.errors import DataMissing
from backend.settings import read_settings

HEADER = ("File", "CHQ", "Summary")
ODD = (
    "SUBJECT: {girl} of 4\nMESSAGE: Is a fever of 39\u00a0degrees & a rash dangerous?",
    'My {0} {} and {unbalanced doctor said "&quot;wait&quot;". What should I do?',
)

# The benchmark file beside the checkout, if there is one.
BESIDE = Path(__file__).resolve().parents[1].parent / "shared" / "data"


class MeqsumData(NamedTuple):
    """A folder that holds a MeQSum workbook; genuine when it is the published one and no stand-in."""

    folder: Path
    genuine: bool


def find_meqsum(fallback: Path) -> MeqsumData:
    """The published workbook where the operator has it, else an invented one written into `fallback`."""
    for folder in (read_settings().data, BESIDE):
        try:
            if folder is not None and locate(MEQSUM, folder):
                return MeqsumData(folder, True)
        except DataMissing:
            continue
    write_stand_in(fallback / MEQSUM.places[0] / MEQSUM.name)
    return MeqsumData(fallback, False)


def write_workbook(path: Path, rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER) -> Path:
    """The path holds a workbook with one sheet QS of these rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    book = Workbook()
    sheet = book.active
    sheet.title = "QS"
    for row in (header, *rows):
        sheet.append(list(row))
    book.save(path)
    return path


def write_stand_in(path: Path, rows: int = 1000) -> Path:
    """The path holds a workbook of MeQSum's size, every word of it invented."""
    texts = [ODD[number] if number < len(ODD) else f"Inquiry {number}: is it serious?" for number in range(rows)]
    return write_workbook(path, [(f"{n}.txt", text, f"Is case {n} serious? ") for n, text in enumerate(texts)])
