"""What /v1/delta and /v1/compare say of literal standings, with invented intervals of two points to each side."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Query

from backend.domain import Domain, Edition, Provenance, Score, Standing
from frontend_config.columns import BENCHMARK
from frontend_config.row_names import find_row, row_names

from .serving import Shelf

Names = Annotated[Sequence[str], Query()]
HALF = 2.0
DETECTABLE = 2.8
TITLES = {"overall": "Overall", "level_1": "Level 1", "level_2": "Level 2"} | {
    task.name: task.title for task in BENCHMARK
}
NOTICES = {
    "measured": "Measured by this leaderboard under protocol clue-2, with 95 % bootstrap intervals.",
    "published": "Published by the authors, June 2024, arXiv 2404.04067; not measured here.",
    "rehearsal": "Invented data: a rehearsal of the whole way from submission to score.",
}
NO_ANSWERS = "Only scores were published, no answers, so no interval can be had."


def answer_with(app: FastAPI, shelf: Shelf) -> FastAPI:
    """Puts both answers, made from what stands on the shelf, before whatever the site has at their addresses."""
    routes = APIRouter()

    @routes.get("/v1/delta")
    def delta(
        provenance: Provenance = Provenance.MEASURED, edition: Edition = Edition.FULL, base: Names = ()
    ) -> dict[str, Any]:
        return delta_payload(shelf.standings(provenance, edition), _view(provenance, edition), base)

    @routes.get("/v1/compare")
    def compare(
        provenance: Provenance = Provenance.MEASURED, edition: Edition = Edition.FULL, m: Names = ()
    ) -> dict[str, Any]:
        return compare_payload(shelf.standings(provenance, edition), _view(provenance, edition), m)

    app.router.routes[:0] = routes.routes
    return app


def delta_payload(standings: Sequence[Standing], view: str, chosen: Sequence[str] = ()) -> dict[str, Any]:
    """Every biomedical row beside the row that is its base; one without a stated base may be set beside any Llama-2."""
    names = dict(zip(map(id, standings), row_names(standings), strict=True))
    wish = dict(each.split("~", 1) for each in chosen)
    pairs, unpaired = [], []
    for row in (row for row in standings if row.domain is Domain.BIOMEDICAL):
        stated = find_row(standings, row.base_model) if row.base_model else None
        bases = [stated] if stated else [each for each in standings if "llama2-7b" in each.label.lower()][:2]
        if not bases or (row.base_model and stated is None):
            reason = f"{row.base_model or 'Its base'} is not in this view."
            unpaired.append(
                {"name": names[id(row)], "label": row.label, "base_model": row.base_model, "reason": reason}
            )
            continue
        base = find_row(standings, wish[row.label]) if row.label in wish else bases[0]
        assert base is not None
        pairs.append(_delta_pair(row, base, bases, names, view))
    return _head(view) | {
        "cells": [{"name": name, "title": title, "group": _group(name)} for name, title in TITLES.items()],
        "pairs": pairs,
        "counts": {cell: _counts(pairs, cell) for cell in TITLES},
        "unpaired": unpaired,
        "families": _families(pairs),
    }


def compare_payload(standings: Sequence[Standing], view: str, names: Sequence[str]) -> dict[str, Any]:
    """Two to four rows, every cell that one of them has; HTTPException 404 for a name that no row has."""
    rows = [find_row(standings, name) for name in names]
    if None in rows:
        raise HTTPException(404, "There is no such model in this view.")
    found = [row for row in rows if row]
    cells = list(TITLES) + sorted({key for row in found for key in row.cells if "." in key})
    return _head(view) | {
        "models": [_model(row, name) | {"domain": row.domain} for row, name in zip(found, names, strict=True)],
        "cells": [_compare_cell(found, cell, view) for cell in cells],
    }


def _head(view: str) -> dict[str, Any]:
    published = view == "published"
    return {
        "view": view,
        "provenance": "published" if published else "measured",
        "edition": "rehearsal" if view == "rehearsal" else "full",
        "decimals": 2 if published else 1,
        "notice": NOTICES[view],
    }


def _view(provenance: Provenance, edition: Edition) -> str:
    return "rehearsal" if edition is Edition.REHEARSAL else provenance.value


def _group(name: str) -> str:
    return "Averages" if name in ("overall", "level_1", "level_2") else "Tasks"


def _model(row: Standing, name: str) -> dict[str, Any]:
    return {"name": name, "label": row.label, "link": None, "params": row.params, "base_model": row.base_model}


def _difference(first: Score | None, second: Score | None, view: str) -> dict[str, Any]:
    if first is None or second is None or first.value is None or second.value is None:
        reason = "Problem Summary was not measured for both."
        return {"difference": None, "low": None, "high": None, "p_adjusted": None, "n": 0, "reason": reason}
    difference = first.value - second.value
    half = None if view == "published" else HALF
    return {
        "difference": difference,
        "low": half and difference - half,
        "high": half and difference + half,
        "p_adjusted": half and max(0.0004, 0.3 - abs(difference) / 20),
        "n": first.n,
        "reason": None if half else NO_ANSWERS,
    }


def _judged(found: dict[str, Any], words: tuple[str, str]) -> str | None:
    if found["low"] is None:
        return None
    return words[0] if found["low"] > 0 else words[1] if found["high"] < 0 else "cannot tell"


def _delta_pair(
    row: Standing, base: Standing, bases: Sequence[Standing], names: dict[int, str], view: str
) -> dict[str, Any]:
    cells = {}
    for cell in TITLES:
        found = _difference(row.cells.get(cell), base.cells.get(cell), view)
        value, base_value = (each.cells[cell].value if cell in each.cells else None for each in (row, base))
        finding = _judged(found, ("improved", "declined"))
        cells[cell] = found | {"finding": finding, "value": value, "base_value": base_value}
    return {
        "model": _model(row, names[id(row)]),
        "base": _model(base, names[id(base)]),
        "base_source": "Stated by the authors of the benchmark." if row.base_model else "Stated by nobody.",
        "bases": [{"name": names[id(each)], "label": each.label} for each in bases],
        "cells": cells,
    }


def _counts(pairs: Sequence[dict[str, Any]], cell: str) -> dict[str, int]:
    counted: Counter[str] = Counter(dict.fromkeys(("improved", "declined", "cannot tell"), 0))
    counted.update(dict.fromkeys(("higher", "lower", "equal", "missing"), 0))
    for found in (pair["cells"][cell] for pair in pairs):
        if found["difference"] is None:
            counted["missing"] += 1
            continue
        counted["higher" if found["difference"] > 0 else "lower" if found["difference"] < 0 else "equal"] += 1
        if found["finding"]:
            counted[found["finding"]] += 1
    return dict(counted)


def _families(pairs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    roots: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        base, model = pair["base"], pair["model"]
        root = roots.setdefault(
            base["name"], {"name": base["name"], "on_board": True, "domain": "general", "children": []}
        )
        root["children"].append({"name": model["name"], "on_board": True, "domain": "biomedical", "children": []})
    return list(roots.values())


def _compare_cell(rows: Sequence[Standing], cell: str, view: str) -> dict[str, Any]:
    task, _, metric = cell.partition(".")
    scores = [row.cells.get(cell) for row in rows]
    pairs = [
        _compare_pair(rows, (first, second), cell, view)
        for first in range(len(rows))
        for second in range(first + 1, len(rows))
    ]
    return {
        "name": cell,
        "title": metric or TITLES[cell],
        "group": _group(cell),
        "part_of": TITLES[task] if metric else None,
        "help": "",
        "scores": [_score(score) for score in scores],
        "tests": 30,
        "pairs": pairs,
    }


def _score(score: Score | None) -> dict[str, Any]:
    if score is None:
        return {"value": None, "low": None, "high": None, "n": 0, "missing": "Not measured for this model."}
    return {"value": score.value, "low": score.low, "high": score.high, "n": score.n, "missing": score.missing}


def _compare_pair(rows: Sequence[Standing], places: tuple[int, int], cell: str, view: str) -> dict[str, Any]:
    first, second = (rows[place] for place in places)
    found = _difference(first.cells.get(cell), second.cells.get(cell), view)
    finding = _judged(found, ("better", "worse"))
    said = {
        "better": f"{first.label} is better than {second.label}",
        "worse": f"{first.label} is worse than {second.label}",
    }
    judged = f"{said[finding]} on {cell} ({found['difference']:+.1f})." if finding in said else None
    sentence = judged or f"The difference on {cell} cannot be told from noise."
    adjusted = found["p_adjusted"]
    return found | {
        "first": places[0],
        "second": places[1],
        "p": adjusted and adjusted / 10,
        "detectable": adjusted and DETECTABLE,
        "finding": finding,
        "sentence": sentence if finding else found["reason"],
    }
