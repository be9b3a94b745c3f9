"""Writes invented workbooks with MeQSum's sheet, columns and oddities."""

from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook

HEADER = ("File", "CHQ", "Summary")
ODD = (
    "SUBJECT: {girl} of 4\nMESSAGE: Is a fever of 39\u00a0degrees & a rash dangerous?",
    'My {0} {} and {unbalanced doctor said "&quot;wait&quot;". What should I do?',
)


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
