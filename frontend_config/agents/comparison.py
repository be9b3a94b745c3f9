"""Two to four rows side by side as agents are told of them."""

from collections.abc import Iterable
from typing import Any

from backend.domain import Standing
from backend.errors import UsageError
from frontend_config.agents.board import DECIMALS, heading
from frontend_config.agents.board import WORDS as AGENTS
from frontend_config.comparison_payload import WORDS, comparison_payload
from frontend_config.desk import Desk
from frontend_config.views import View
from frontend_config.words import notice

FEWEST, MOST = 2, 4
OF_CELL = ("name", "title", "part_of", "tests")
NUMBERS = ("difference", "low", "high", "detectable")
OF_PAIR = ("n", "p", "p_adjusted", "finding", "sentence")


def chosen(view: View, wanted: Iterable[str]) -> dict[str, Standing]:
    """The rows of these names; UsageError when one is not there, or they are not two to four."""
    found = {}
    for name in dict.fromkeys(wanted):
        place = view.find(name)
        if place is None:
            raise UsageError(notice("unknown row", AGENTS).format(name=name[:100]))
        found[view.names[place]] = view.rows[place]
    if not FEWEST <= len(found) <= MOST:
        raise UsageError(notice("too few models", WORDS))
    return found


def comparison_answer(desk: Desk, view: View, rows: dict[str, Standing], *, metrics: bool) -> dict[str, Any]:
    """Scores of these rows and what can be said of each pair, in percent and percentage points.

    UsageError for more than two rows with all their metrics: the answer would be longer than anybody reads.
    """
    if metrics and len(rows) > FEWEST:
        raise UsageError(notice("too many metrics", AGENTS))
    told = comparison_payload(desk, *view.name.asked, rows)
    names = [model["name"] for model in told["models"]]
    return {
        **heading(desk, view),
        "notice": told["notice"],
        "models": told["models"],
        "cells": [
            {
                **{name: cell[name] for name in OF_CELL},
                "scores": {name: _rounded(score) for name, score in zip(names, cell["scores"], strict=True)},
                "pairs": [_pair(pair, names) for pair in cell["pairs"]],
            }
            for cell in told["cells"]
            if metrics or cell["part_of"] is None
        ],
    }


def _pair(pair: dict[str, Any], names: list[str]) -> dict[str, Any]:
    numbers = _rounded({name: pair[name] for name in NUMBERS})
    return {"first": names[pair["first"]], "second": names[pair["second"]], **numbers} | {
        name: pair[name] for name in OF_PAIR
    }


def _rounded(record: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, DECIMALS) if isinstance(value, float) else value for name, value in record.items()}
