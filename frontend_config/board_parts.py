"""A view of the board in two parts: what its first table needs, and what can come a moment later."""

from collections.abc import Iterable, Mapping
from typing import Any

FILTERED_BY = frozenset({"domain", "params", "licence", "protocol"})
LATER = frozenset({"n", "asked", "links"})
BY_CELL = ("ranges", "ranges_missing")


def first_part(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload with only the columns that are shown unasked or filtered by, without what is told of single cells."""
    columns = [_without(LATER, column) for column in payload["columns"] if _comes_first(column)]
    names = {column["name"] for column in columns}
    ranges = {key: {cell: payload[key][cell] for cell in payload[key] if cell in names} for key in BY_CELL}
    return {**payload, **ranges, "columns": columns}


def later_part(payload: Mapping[str, Any]) -> dict[str, Any]:
    """All columns by name in the board's order, each with what the first part does not tell of it; ranges likewise."""
    first = {column["name"]: column for column in payload["columns"] if _comes_first(column)}
    columns = [
        _without(column.keys() - LATER - {"name"}, column) if column["name"] in first else column
        for column in payload["columns"]
    ]
    ranges = {key: _without(first, payload[key]) for key in BY_CELL}
    return {**ranges, "columns": columns}


def _comes_first(column: Mapping[str, Any]) -> bool:
    return column["shown"] or column["name"] in FILTERED_BY


def _without(names: Iterable[str], record: Mapping[str, Any]) -> dict[str, Any]:
    left_out = set(names)
    return {name: value for name, value in record.items() if name not in left_out}
