"""The board, and one model of it, as agents are told of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.comparison import Hindrance
from backend.domain import Standing
from backend.errors import UsageError
from frontend_config.columns import Column
from frontend_config.comparison_payload import score_columns, score_record
from frontend_config.desk import Desk, Ranges
from frontend_config.model_payload import about_row, row_payload
from frontend_config.payload import EXPLAINED
from frontend_config.views import View, ViewName, Views
from frontend_config.words import notice

WORDS = "agents"
MOST_ROWS, MOST_WITH_METRICS = 25, 10
DECIMALS = 2
BILLION = 1e9
MOST_HISTORY = 10
ABOUT = ("name", "label", "page", "domain", "params", "base_model", "engine", "protocol", "revision", "published_at")
OF_ROW = ("base", "others", "diagnostics", "reproduce", "ledger", "exports")
OF_CELL = ("name", "title", "part_of", "value", "low", "high", "n", "missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which rows are asked for; sizes in billion parameters, 0 for no limit."""

    sort_by: str
    training: str
    name_contains: str
    min_billions: float
    max_billions: float
    metrics: bool
    offset: int
    limit: int

    def wants(self, row: Standing) -> bool:
        """Whether the row is among them."""
        if self.training not in ("any", row.domain) or self.name_contains.strip().lower() not in row.label.lower():
            return False
        if not self.min_billions and not self.max_billions:
            return True
        most = self.max_billions or float("inf")
        return row.params is not None and self.min_billions <= row.params / BILLION <= most


def heading(desk: Desk, view: View) -> dict[str, Any]:
    """What every answer about scores begins with."""
    return {
        "how_to_read": f"{notice('how to read', WORDS)} {notice('strangers', WORDS)}",
        "site": desk.settings.public_url,
        "view": view.name,
        "about_the_view": notice(view.name),
        "protocols": {name: notice(f"protocol {name}") for name in EXPLAINED if name in _protocols(view.rows)},
    }


def leaderboard_answer(desk: Desk, view: View, wish: Wish) -> dict[str, Any]:
    """A page of the rows that are asked for, best first; those without the score last."""
    most = MOST_WITH_METRICS if wish.metrics else MOST_ROWS
    if not 1 <= wish.limit <= most:
        raise UsageError(notice("limit refused", WORDS).format(most=most))
    if wish.offset < 0:
        raise UsageError(notice("offset refused", WORDS))
    found = [place for place, row in enumerate(view.rows) if wish.wants(row)]
    found.sort(key=lambda place: -_value(view.rows[place], wish.sort_by))
    shown = found[wish.offset : wish.offset + wish.limit]
    columns = _columns(desk, view, shown, metrics=wish.metrics)
    ranges = _ranges(desk, view)
    end = wish.offset + len(shown)
    return {
        **heading(desk, view),
        "sorted_by": wish.sort_by,
        "no_rank_range": notice(f"{view.name} no range"),
        "rows_found": len(found),
        "rows_of_the_view": len(view.rows),
        "next_offset": end if end < len(found) else None,
        "rows": [
            {
                **_about(view, place),
                "scores": {column.name: _score(view.rows[place], column, ranges) for column in columns},
            }
            for place in shown
        ],
    }


def model_answer(desk: Desk, views: Views, view: View, place: int, *, metrics: bool) -> dict[str, Any]:
    """All that may be told of one row, without the texts of examples and without what only a chart needs."""
    told = row_payload(desk, views, view, place)
    cells = [cell for cell in told["cells"] if metrics or cell["part_of"] is None]
    return {
        **heading(desk, view),
        **about_row(view, place),
        "scores": [
            {
                **{name: cell[name] for name in OF_CELL},
                **{name: _rounded(cell[name]) for name in ("value", "low", "high")},
                "rank_range": cell["range"],
                "rows_with_this_score": cell["of"],
            }
            for cell in cells
        ],
        **{name: told[name] for name in OF_ROW},
        "manifest": {fact["title"]: fact["value"] for fact in told["manifest"] or ()},
        "history": told["history"][:MOST_HISTORY],
    }


def _about(view: View, place: int) -> dict[str, Any]:
    about = about_row(view, place)
    return {name: about[name] for name in ABOUT}


def _protocols(rows: Sequence[Standing]) -> set[str]:
    return {row.protocol for row in rows}


def _columns(desk: Desk, view: View, places: Sequence[int], *, metrics: bool) -> list[Column]:
    columns = score_columns(desk, view.name.asked[0], [view.rows[place] for place in places])
    return [column for column in columns if metrics or column.part_of is None]


def _ranges(desk: Desk, view: View) -> Ranges:
    return {} if view.name is ViewName.PUBLISHED else desk.ranges(view.name.asked[1])


def _score(row: Standing, column: Column, ranges: Ranges) -> dict[str, Any]:
    score = score_record(row, column.name)
    told = {name: _rounded(score[name]) for name in ("value", "low", "high")} | {"n": score["n"]}
    if score["value"] is None:
        return told | {"missing": score["missing"]}
    found = ranges.get(column.name, {}).get(row.number)
    if isinstance(found, Hindrance):
        return told | {"rank_range": None, "no_rank_range": notice(f"no range {found}", "comparison")}
    return told | {"rank_range": found}


def _value(row: Standing, cell: str) -> float:
    score = row.cells.get(cell)
    return float("-inf") if score is None or score.value is None else score.value


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, DECIMALS)
