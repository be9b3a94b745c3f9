"""What a visitor takes away from the leaderboard."""

import csv
import io
import json
from pathlib import Path
from urllib.parse import quote

import duckdb
from playwright.sync_api import Page, expect

from . import records
from .conftest import Opener


def saved(page: Page, format: str) -> Path:
    page.locator("summary", has_text="Download").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name=format).click()
    return Path(waiting.value.path())


def shown_cells(page: Page) -> list[list[str]]:
    rows = page.locator("tbody tr")
    cells = [rows.nth(at).locator("td:not(.pin), th").all_inner_texts() for at in range(rows.count())]
    return [[text.strip() for text in row] for row in cells]


def written(value: str | int | float | None) -> str:
    return "–" if value is None else str(value)


def test_the_downloads_are_what_is_shown_and_hold_no_formula(visit: Opener) -> None:
    pinned = quote(records.FORMULA)
    page = visit(f"/?cols=rank,model,domain,overall,custom_average,mednli&intervals=0&weights=mednli:1&pin={pinned}")
    expect(page.locator("tbody th").first).to_be_visible()
    heads, *lines = list(csv.reader(io.StringIO(saved(page, "CSV").read_text(encoding="utf-8-sig"), newline="")))
    assert heads == ["Rank", "Model", "Training", "Overall", "Custom average", "MedNLI"]
    shown = shown_cells(page)
    assert [[field.removeprefix("'") or "–" for field in line] for line in lines] == shown
    assert not [field for line in lines for field in line if field[:1] in ("=", "+", "-", "@", "\t")]
    assert lines[0][1] == "'" + records.FORMULA
    told = json.loads(saved(page, "JSON").read_text(encoding="utf-8"))
    assert told["custom_average"] == {"name": "Custom average", "weights": {"mednli": 1}}
    assert [list(row) for row in told["rows"]] == [
        ["rank", "model", "domain", "overall", "custom_average", "mednli"]
    ] * len(lines)
    parquet = duckdb.read_parquet(str(saved(page, "Parquet")))
    assert parquet.columns == list(told["rows"][0])
    assert parquet.types == ["BIGINT", "VARCHAR", "VARCHAR", "DOUBLE", "DOUBLE", "DOUBLE"]
    assert parquet.fetchall() == [tuple(row.values()) for row in told["rows"]]
    assert [[written(value) for value in row.values()] for row in told["rows"]] == [
        [text.removesuffix(".0") for text in row] for row in shown
    ]
