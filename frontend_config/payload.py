"""The board as columnar data: for each column its values, and for scores their intervals and why one is missing."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from backend.comparison import Hindrance
from backend.domain import PAPERS_PROTOCOL, PROTOCOL, Diagnostics, Edition, Provenance, Standing, Task
from backend.statistics import RankRange
from frontend_config.columns import Column, ColumnKind, board_columns, row_link
from frontend_config.desk import Ranges
from frontend_config.row_names import row_names
from frontend_config.words import notice

MEASURED_DECIMALS = 1
PUBLISHED_DECIMALS = 2
SENT_DECIMALS = 4
RANKED_BY = ("overall", "level_1")
EXPLAINED = (PROTOCOL, PAPERS_PROTOCOL)


def leaderboard_payload(
    standings: Sequence[Standing],
    tasks: Sequence[Task],
    provenance: Provenance,
    edition: Edition,
    columns: Sequence[Column] | None = None,
    ranges: Ranges | None = None,
) -> dict[str, Any]:
    """One view of the board as plain data, rows in the order of `standings`.

    Numbers have four decimals, beyond what any is known to, because all of their digits would treble the transfer; the
    ledger keeps them whole.

    `ranges` tells for some cells the best and worst rank of each row, None for a row that was compared with none;
    `ranges_missing` why, where that is known, by the row's place.
    """
    published = provenance is Provenance.PUBLISHED
    keys = {key for row in standings for key in row.cells}
    shown = columns if columns is not None else board_columns(() if published else tasks, keys)
    view = view_name(provenance, edition)
    return {
        "view": view,
        "provenance": provenance,
        "edition": edition,
        "rows": len(standings),
        "names": row_names(standings),
        "decimals": decimals_of(provenance),
        "sort": _first_sort(shown, standings),
        **_ranges(standings, ranges or {}),
        **_sentences(view),
        "protocols": {
            name: notice(f"protocol {name}") for name in EXPLAINED if name in {row.protocol for row in standings}
        },
        "columns": [_column_payload(column, standings) for column in shown],
    }


def view_name(provenance: Provenance, edition: Edition) -> str:
    """The word for a view in addresses: measured, published or rehearsal."""
    return edition.value if edition is Edition.REHEARSAL else provenance.value


def decimals_of(provenance: Provenance) -> int:
    """To how many decimals the scores of a view are shown."""
    return PUBLISHED_DECIMALS if provenance is Provenance.PUBLISHED else MEASURED_DECIMALS


def _sentences(view: str) -> dict[str, str]:
    return {
        "notice": notice(view),
        "empty": notice(f"{view} empty"),
        "absent": notice(f"{view} absent"),
        "instead": notice("published first"),
        "no_rank": notice("no rank"),
        "no_range": notice(f"{view} no range"),
        "not_stated": notice("not stated"),
    }


def _ranges(standings: Sequence[Standing], ranges: Ranges) -> dict[str, Any]:
    known: dict[str, list[RankRange | None]] = {}
    missing: dict[str, dict[str, str]] = {}
    for cell, found in ranges.items():
        told = [found.get(row.number) for row in standings]
        known[cell] = [None if isinstance(one, Hindrance) else one for one in told]
        missing[cell] = {
            str(place): notice(f"no range {one}", "comparison")
            for place, (row, one) in enumerate(zip(standings, told, strict=True))
            if isinstance(one, Hindrance) and _has_value(row, cell)
        }
    return {"ranges": known, "ranges_missing": missing}


def _has_value(row: Standing, cell: str) -> bool:
    return (score := row.cells.get(cell)) is not None and score.value is not None


def _column_payload(column: Column, standings: Sequence[Standing]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": column.name,
        "title": column.title,
        "group": column.group,
        "kind": column.kind,
        "help": column.help,
        "shown": column.shown,
    }
    if column.part_of is not None:
        described["part_of"] = column.part_of
    if column.kind is ColumnKind.SCORE:
        return described | _scores(column.name, standings)
    if column.kind is ColumnKind.RANK:
        return described | {"values": _ranks(standings)}
    if column.kind is ColumnKind.MODEL:
        described["links"] = [row_link(row) for row in standings]
    read = column.read
    values = [None if read is None else read(row) for row in standings]
    return described | {"values": [_short(value) if isinstance(value, float) else value for value in values]}


def _scores(name: str, standings: Sequence[Standing]) -> dict[str, Any]:
    cells = [row.cells.get(name) for row in standings]
    asked = [row.diagnostics.get(name) for row in standings]
    return {
        **({"asked": _asked(asked)} if any(asked) else {}),
        "values": [_short(cell.value if cell else None) for cell in cells],
        "low": [_short(cell.low if cell else None) for cell in cells],
        "high": [_short(cell.high if cell else None) for cell in cells],
        "n": [cell and cell.n for cell in cells],
        "missing": {
            str(place): cell.missing for place, cell in enumerate(cells) if cell and cell.value is None and cell.missing
        },
    }


def _short(number: float | None) -> float | None:
    return None if number is None else round(number, SENT_DECIMALS)


def _asked(diagnostics: Sequence[Diagnostics | None]) -> dict[str, list[float | None]]:
    """How the asking went: for each number of it that is known of any row, its value for every row."""
    names = [each.name for each in fields(Diagnostics)]
    found = {name: [_short(getattr(each, name)) if each else None for each in diagnostics] for name in names}
    return {name: values for name, values in found.items() if any(value is not None for value in values)}


def _ranks(standings: Sequence[Standing]) -> list[int | None]:
    name = next((name for name in RANKED_BY if _any_value(name, standings)), None)
    if name is None:
        return [None] * len(standings)
    values = [cell.value if (cell := row.cells.get(name)) else None for row in standings]
    first: dict[float, int] = {}
    for place, value in enumerate(sorted((value for value in values if value is not None), reverse=True), start=1):
        first.setdefault(value, place)
    return [None if value is None else first[value] for value in values]


def _first_sort(columns: Sequence[Column], standings: Sequence[Standing]) -> str:
    scores = [column.name for column in columns if column.kind is ColumnKind.SCORE]
    wanted = [name for name in RANKED_BY if name in scores] + scores
    return next((f"-{name}" for name in wanted if _any_value(name, standings)), "model")


def _any_value(name: str, standings: Sequence[Standing]) -> bool:
    return any(_has_value(row, name) for row in standings)
