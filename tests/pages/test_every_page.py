"""What holds for every page of the site, also for the next one."""

import re
from dataclasses import replace
from itertools import cycle, pairwise
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from backend.domain import Model, Standing
from backend.errors import FailureCode
from backend.submission import Status, Submission
from frontend_config.frame import page_title
from frontend_config.site import PAGES
from tests.corpus.strings import MARK, STRINGS, what_became_more

from . import records
from .conftest import Opener, Site
from .reading import grave_findings, headings, overflow, wait_until_at_rest

PLACES = {place.path: place for place, _ in PAGES}
FIRST, SECOND = "harbour/notes-70b", "ward/general-8b-instruct"
# What a page has to be told before it shows anything.
ABOUT = {
    "/compare": {"m": [FIRST, SECOND]},
    "/model": {"id": [FIRST]},
    "/submission": {"id": ["s0011"]},
}
EVERY_PARAMETER = ("id", "m", "q", "sort", "view", "cols", "columns", "domain", "x", "y", "base", "cell", "task", "pin")


def title_of(path: str) -> re.Pattern[str]:
    """What the tab of a page says, whatever it names first."""
    return re.compile(rf"(^|· ){re.escape(page_title(PLACES[path]))}$")


def address(path: str, told: dict[str, list[str]] | None = None) -> str:
    query = urlencode(ABOUT.get(path, {}) if told is None else told, doseq=True, quote_via=quote)
    return f"{path}?{query}" if query else path


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PLACES)
def test_a_page_can_be_used_by_everybody(visit: Opener, path: str, theme: str) -> None:
    page = visit(address(path), dark=theme == "dark")
    wait_until_at_rest(page)
    assert grave_findings(page) == []


@pytest.mark.parametrize("path", PLACES)
def test_a_page_has_one_title_its_headings_in_order_and_room_on_a_phone(visit: Opener, path: str) -> None:
    page = visit(address(path), width=390)
    wait_until_at_rest(page)
    levels = [level for level, _ in headings(page)]
    assert levels.count(1) == 1 and levels[0] == 1, headings(page)
    assert all(after <= before + 1 for before, after in pairwise(levels)), headings(page)
    assert all(text for _, text in headings(page))
    expect(page).to_have_title(title_of(path))
    assert page.locator("html").get_attribute("lang")
    assert overflow(page) <= 0


def test_no_two_pages_have_the_same_title() -> None:
    assert len({page_title(place) for place in PLACES.values()}) == len(PLACES)


def test_links_lead_deep_into_every_page_and_back_and_forward_lead_through_all(visit: Opener, site: Site) -> None:
    page = visit(address("/"))
    wait_until_at_rest(page)
    shown = [("/", page.url, headings(page))]
    for path in list(PLACES)[1:]:
        page.goto(site.address + address(path))
        wait_until_at_rest(page)
        shown.append((path, page.url, headings(page)))
    for path, url, said in shown[-2::-1]:
        page.go_back()
        assert_shows(page, path, url, said)
    for path, url, said in shown[1:]:
        page.go_forward()
        assert_shows(page, path, url, said)


def assert_shows(page: Page, path: str, url: str, said: list[tuple[int, str]]) -> None:
    expect(page).to_have_url(url)
    expect(page).to_have_title(title_of(path))
    wait_until_at_rest(page)
    assert headings(page) == said


def row_of(text: str) -> Standing:
    """A row in which everything that somebody else may have written is this text."""
    row = records.measured(text, None, 20.0, None)
    cells = {name: cell if cell.value is not None else replace(cell, missing=text) for name, cell in row.cells.items()}
    return replace(
        row,
        model=model_of(text),
        protocol=text,
        engine=text,
        base_model=text,
        dtype=text,
        weights_sha256=text,
        submission_id=text,
        cells=cells,
    )


def submissions_of(number: int, text: str) -> tuple[Submission, ...]:
    """A failed, a waiting, a running and a withdrawn submission of the same kind."""
    about = {"model": model_of(text), "engine": text, "submitter": text, "note": text, "failure_log": f"{text}\n{text}"}
    states: dict[Status, dict[str, Any]] = {
        Status.FAILED: {"failure_code": FailureCode.TEMPLATE_ERROR},
        Status.QUEUED: {},
        Status.RUNNING: {"progress": replace(records.PROGRESS, task=text)},
        Status.WITHDRAWN: {},
    }
    return tuple(
        records.submission(number * 10 + place, text, status, 5, **about, **more)
        for place, (status, more) in enumerate(states.items(), start=1000)
    )


def model_of(text: str) -> Model:
    return Model(hub_id=text, revision=text, licence=text, architecture=text, base_model=text)


@pytest.mark.parametrize("path", PLACES)
def test_whatever_the_hub_or_a_person_wrote_is_text_on_every_page(visit: Opener, site: Site, path: str) -> None:
    rows = tuple(row_of(text) for text in STRINGS.values())
    site.shelf.measured = site.shelf.rehearsed = (*rows, *records.MEASURED[:2])
    site.shelf.submissions = tuple(
        each for number, text in enumerate(STRINGS.values()) for each in submissions_of(number, text)
    )
    site.shelf.version += "1"
    told = {
        "/compare": {"m": [STRINGS["markup"], STRINGS["script"]]},
        "/model": {"id": [STRINGS["markup"]]},
        "/submission": {"id": [site.shelf.submissions[0].id]},
    }
    page = visit(address(path, told.get(path, {})))
    wait_until_at_rest(page)
    assert what_became_more(page) == []
    page.keyboard.press("Tab")
    page.mouse.move(400, 500)
    assert what_became_more(page) == []
    expect(page).to_have_title(title_of(path))


@pytest.mark.parametrize("path", PLACES)
def test_whatever_stands_in_an_address_is_text(visit: Opener, path: str) -> None:
    told = {name: [text] for name, text in zip(EVERY_PARAMETER, cycle(STRINGS.values()), strict=False)}
    page = visit(address(path, told | {"m": [STRINGS["markup"], STRINGS["script"]]}), refused=True)
    wait_until_at_rest(page)
    assert what_became_more(page) == []


@pytest.mark.parametrize("name", [name for name, text in STRINGS.items() if MARK in text])
def test_a_string_that_became_more_than_text_is_noticed(browser: Browser, name: str) -> None:
    page = browser.new_page()
    page.evaluate("(text) => { document.body.attachShadow({ mode: 'open' }).innerHTML = text; }", STRINGS[name])
    assert what_became_more(page) != []
    page.close()
