"""What stays while a long board is scrolled."""

from dataclasses import replace

from playwright.sync_api import Page, expect

from . import records
from .conftest import Opener, Site

ROWS = 400
LAST = "quill/a-name-that-is-longer-than-all-that-stand-above-it-in-this-table"


def long_board(visit: Opener, site: Site) -> Page:
    rows = [records.measured(f"ward/n-{number}", 90.0 - number / 10, 30.0, 40.0) for number in range(1, ROWS)]
    rows.append(replace(records.measured(LAST, 1.0, 1.0, 1.0), base_model=f"{LAST}-base"))
    site.shelf.measured = tuple(replace(row, number=number) for number, row in enumerate(rows, start=1))
    site.shelf.version += "1"
    page = visit("/?cols=model,base_model,mednli,meqsum&sort=-mednli", width=900)
    expect(page.locator("tbody th.model").first).to_have_text("ward/n-1")
    return page


def scroll_to(page: Page, share: float) -> None:
    page.locator(".scroller").evaluate("(node, share) => { node.scrollTop = share * node.scrollHeight; }", share)


def test_columns_keep_their_widths(visit: Opener, site: Site) -> None:
    page = long_board(visit, site)
    measure = "(cells) => cells.map((cell) => Math.round(cell.getBoundingClientRect().width))"
    before = page.locator(".heads th").evaluate_all(measure)
    scroll_to(page, 1)
    expect(page.get_by_role("link", name=LAST)).to_be_visible()
    assert page.locator(".heads th").evaluate_all(measure) == before


def test_the_cell_with_the_focus_keeps_it_however_far_away_it_is(visit: Opener, site: Site) -> None:
    page = long_board(visit, site)
    focused = page.locator("tbody tr[data-row='2'] td.score").first
    focused.focus()
    scroll_to(page, 1)
    expect(page.get_by_role("link", name=LAST)).to_be_visible()
    expect(focused).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("tbody tr[data-row='3'] td.score").first).to_be_focused()
    scroll_to(page, 0.5)
    scroll_to(page, 0)
    expect(page.locator("tbody tr[data-row]").first).to_have_attribute("data-row", "0")
