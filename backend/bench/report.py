"""Writes what a bench measured into a document, each bench under a heading of its own."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any


def write_section(document: Path, name: str, record: Mapping[str, Any]) -> None:
    """The document holds the record as tables under the heading `name`, in the place of an older one or at its end."""
    text = document.read_text(encoding="utf-8") if document.exists() else "# How fast the core is\n"
    section = "\n".join([f"## {name}", "", *_lines(record, 3)]).rstrip() + "\n"
    older = re.compile(rf"^## {re.escape(name)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    found = older.search(text)
    text = older.sub(lambda _: f"{section}\n", text) if found else f"{text.rstrip()}\n\n{section}"
    document.write_text(text.rstrip() + "\n", encoding="utf-8")


def _lines(record: Mapping[str, Any], depth: int) -> Iterator[str]:
    """Plain values as one table, then every part: a table where its rows are alike, else under a heading."""
    plain = {key: value for key, value in record.items() if not isinstance(value, Mapping | list)}
    if plain:
        yield from _table([{"": key, "value": value} for key, value in plain.items()])
    for key, value in record.items():
        if key in plain or not value:
            continue
        yield from (f"{'#' * depth} {key}", "")
        if isinstance(value, list):
            yield from _table([each if isinstance(each, Mapping) else {"": each} for each in value])
        elif all(isinstance(part, Mapping) and _is_flat(part) for part in value.values()):
            yield from _table([{"": name, **part} for name, part in value.items()])
        else:
            yield from _lines(value, depth + 1)


def _is_flat(part: Mapping[str, Any]) -> bool:
    return not any(isinstance(value, Mapping | list) for value in part.values())


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    yield f"| {' | '.join(name.replace('_', ' ') for name in names)} |"
    yield "|---" * len(names) + "|"
    for row in rows:
        yield f"| {' | '.join(_shown(row.get(name)) for name in names)} |"
    yield ""


def _shown(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        # As small as a difference of roundings: two digits that count, not two places.
        return f"{value:.2g}" if 0 < abs(value) < 0.01 else f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Writes the JSON on standard input into the document named first, under the heading named second."""
    write_section(Path(sys.argv[1]), sys.argv[2], json.load(sys.stdin))


if __name__ == "__main__":
    main()
