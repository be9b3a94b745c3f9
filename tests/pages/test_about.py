"""The page that is read: nothing in it is interpreted, every link in it leads somewhere, and it says how to cite."""

import re

import httpx
import pytest
from playwright.sync_api import expect
from pydantic import ValidationError

from backend.settings import Settings
from frontend_config.markdown import html_of
from frontend_config.pages.about import SECTIONS, about_html

from . import records
from .conftest import Opener, Site


def test_every_anchor_of_the_contents_is_a_section_with_one_heading() -> None:
    html = about_html(records.TASKS, Settings())
    for anchor in SECTIONS:
        assert html.count(f'id="{anchor}"') == 1
        assert html.count(f'<li><a href="#{anchor}">') == 1
    assert html.count("<h1>") == 1
    assert html.count("<h2>") == len(SECTIONS)


def test_what_a_task_says_is_text() -> None:
    html = about_html(records.TASKS, Settings())
    assert "&lt;hungry&gt;" in html and "<hungry>" not in html
    assert "<b>The patient" not in html


def test_retention_and_contact_are_those_of_the_settings() -> None:
    said = about_html(records.TASKS, Settings(retention_days=12, contact="https://example.org/issues"))
    assert "12 days after" in said
    assert '<a href="https://example.org/issues">https://example.org/issues</a>' in said
    assert "has not stated where to write to" in about_html(records.TASKS, Settings())


@pytest.mark.parametrize("contact", ["javascript:alert(1)", "https://example.org/> <b>", "example.org", "http://x y"])
def test_a_contact_that_is_no_address_is_refused(contact: str) -> None:
    with pytest.raises(ValidationError):
        Settings(contact=contact)


def test_html_in_our_markdown_is_text_and_cells_know_their_column() -> None:
    html = html_of("| Task | Score |\n|---|---|\n| <b>one</b> | 2 |\n")
    assert "&lt;b&gt;one" in html
    assert '<td role="cell" data-head="Score">2</td>' in html


def test_every_link_inside_the_site_leads_somewhere(site: Site) -> None:
    for page in ("/about", "/v1/"):
        html = httpx.get(f"{site.address}{page}").text
        inside = {link for link in re.findall(r'href="(/[^"#]*)', html) if not link.startswith("/static")}
        assert {"/", "/about"} <= inside
        for link in inside:
            assert httpx.get(f"{site.address}{link}").status_code == 200, link


def test_a_visitor_finds_a_section_and_takes_the_citation_along(visit: Opener) -> None:
    page = visit("/about", width=1280)
    page.get_by_role("navigation", name="On this page").get_by_role("link", name="How to cite").click()
    expect(page).to_have_url(re.compile("#cite$"))
    page.locator("#cite").get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text("Copied")
    assert "@article{dada2024clue" in page.evaluate("navigator.clipboard.readText()")
    page.go_back()
    expect(page).to_have_url(re.compile("/about$"))


def test_the_interface_is_explained_to_people(visit: Opener) -> None:
    page = visit("/v1/", width=390)
    expect(page).to_have_title("Data and interface · CLUE Leaderboard")
    expect(page.get_by_text('curl --compressed "$SITE/v1/leaderboard.csv"')).to_be_visible()
    page.locator(".clue-address summary").first.click()
    expect(page.locator(".clue-address details pre").first).to_contain_text('"names"')
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
