"""The scores of a row as CSV that a spreadsheet opens without running anything in it."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from frontend_config.flat_table import guarded

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
