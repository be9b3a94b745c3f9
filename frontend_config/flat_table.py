"""A view of the board as one flat table, for those who read it with a spreadsheet or a data frame."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from frontend_config.columns import ColumnKind, Value

FORMULA = re.compile(r"^\s*[=+\-@\t\r]")
PARTS = ("low", "high", "n")


def flat_table(payload: Mapping[str, Any]) -> dict[str, list[Value]]:
    """The columns by name, one value a row; a score is followed by its low, high, n, the reason why it is missing, and
    where ranks were compared by the best and the worst of them.
    """
    table: dict[str, list[Value]] = {"name": payload["names"]}
    for column in payload["columns"]:
        table[column["name"]] = column["values"]
        if column["kind"] == ColumnKind.SCORE:
            table |= _beside(column, payload)
    return table


def csv_text(table: Mapping[str, Sequence[Value]]) -> str:
    """The table as CSV (RFC 4180); text that looks like a formula starts with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(table)
    writer.writerows(map(guarded, row) for row in zip(*table.values(), strict=True))
    return out.getvalue()


def guarded(value: Value) -> Value:
    """The value, text behind an apostrophe where a spreadsheet would take it for a formula."""
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def _beside(column: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, list[Value]]:
    name = column["name"]
    found: dict[str, list[Value]] = {f"{name}.{part}": column[part] for part in PARTS}
    found[f"{name}.missing"] = [column["missing"].get(str(place)) for place in range(payload["rows"])]
    ranges = payload.get("ranges", {}).get(name)
    if ranges is not None:
        found[f"{name}.rank_best"] = [each and each[0] for each in ranges]
        found[f"{name}.rank_worst"] = [each and each[1] for each in ranges]
    return found
