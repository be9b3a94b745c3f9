"""The scores of a row as CSV that a spreadsheet opens without running anything in it."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

FORMULA = re.compile(r"^\s*[=+\-@\t\r]")
HEADINGS = ("model", "view", "revision", "cell", "title", "value", "low", "high", "n", "missing")


def row_csv(about: Mapping[str, Any], view: str, cells: Sequence[Mapping[str, Any]]) -> str:
    """A line for each cell of the row, numbers as they are stored (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADINGS)
    for cell in cells:
        title = f"{cell['part_of']} {cell['title']}" if cell["part_of"] else cell["title"]
        who = (about["label"], view, about["revision"], cell["name"], title)
        writer.writerow(
            [*map(guarded, who), cell["value"], cell["low"], cell["high"], cell["n"], guarded(cell["missing"])]
        )
    return out.getvalue()


def guarded(text: str | None) -> str:
    """The text behind an apostrophe where a spreadsheet would take it for a formula."""
    return "" if text is None else f"'{text}" if FORMULA.match(text) else text
