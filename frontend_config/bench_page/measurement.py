"""The whole measurement: our page and Gradio's table, turn by turn in one run, and what the server answers a second."""

import os
import platform
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import gradio as gr
import httpx

from backend.domain import Standing, Task
from backend.progress import FractionProgress
from frontend_config.bench_page.invention import invented_standings, narrowed
from frontend_config.bench_page.rates import answers_per_second
from frontend_config.bench_page.sites import dataframe_site, our_site, served
from frontend_config.bench_page.visits import Visit, browsing, visit
from frontend_config.columns import board_columns

REPEATS = 5
SMALL = 1_000
SECONDS = 3.0
BUDGETS = {"cold_ms": 1_000.0, "warm_ms": 400.0, "sort_ms": 100.0, "filter_ms": 100.0, "search_ms": 100.0}
SMALL_BYTES = 600_000


def measure_page(tasks: Sequence[Task], models: int, columns: int, report: FractionProgress) -> dict[str, Any]:
    """The record of one run: medians of five for both tables, answers a second, and which budgets were kept.

    Milliseconds and bytes; `clean` means that no other host was asked for anything. UsageError without a browser.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clue-bench-")))
        kept = narrowed(tasks, columns)
        rows = invented_standings(kept, models)
        few = rows[:SMALL]
        addresses = {
            "board": stack.enter_context(served(lambda: our_site(rows, kept, home))),
            "dataframe": stack.enter_context(served(lambda: dataframe_site(rows, kept))),
            "board_1000": stack.enter_context(served(lambda: our_site(few, kept, home))),
        }
        visits = _visits(addresses, rows, report)
        report("answers", 0.9)
        rates = _rates(addresses["board"])
    found = {name: _medians(each) for name, each in visits.items()}
    return {
        **_circumstances(models, len(board_columns(kept, ()))),
        **found,
        "times_faster": _ratios(found["board"], found["dataframe"]),
        "answers_per_second": rates,
        "within_budget": _within(found["board"], found["board_1000"]),
        "clean": found["board"]["foreign"] == 0,
    }


def _visits(addresses: Mapping[str, str], rows: Sequence[Standing], report: FractionProgress) -> dict[str, list[Visit]]:
    visits: dict[str, list[Visit]] = {name: [] for name in addresses}
    wanted = {name: _wanted(rows[:SMALL] if name == "board_1000" else rows) for name in addresses}
    turns = [(turn, name) for turn in range(REPEATS) for name in addresses]
    with browsing() as browser:
        for name in addresses:
            visit(browser, addresses[name], name.partition("_")[0], wanted[name])
        for place, (turn, name) in enumerate(turns):
            report(f"{name}, visit {turn + 1} of {REPEATS}", 0.1 + 0.8 * place / len(turns))
            visits[name].append(visit(browser, addresses[name], name.partition("_")[0], wanted[name]))
    return visits


def _wanted(rows: Sequence[Standing]) -> str:
    """The last biomedical model, which is what the filter leaves."""
    return rows[-1 if len(rows) % 2 else -2].label


def _medians(visits: Sequence[Visit]) -> dict[str, float | None]:
    table = [asdict(one) for one in visits]
    found: dict[str, float | None] = {}
    for name in table[0]:
        values = [one[name] for one in table if one[name] is not None]
        found[name] = round(median(values), 1) if values else None
    return found


def _ratios(ours: Mapping[str, float | None], theirs: Mapping[str, float | None]) -> dict[str, float | None]:
    both = {name: (ours[name], theirs[name]) for name in BUDGETS}
    return {name: round(other / own, 1) if own and other else None for name, (own, other) in both.items()}


def _within(found: Mapping[str, float | None], small: Mapping[str, float | None]) -> dict[str, bool]:
    kept = {name: (value := found[name]) is not None and value <= most for name, most in BUDGETS.items()}
    return {**kept, "own_bytes_at_1000": (small["own"] or 0) <= SMALL_BYTES, "no_other_host": found["foreign"] == 0}


def _rates(address: str) -> dict[str, float]:
    url = f"{address}/v1/leaderboard.json"
    held = httpx.get(url, headers={"Accept-Encoding": "br"}).headers["ETag"]
    ways = {
        "plain": {"Accept-Encoding": "identity"},
        "brotli": {"Accept-Encoding": "br"},
        "not_modified": {"Accept-Encoding": "br", "If-None-Match": held},
    }
    return {name: round(answers_per_second(url, headers, SECONDS), 1) for name, headers in ways.items()}


def _circumstances(models: int, columns: int) -> dict[str, Any]:
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "load_average": round(os.getloadavg()[0], 1),
        "gradio": gr.__version__,
        "models": models,
        "columns": columns,
        "visits": REPEATS,
    }
