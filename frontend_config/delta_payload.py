"""Every biomedical model less the model it was made from: what training changed, cell by cell."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from backend.comparison import Finding
from backend.domain import Edition, Provenance, Standing
from frontend_config.bases import Paired, bases_of
from frontend_config.columns import Column, row_link
from frontend_config.comparison_payload import WORDS, difference_records, score_columns, sign, view_of
from frontend_config.desk import Desk
from frontend_config.families import families
from frontend_config.payload import view_name
from frontend_config.words import notice


class Change(StrEnum):
    """What is said of a model against its base."""

    IMPROVED = "improved"
    DECLINED = "declined"
    UNDECIDED = "cannot tell"


CHANGES = {
    Finding.BETTER: Change.IMPROVED,
    Finding.WORSE: Change.DECLINED,
    Finding.UNDECIDED: Change.UNDECIDED,
}
SIGNS = ("higher", "lower", "equal", "missing")


def delta_payload(
    desk: Desk, provenance: Provenance, edition: Edition, rows: Mapping[str, Standing], wished: Mapping[str, str]
) -> dict[str, Any]:
    """All pairs of the view's rows, by name, and what became of them in each main cell; numbers are not rounded.

    UsageError when `wished` names a pair that is not offered.
    """
    paired, unpaired = bases_of(rows, provenance, wished)
    columns = [column for column in score_columns(desk, provenance, list(rows.values())) if column.part_of is None]
    cells = _differences(desk, provenance, rows, paired, columns)
    return {
        **view_of(provenance, edition),
        "notice": notice(f"delta {view_name(provenance, edition)}", WORDS),
        "cells": [{"name": column.name, "title": column.title, "group": column.group} for column in columns],
        "pairs": [
            {
                "model": _model_record(one.name, rows[one.name]),
                "base": _model_record(one.base, rows[one.base]),
                "base_source": one.source,
                "bases": [{"name": name, "label": rows[name].label} for name in one.bases],
                "cells": found,
            }
            for one, found in zip(paired, cells, strict=True)
        ],
        "counts": {column.name: _counts([found[column.name] for found in cells]) for column in columns},
        "unpaired": [
            {
                "name": one.name,
                "label": rows[one.name].label,
                "base_model": rows[one.name].base_model,
                "reason": one.reason,
            }
            for one in unpaired
        ],
        "families": families(rows),
    }


def _differences(
    desk: Desk,
    provenance: Provenance,
    rows: Mapping[str, Standing],
    paired: Sequence[Paired],
    columns: Sequence[Column],
) -> list[dict[str, dict[str, Any]]]:
    """For each pair what is known in each cell."""
    names = list(dict.fromkeys(name for one in paired for name in (one.name, one.base)))
    standings = [rows[name] for name in names]
    pairs = [(names.index(one.name), names.index(one.base)) for one in paired]
    compared = desk.compare(standings, pairs, metrics=False)
    found: list[dict[str, dict[str, Any]]] = [{} for _ in pairs]
    for column in columns:
        records = difference_records(column.name, standings, compared, provenance, names)
        for place, (pair, record) in enumerate(zip(pairs, records, strict=True)):
            value, base_value = (_value(standings[one], column.name) for one in pair)
            found[place][column.name] = {
                **{name: record[name] for name in ("difference", "low", "high", "p_adjusted", "n", "reason")},
                "finding": CHANGES[record["finding"]] if record["finding"] else None,
                "value": value,
                "base_value": base_value,
            }
    return found


def _value(row: Standing, cell: str) -> float | None:
    score = row.cells.get(cell)
    return score.value if score else None


def _model_record(name: str, row: Standing) -> dict[str, Any]:
    return {"name": name, "label": row.label, "link": row_link(row), "params": row.params}


def _counts(cells: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    counted = Counter(str(cell["finding"]) for cell in cells if cell["finding"]) + Counter(map(_sign, cells))
    return {name: counted[name] for name in (*map(str, Change), *SIGNS)}


def _sign(cell: Mapping[str, Any]) -> str:
    return "missing" if cell["difference"] is None else sign(cell["difference"])
