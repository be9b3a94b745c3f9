"""The file in which a physician decides on every pair: CSV that a spreadsheet opens, edits and saves without harm."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.builders.pairs import Pair
from backend.errors import UsageError

COLUMNS = ("keep", "question", "answer", "category", "note_id", "statement", "id")
YES = frozenset({"yes", "y", "1", "true", "x"})
NO = frozenset({"no", "n", "0", "false"})
SEPARATORS = (",", ";", "\t")
# A spreadsheet takes what begins like this for a formula.
_FORMULA = re.compile(r"\A'*[=+\-@\t\r]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """One row of the file as it came back; `keep` is None while it is undecided. `row` counts as a spreadsheet does."""

    row: int
    keep: bool | None
    question: str
    answer: str
    category: str
    note_id: str
    id: str


def review_text(pairs: Iterable[Pair]) -> str:
    """The file's text: one row for each pair, with `keep` and `category` left to the physician.

    It begins with a byte order mark, by which spreadsheets know UTF-8.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for pair in pairs:
        cells = ("", pair.question, pair.answer, "", pair.note_id, pair.statement, pair.id)
        rows.writerow(map(guarded, cells))
    return f"\ufeff{text.getvalue()}"


def read_review(path: Path) -> list[Reviewed]:
    """Every row, whichever of the usual separators the spreadsheet has put between the cells.

    UsageError when the file is none, lacks a column, or holds anything but yes, no or nothing under `keep`.
    """
    if not path.is_file():
        raise UsageError(f"There is no {path}. Build the pairs first, without --release.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if not text:
        raise UsageError(f"{path} is empty or not in UTF-8. Save it from the spreadsheet as CSV UTF-8.")
    header, *records = _records(path, text)
    rows, odd = [], []
    for number, record in enumerate(records, 2):
        if not any(cell.strip() for cell in record):
            continue
        cells = dict(zip(header, [*record, *[""] * len(header)], strict=False))
        row = _row(number, cells)
        rows.append(row)
        if row.keep is None and cells["keep"].strip():
            odd.append(number)
    if odd:
        raise UsageError(f"{path.name}: under keep there is something else than yes or no in {rows_named(odd)}.")
    return rows


def rows_named(numbers: Sequence[int], most: int = 20) -> str:
    """As in: row 7; rows 3, 5 and 12; the first few of many."""
    if len(numbers) == 1:
        return f"row {numbers[0]}"
    if len(numbers) > most:
        return f"rows {', '.join(map(str, numbers[:most]))} and {len(numbers) - most} more"
    return f"rows {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def guarded(cell: str) -> str:
    """The cell with an apostrophe before it if a spreadsheet would compute it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The cell without the apostrophe that `guarded` puts there."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _records(path: Path, text: str) -> list[list[str]]:
    for separator in SEPARATORS:
        try:
            records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
        except csv.Error:
            continue
        header = [cell.strip().lower() for cell in records[0]]
        if set(COLUMNS) <= set(header):
            return [header, *records[1:]]
    raise UsageError(f"{path} does not begin with the columns {', '.join(COLUMNS)}, or is not a CSV file any more.")


def _row(number: int, cells: dict[str, str]) -> Reviewed:
    clean = {name: " ".join(unguarded(cell).split()) for name, cell in cells.items()}
    decision = clean["keep"].lower()
    return Reviewed(
        row=number,
        keep=True if decision in YES else False if decision in NO else None,
        question=clean["question"],
        answer=clean["answer"],
        category=clean["category"],
        note_id=clean["note_id"],
        id=clean["id"],
    )
