"""The page of a model, as a visitor uses it."""

import json
import re
from collections.abc import Callable
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from . import records
from .conftest import Opener, Site
from .publications import COMMIT, HUB_ID, ledger, numbered

BASE = "ward/general-8b-instruct"
ALONE = "harbour/notes-70b"


@pytest.fixture(autouse=True)
def published(site: Site) -> None:
    site.shelf.measured = numbered()
    site.shelf.publications = ledger(site.shelf.measured)


def compared(route: Route) -> None:
    """What /v1/compare says of a model and its base."""
    pair = {"first": 0, "second": 1, "n": 1419, "p": 0.01, "p_adjusted": 0.02, "detectable": 2.0}
    told = {"difference": -2.5, "low": -4.1, "high": -0.9, "finding": "worse", "reason": None, "sentence": "It is."}
    cells = [{"name": "mednli", "title": "MedNLI", "part_of": None, "scores": [], "pairs": [pair | told]}]
    route.fulfill(body=json.dumps({"decimals": 1, "cells": cells}), content_type="application/json")


@pytest.fixture
def model_page(visit: Opener) -> Callable[..., Page]:
    """Opens the page of a model whose comparison with its base is answered from here."""

    def opened(query: str, **window: object) -> Page:
        page = visit("/about", **window)
        page.route("**/v1/compare?*", compared)
        page.goto(f"{page.url.removesuffix('/about')}/model?{query}")
        return page

    return opened


def test_a_visitor_reads_a_row_and_takes_it_away(model_page: Callable[..., Page], site: Site) -> None:
    page = model_page(f"id={HUB_ID.upper()}")
    expect(page.locator("h1")).to_have_text(HUB_ID)
    line = page.locator('[data-cell="mednli"]')
    expect(line.first).to_contain_text("74.2")
    expect(line.first).to_contain_text("72.9 to 75.6")
    expect(page.get_by_role("img", name="MedNLI 74.2, interval 72.9 to 75.6, from 0 to 100.")).to_be_visible()
    expect(page.locator(".tile").first).to_contain_text("Problem Summary was not measured.")
    expect(page.locator(".finding.worse")).to_have_text("worse")
    expect(page.locator(".asked li").first).to_contain_text("1,403 of 1,419 prompts read as an answer, 12 unparsable")
    expect(page.locator("tr.withdrawn")).to_contain_text("The wrong template was used.")
    expect(page.locator(".about").get_by_role("link", name=BASE)).to_have_attribute(
        "href", f"/model?id=ward%2F{BASE[5:]}&view=measured"
    )
    page.get_by_role("button", name="Copy Ask and judge the model again").click()
    assert f"--revision {COMMIT}" in page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("button", name="Copy BibTeX").click()
    expect(page.get_by_role("button", name="Copy BibTeX")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == httpx.get(f"{site.address}/v1/runs/11/cite.bib").text
    with page.expect_download() as taken:
        page.get_by_role("link", name="Scores as CSV").click()
    assert "mednli,MedNLI,74.1842," in taken.value.path().read_text()


def test_single_answers_are_paged_searched_and_kept_in_the_address(model_page: Callable[..., Page]) -> None:
    page = model_page(f"id={HUB_ID}")
    page.get_by_role("button", name="MeQSum").click()
    expect(page.locator("article")).to_have_count(10)
    page.get_by_role("button", name="Next").click()
    expect(page.locator("article").first).to_have_attribute("data-id", "item-11")
    assert "page=2" in page.url
    page.get_by_label("Verdict").select_option("wrong")
    expect(page.get_by_text("Items 1 to 7 of 7 that match, 23 in all.")).to_be_visible()
    page.go_back()
    expect(page.locator("article").first).to_have_attribute("data-id", "item-11")
    page.get_by_label("Search items").fill("item-05")
    expect(page.locator("article")).to_have_count(1)
    page.locator("article summary").click()
    expect(page.locator("article")).to_contain_text("<script>document.title='owned'</script>")
    expect(page).to_have_title(f"{HUB_ID} · Model · CLUE Leaderboard")
    page.get_by_role("button", name="Copy link").click()
    page.goto(page.evaluate("navigator.clipboard.readText()"))
    expect(page.locator("article")).to_have_attribute("data-id", "item-05")


@pytest.mark.parametrize("name", [records.IMAGE, records.FORMULA, records.RTL])
def test_hostile_names_of_models_are_text(visit: Opener, name: str) -> None:
    page = visit(f"/model?{urlencode({'id': name})}")
    expect(page.locator("h1 bdi")).to_have_text(name)
    expect(page).to_have_title(re.compile(rf"^\u2068?{re.escape(name)}\u2069? · Model · CLUE Leaderboard$"))
    assert page.locator("h1 img").count() == 0


@pytest.mark.parametrize("width", [390, 768])
def test_nothing_is_cut_off_on_a_small_screen(visit: Opener, width: int) -> None:
    page = visit(f"/model?id={ALONE}&metrics=all", width=width)
    expect(page.locator("h1")).to_have_text(ALONE)
    outside = page.locator(".page *:not(.scroller *, svg *)").evaluate_all(
        """(parts) => parts.filter((part) => part.getBoundingClientRect().right > innerWidth + 1)
            .map((part) => `${part.tagName} ${part.className}`)"""
    )
    assert outside == []


def test_a_published_row_has_a_page_without_what_only_a_run_has(visit: Opener) -> None:
    page = visit("/model?id=Meta-Llama-3-70B-Instruct")
    expect(page.locator(".notice")).to_contain_text("has not been measured here yet")
    expect(page.locator(".tile.overall .value")).to_have_text("54.18")
    expect(page.get_by_text("No intervals were published")).to_be_visible()
    for heading in ("Manifest", "Reproduce this row", "History", "How the asking went", "Single answers"):
        expect(page.get_by_role("heading", name=heading)).to_have_count(0)


def test_an_unknown_model_is_a_sentence_with_ways_on(visit: Opener, site: Site) -> None:
    page = visit("/model?id=no/body")
    expect(page.locator("h1")).to_have_text("There is no such model on the board.")
    expect(page.get_by_role("link", name="Submit a model")).to_be_visible()
    page.goto(f"{site.address}/model?view=rehearsal&id={ALONE}")
    expect(page.locator("h1")).to_have_text("There is no such model in this view.")
    page.get_by_role("link", name="Look in all views").click()
    expect(page.locator("h1")).to_have_text(ALONE)
    page.goto(f"{site.address}/model")
    expect(page.locator("h1")).to_have_text("No model is named in this address.")


def test_a_newer_answer_takes_nobodys_place_away(model_page: Callable[..., Page], site: Site) -> None:
    page = model_page(f"id={HUB_ID}")
    page.locator("summary", has_text="facts").click()
    credentialed = page.get_by_role("button", name="MedNLI credentialed")
    credentialed.press("Enter")
    expect(page.get_by_text("none of its prompts, answers and references are shown")).to_be_visible()
    expect(credentialed).to_be_focused()
    site.shelf.measured = numbered()[:-1]
    site.shelf.version += "1"
    spread = page.locator('[data-cell="mednli"] svg').first
    before = spread.locator(".other").count()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(spread.locator(".other")).to_have_count(before - 1)
    expect(page.get_by_text("What the model was run with")).to_be_visible()
    expect(credentialed).to_be_focused()
    assert page.locator(".history").evaluate("node => node.scrollWidth - node.parentElement.clientWidth") <= 0
