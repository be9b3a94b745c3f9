"""What every page's HTML says before any module runs, and what stands there when none does."""

import httpx
import pytest
from playwright.sync_api import Browser, expect

from frontend_config.representations import KeptRepresentations, Representation

from .conftest import Opener, Site


def test_the_head_asks_for_the_board_before_a_style_sheet_can_hold_it_up(site: Site) -> None:
    html = httpx.get(f"{site.address}/").text
    assert html.index("</title>") < html.index("clueEarly") < html.index('rel="stylesheet"')


@pytest.mark.parametrize(("path", "of_gradio"), [("/", False), ("/about", False), ("/v1/", False), ("/queue", True)])
def test_only_pages_of_gradio_may_make_code_of_text(site: Site, path: str, of_gradio: bool) -> None:
    policy = httpx.get(f"{site.address}{path}").headers["Content-Security-Policy"]
    assert ("'unsafe-eval'" in policy) is of_gradio
    assert "script-src 'self'" in policy


def test_without_scripts_a_page_says_where_its_numbers_are(browser: Browser, site: Site) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site.address}/plot")
        expect(page.get_by_role("link", name="one file")).to_have_attribute("href", "/v1/leaderboard.csv")
        expect(page.get_by_text("Loading…")).to_be_hidden()


@pytest.mark.parametrize(("path", "module"), [("/plot", "plot"), ("/queue", "queue")])
def test_a_module_that_does_not_come_leaves_a_sentence(browser: Browser, site: Site, path: str, module: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.route(f"**/{module}/*.js", lambda route: route.abort())
        page.goto(f"{site.address}{path}")
        expect(page.get_by_role("alert").filter(has_text="could not be filled")).to_be_visible()
        expect(page.locator(".clue-island[aria-busy]")).to_have_count(0)
        expect(page.get_by_text("Loading…")).to_have_count(0)


@pytest.mark.parametrize("path", ["/?view=published", "/model?id=harbour/notes-70b", "/queue?id=s0004"])
def test_the_skip_link_keeps_the_address(visit: Opener, path: str) -> None:
    page = visit(path)
    link = page.get_by_role("link", name="Skip to the content")
    expect(page.locator(".clue-island")).to_be_attached()
    page.wait_for_load_state("load")
    page.evaluate("window.still = true")
    link.focus()
    link.press("Enter")
    assert page.evaluate("[document.activeElement.id, window.still, location.pathname + location.search]") == [
        "content", True, path,
    ]  # fmt: skip


def test_an_answer_that_takes_anothers_place_takes_its_bytes_too() -> None:
    kept = KeptRepresentations(lambda: "1", most_bytes=10)
    six = Representation(b"123456", "text/plain")
    kept.get("a", lambda: six)
    for key in ("b", "c"):
        # `a` is made again together with another.
        kept.get_with(key, lambda key=key: {"a": six, key: Representation(b"1", "text/plain")})  # type: ignore[misc]
    assert kept.held("a") is six and kept.held("b") and kept.held("c")
