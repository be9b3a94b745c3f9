"""Two to four rows of the board side by side: scores, and for each pair what can be said of their difference."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from backend.comparison import Compared, Finding
from backend.domain import Edition, Provenance, Score, Standing
from backend.statistics import RowPair
from frontend_config.columns import Column, ColumnKind, board_columns, row_link
from frontend_config.desk import Desk
from frontend_config.payload import decimals_of, view_name
from frontend_config.words import notice

WORDS = "comparison"
NAMED = {"overall": "the overall score", "level_1": "level 1", "level_2": "level 2"}
EQUAL = 1e-9  # percentage points; what adding in another order leaves
JUDGED = ("n", "difference", "low", "high", "p", "p_adjusted", "detectable", "finding")


def comparison_payload(
    desk: Desk, provenance: Provenance, edition: Edition, rows: Mapping[str, Standing]
) -> dict[str, Any]:
    """These rows, by name, in every cell of their view, with all pairs of them; numbers are not rounded."""
    names, standings = list(rows), list(rows.values())
    pairs = list(combinations(range(len(rows)), 2))
    decimals = decimals_of(provenance)
    compared = desk.compare(standings, pairs)
    return {
        **view_of(provenance, edition),
        "notice": notice(f"compare {view_name(provenance, edition)}", WORDS),
        "models": [model_record(name, row) for name, row in rows.items()],
        "cells": [
            {
                **cell_record(column),
                "scores": [score_record(row, column.name) for row in standings],
                "tests": compared.tests(column.name),
                "pairs": [
                    pair_record(column, pair, record, decimals, names, tests=compared.tests(column.name))
                    for pair, record in zip(
                        pairs, difference_records(column.name, standings, compared, provenance, names), strict=True
                    )
                ],
            }
            for column in score_columns(desk, provenance, standings)
        ],
    }


def view_of(provenance: Provenance, edition: Edition) -> dict[str, Any]:
    """How an answer names its view, and to how many decimals its scores are written."""
    return {
        "view": view_name(provenance, edition),
        "provenance": provenance,
        "edition": edition,
        "decimals": decimals_of(provenance),
    }


def score_columns(desk: Desk, provenance: Provenance, rows: Sequence[Standing]) -> list[Column]:
    """The columns of scores that these rows have on the board."""
    keys = {key for row in rows for key in row.cells}
    shown = board_columns(() if provenance is Provenance.PUBLISHED else desk.tasks, keys)
    return [column for column in shown if column.kind is ColumnKind.SCORE]


def model_record(name: str, row: Standing) -> dict[str, Any]:
    """Who a row is."""
    return {
        "name": name,
        "label": row.label,
        "link": row_link(row),
        "domain": row.domain,
        "base_model": row.base_model,
        "params": row.params,
        "engine": row.engine,
        "revision": (row.model.revision or None) if row.model else None,
    }


def cell_record(column: Column) -> dict[str, Any]:
    """What a cell is called, and what it is a part of."""
    return {
        "name": column.name,
        "title": column.title,
        "group": column.group,
        "part_of": column.part_of,
        "help": column.help,
    }


def score_record(row: Standing, cell: str) -> dict[str, Any]:
    """A row's score in percent; `missing` where there is none."""
    score = row.cells.get(cell)
    if score is None:
        return {"value": None, "low": None, "high": None, "n": 0, "missing": _absent(row)}
    missing = score.missing if score.value is None else None
    return {"value": score.value, "low": score.low, "high": score.high, "n": score.n, "missing": missing}


def difference_records(
    cell: str, rows: Sequence[Standing], compared: Compared, provenance: Provenance, names: Sequence[str]
) -> list[dict[str, Any]]:
    """What is known of each pair of `compared` in one cell, with the reason where it could not be judged.

    The difference is first less second in percentage points, over shared items where it was judged, else of the scores.
    """
    found = []
    for number, (pair, record) in enumerate(zip(compared.pairs, compared.records(cell), strict=True)):
        scores = [rows[place].cells.get(cell) for place in pair]
        values = [score.value if score else None for score in scores]
        if values[0] is None or values[1] is None:
            absent = 0 if values[0] is None else 1
            told: dict[str, Any] = {**dict.fromkeys(JUDGED), "n": 0}
            told["reason"] = _missing(names[pair[absent]], rows[pair[absent]], scores[absent])
        elif record is None or record["p"] is None:
            told = {**dict.fromkeys(JUDGED), "n": 0, "difference": values[0] - values[1]}
            told["reason"] = _hindered(compared, cell, number, provenance)
        else:
            told = {**record, "reason": None}
        found.append(told)
    return found


def pair_record(
    column: Column, pair: RowPair, record: Mapping[str, Any], decimals: int, names: Sequence[str], *, tests: int
) -> dict[str, Any]:
    """What is known of a pair in a cell, with its sentence; `tests` were made together with this one."""
    first, second = (names[place] for place in pair)
    named = NAMED.get(column.name) or (f"{column.part_of}, {column.title}" if column.part_of else column.title)
    bounds = {name: "" if record[name] is None else written(record[name], decimals) for name in ("low", "high")}
    detectable = record["detectable"]
    sentence = notice(_heading(record, tests), WORDS).format(
        first=first,
        second=second,
        cell=named,
        reason=record["reason"],
        tests=tests,
        points="" if record["difference"] is None else f"{abs(record['difference']):.{decimals}f}",
        detectable="" if detectable is None else f"{detectable:.{decimals}f}",
        difference="" if record["difference"] is None else written(record["difference"], decimals, plus="+"),
        **bounds,
    )
    return {"first": pair[0], "second": pair[1], **record, "sentence": sentence}


def sign(difference: float) -> str:
    """Whether the first of a pair is higher, lower or equal."""
    if abs(difference) < EQUAL:
        return "equal"
    return "higher" if difference > 0 else "lower"


def written(value: float, decimals: int, plus: str = "") -> str:
    """A number as sentences have it, with a true minus sign and no sign for 0."""
    text = f"{abs(value):.{decimals}f}"
    return text if not float(text) else f"{'−' if value < 0 else plus}{text}"


def _missing(name: str, row: Standing, score: Score | None) -> str:
    reason = (score.missing if score else None) or _absent(row)
    return notice("missing", WORDS).format(name=name, reason=reason)


def _absent(row: Standing) -> str:
    """Why a row has no score in a cell that others of its view have."""
    return notice(f"{view_name(row.provenance, row.edition)} absent")


def _hindered(compared: Compared, cell: str, number: int, provenance: Provenance) -> str:
    if provenance is Provenance.PUBLISHED:
        return notice("published", WORDS)
    return notice(compared.hindrance(cell, number) or "no interval", WORDS)


def _heading(record: Mapping[str, Any], tests: int) -> str:
    if record["difference"] is None:
        return "not compared"
    if record["finding"] is None:
        return sign(record["difference"])
    if record["finding"] == Finding.UNDECIDED and (record["low"] is None or record["detectable"] is None):
        return "cannot tell without interval"
    if record["finding"] == Finding.UNDECIDED and tests > 1 and not record["low"] <= 0 <= record["high"]:
        return "cannot tell among so many"
    return str(record["finding"])
