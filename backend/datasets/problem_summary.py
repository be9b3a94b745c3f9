"""Reads the test file of Problem List Summarization: a table with one progress note a row."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from backend.datasets.catalog import unusable
from backend.datasets.records import whole_text
from backend.domain import DataFile

PROBLEM_SUMMARY = DataFile(
    name="BioNLP2023-1A-Test.csv",
    places=(
        "bionlp-workshop-2023-task-1a",
        "ProblemSummary",
        "problem_summary",
        "physionet.org/files/bionlp-workshop-2023-task-1a/2.0.0",
        ".",
    ),
    obtain="Complete PhysioNet's training and data use agreement for BioNLP Workshop 2023 Shared Task 1A, version "
    "2.0.0, download BioNLP2023-1A-Test.csv (not the training file) from "
    "https://physionet.org/content/bionlp-workshop-2023-task-1a/2.0.0/ and put it into the folder "
    "bionlp-workshop-2023-task-1a of CLUE_DATA.",
    rows=237,
)
# The training and the test file do not call their columns the same.
COLUMNS: Mapping[str, Sequence[str]] = {
    "File ID": ("file id",),
    "Subjectives": ("subjectives", "subjective sections"),
    "Assessment": ("assessment",),
    "Summary": ("summary",),
}


def read_problem_summary(path: Path) -> list[dict[str, str]]:
    """Rows with File ID, Subjectives, Assessment and Summary, in any order of columns; all but File ID may be empty.

    Line ends within a cell are line feeds. DataMissing names the row as a spreadsheet numbers it, without its text.
    """
    header, *lines = _table(path)
    columns = _columns(header, path)
    rows: list[dict[str, str]] = []
    seen: set[str] = set()
    for number, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells):
            continue
        place = f"{path.name}, row {number}"
        if len(cells) != len(header):
            raise unusable(PROBLEM_SUMMARY, f"{place} has {len(cells)} cells, the header {len(header)}.")
        row = {name: cells[column].strip() for name, column in columns.items()}
        if not row["File ID"] or row["File ID"] in seen:
            raise unusable(PROBLEM_SUMMARY, f"{place}: its File ID is empty or has come before.")
        seen.add(row["File ID"])
        rows.append(row)
    if not rows:
        raise unusable(PROBLEM_SUMMARY, f"{path} has no rows.")
    return rows


def _table(path: Path) -> list[list[str]]:
    # The stream reads every kind of line end as a line feed, so that a prompt does not depend on who saved the file.
    reader = csv.reader(io.StringIO(whole_text(PROBLEM_SUMMARY, path), newline=None), strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        raise unusable(PROBLEM_SUMMARY, f"{path.name} is no CSV table at line {reader.line_num} ({error}).") from None


def _columns(header: Sequence[str], path: Path) -> dict[str, int]:
    names = [" ".join(name.split()).casefold() for name in header]
    found = {
        column: [index for index, name in enumerate(names) if name in spellings]
        for column, spellings in COLUMNS.items()
    }
    unclear = [column for column, indices in found.items() if len(indices) != 1]
    if unclear:
        raise unusable(PROBLEM_SUMMARY, f"{path} does not have each of these columns once: {', '.join(unclear)}.")
    return {column: indices[0] for column, indices in found.items()}
