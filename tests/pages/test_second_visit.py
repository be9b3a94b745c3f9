"""What a visit asks for, and what a second one need not."""

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from . import records
from .conftest import Opener, Site
from .reading import wait_until_at_rest

NEWER = records.measured("quill/newer-9b", 99.0, 98.0, 97.0)


def asked(page: Page, path: str) -> list[str]:
    """The addresses below `path` that this page has asked for, answered from the browser's cache or not."""
    told: list[str] = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    return [url for url in told if path in url]


def sent(page: Page, path: str) -> int:
    """How many bytes came over the wire for that."""
    found: int = page.evaluate(
        """(path) => performance.getEntriesByType("resource").filter(({ name }) => name.includes(path))
          .reduce((sum, { transferSize }) => sum + transferSize, 0)""",
        path,
    )
    return found


@pytest.mark.parametrize("path", ["/", "/?view=published", "/plot", "/compare", "/plot?view=rehearsal"])
def test_the_head_asks_for_the_board_and_its_answer_is_used(visit: Opener, path: str) -> None:
    page = visit(path)
    wait_until_at_rest(page)
    boards = asked(page, "/v1/leaderboard.json")
    whole = [url for url in boards if "part=later" not in url]
    assert len(whole) == 1, boards


def test_a_second_visit_takes_an_unchanged_board_from_the_browsers_cache(visit: Opener, site: Site) -> None:
    httpx.get(f"{site.address}/v1/leaderboard.json?part=first")  # somebody was here before: its digest is known
    wait_until_at_rest(visit("/"))
    page = visit("/")
    wait_until_at_rest(page)
    assert len(asked(page, "/v1/leaderboard.json")) == 2
    assert sent(page, "/v1/leaderboard.json") == 0


def test_a_second_visit_shows_a_board_that_has_changed(visit: Opener, site: Site) -> None:
    wait_until_at_rest(visit("/"))
    site.shelf.measured = (*records.MEASURED, NEWER)
    site.shelf.version += "1"
    expect(visit("/").locator("tbody th.model").first).to_have_text("quill/newer-9b")


def test_a_board_that_changes_between_its_two_parts_is_asked_for_again(visit: Opener, site: Site) -> None:
    page = visit("/plot")

    def change_and_go_on(route: Route) -> None:
        site.shelf.measured = (*records.MEASURED, NEWER)
        site.shelf.version += "1"
        route.continue_()

    page.route("**/*part=later*", change_and_go_on)
    page.goto(f"{site.address}/?cols=all")
    expect(page.locator("tbody th.model").first).to_have_text("quill/newer-9b")
    assert len(asked(page, "part=first")) == 2


@pytest.mark.parametrize("path", ["/", "/delta", "/compare", "/plot", "/model"])
def test_a_page_that_calls_no_function_asks_for_nothing_of_gradio(visit: Opener, path: str) -> None:
    page = visit(path)
    wait_until_at_rest(page)
    assert asked(page, "/assets/") + asked(page, "/gradio_api/") + asked(page, "/config") == []
