"""Submitting: what is said while somebody types, the receipt, and what none of it ever does."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from backend.domain import Domain, Edition
from backend.errors import Declined, HubSpared
from backend.hub.search import Suggestion
from backend.settings import Settings
from backend.submission import Check, CheckResult, Estimate, Outlook, Span, Status, SubmissionForm
from frontend_config.pages.queue import act_handler
from frontend_config.pages.submit import preflight_handler, submit_handler, suggest_handler
from frontend_config.representations import Representation
from frontend_config.row_addresses import RowAddresses
from frontend_config.site import build_site
from frontend_config.submission_form import read_form

from . import records
from .conftest import Opener, Site
from .gates import request
from .serving import Shelf, serving

REFUSAL = "The repository has no .safetensors weights. Convert the weights."


@dataclass
class Wicket:
    """A site whose checks are literal, and what it was asked."""

    shelf: Shelf = field(default_factory=Shelf)
    asked: list[SubmissionForm] = field(default_factory=list)
    searched: list[str] = field(default_factory=list)
    paused: bool = False
    address: str = ""

    def preflight(self, form: SubmissionForm, person: str) -> Outlook:
        self.asked.append(form)
        twin = Check(
            title="New here", finding=CheckResult.WARNING, sentence=f"As {records.IMAGE}.", submission_id="s0005"
        )
        bad = Check(title="Weights", finding=CheckResult.REFUSAL, sentence=REFUSAL)
        refused = form.model_id.startswith("bad/")
        return Outlook(
            checks=(bad,) if refused else (twin,),
            base_model=None if refused else "acme/base",
            position=None if refused else 3,
            estimate=Estimate(begins=Span(600, 1500), lasts=None),
        )

    def suggest(self, words: str, person: str) -> list[Suggestion]:
        self.searched.append(words)
        if self.paused:
            raise HubSpared
        return [Suggestion("acme/notes-7b", 1234), Suggestion("acme/notes-13b", None)]


@pytest.fixture(scope="module")
def wicket() -> Iterator[Wicket]:
    made = Wicket()
    desk = replace(made.shelf.desk(), preflight=made.preflight, suggest=made.suggest)
    with serving(build_site(desk)) as address:
        made.address = address
        yield made


def test_from_a_suggestion_by_keyboard_through_the_checks_to_a_receipt(visit: Opener, wicket: Wicket) -> None:
    page = visit("/submit", address=wicket.address)
    model = page.get_by_role("combobox", name="Model")
    model.press_sequentially("notes")
    expect(page.get_by_role("option")).to_have_count(2)
    assert wicket.searched == ["notes"], "only when somebody stops typing"
    model.press("ArrowDown")
    model.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_contain_text("acme/notes-13b")
    model.press("Enter")
    expect(model).to_have_value("acme/notes-13b")
    checks = page.get_by_role("region", name="Before you submit")
    expect(checks.get_by_role("listitem")).to_contain_text(f"As {records.IMAGE}. Look at it")
    expect(checks.get_by_role("link")).to_have_attribute("href", "/submission?id=s0005")
    expect(checks).to_contain_text("Place in the queue3 or betterStarts in10–25 min")
    expect(page.locator("section img")).to_have_count(0)
    expect(page.get_by_label("Base model")).to_have_value("acme/base")
    expect(page.get_by_text("Filled in from the model card on the Hub.")).to_be_visible()
    page.get_by_label("Biomedical").check()
    expect(page).to_have_url(f"{wicket.address}/submit?model=acme%2Fnotes-13b&domain=biomedical")
    page.get_by_role("button", name="Submit", exact=True).click()
    receipt = page.locator(".accepted")
    expect(receipt).to_contain_text("Queued: two models are evaluated before it.")
    expect(receipt.get_by_role("link")).to_have_attribute("href", "/submission?id=s0077")
    ((form, submitter),) = wicket.shelf.taken
    assert form == SubmissionForm(model_id="acme/notes-13b", edition=Edition.FULL, domain=Domain.BIOMEDICAL)
    assert submitter == "local", "and the base model that the Hub states need not be said to it"


def test_a_link_fills_the_form_and_a_refusal_keeps_what_was_typed(visit: Opener, wicket: Wicket) -> None:
    wicket.paused = True
    page = visit("/submit?model=bad/model&base=owner/base&edition=rehearsal", address=wicket.address, width=390)
    expect(page.get_by_text("It cannot be submitted as it stands.")).to_be_visible()
    expect(page.get_by_text(REFUSAL)).to_be_visible()
    assert wicket.asked[-1].base_model == "owner/base" and wicket.asked[-1].edition is Edition.REHEARSAL
    page.get_by_role("combobox", name="Model").fill("gated/model")
    expect(page.get_by_text("Suggestions are paused for a moment.")).to_be_visible()
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("The repository is gated.")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("gated/model")
    expect(page.get_by_label("Base model")).to_have_value("owner/base")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_receipt_follows_a_submission_without_a_reload(visit: Opener, site: Site) -> None:
    page = visit("/submission?id=s0007")
    here = page.locator(".steps [aria-current=step]")
    expect(here).to_have_text("Queuednext in line")
    running = next(each for each in site.shelf.submissions if each.status is Status.RUNNING)
    others = [each for each in site.shelf.submissions if each.id != "s0007"]
    site.shelf.submissions = (replace(running, id="s0007"), *others)
    expect(here).to_have_text("Runningtask 2 of 6")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "412")
    done = replace(running, id="s0007", status=Status.FINISHED, progress=None)
    site.shelf.measured = (replace(records.MEASURED[0], submission_id="s0007"), *records.MEASURED[1:])
    site.shelf.version += "1"
    site.shelf.submissions = (done, *others)
    expect(here).to_have_text("Finished, done")
    expect(page.get_by_role("link", name="See its scores")).to_have_attribute(
        "href", RowAddresses(site.shelf.desk()).of("s0007", Edition.FULL) or "none"
    )
    expect(page.get_by_role("link", name="See it on the board")).to_have_count(0)


def test_the_receipt_of_a_failure_says_at_which_step_it_ended_why_and_what_to_do(visit: Opener) -> None:
    page = visit("/submission?id=s0011", width=390)
    expect(page.locator(".steps [aria-current=step]")).to_have_text("Failedtask 2 of 6")
    expect(page.get_by_role("region", name="Log")).to_contain_text(records.IMAGE)
    expect(page.locator("article img")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_receipt_of_nothing_is_a_sentence(browser: Browser, site: Site) -> None:
    page = browser.new_page()  # what the browser itself logs of a 404 is no fault of the page's
    for path in ("/submission?id=none", "/submission?id=%2Fetc", "/submission"):
        answer = page.goto(site.address + path)
        assert answer is not None and answer.status == 200
        expect(page.get_by_role("link", name="Open the queue")).to_be_visible()
    page.close()


def test_a_span_of_time_is_told_as_people_say_it(visit: Opener) -> None:
    spans = {
        (0, 45): "under a minute",
        (600, 1500): "10–25 min",
        (61, 100): "1–2 min",
        (120, 120): "about 2 min",
        (7300, 10_000): "2–3 h",
        (100_000, 200_000): "1–3 days",
    }
    told = visit("/queue").evaluate(
        """async (spans) => {
            const entry = document.querySelector('script[src$="/site.js"]').src;
            const { span } = await import(entry.replace("site.js", "submissions/facts.js"));
            return spans.map(span);
        }""",
        [list(span) for span in spans],
    )
    assert told == list(spans.values())


def test_a_page_that_is_hidden_and_shown_again_asks_no_more_often_than_before(visit: Opener) -> None:
    most, kept = visit("/queue").evaluate(
        """async () => {
            const entry = document.querySelector('script[src$="/site.js"]').src;
            const { poll } = await import(entry.replace("site.js", "common/feed.js"));
            const { Kept } = await import(entry.replace("site.js", "common/dom.js"));
            let [now, most, rounds] = [0, 0, 0];
            await new Promise((done) => poll(async () => {
                most = Math.max(most, now += 1);
                for (let i = 0; i < 3; i += 1) document.dispatchEvent(new Event("visibilitychange"));
                await null;
                now -= 1;
                if ((rounds += 1) === 5) done();
            }, () => 0.001));
            const kept = new Kept();
            const node = kept.get("stays", 1, () => ({}));
            kept.get("goes", 1, () => ({}));
            kept.sweep();
            const same = kept.get("stays", 1, () => ({})) === node;
            kept.sweep();
            return [most, [same, ...kept.held.keys()]];
        }"""
    )
    assert most == 1
    assert kept == [True, "stays"], "and what is shown no more is held no more"


@pytest.mark.parametrize(
    "wish",
    [None, [], "x", {"model": 7}, {"model": "a/b", "edition": "other"}, {"model": "a/b", "edition": ""},
     {"model": "a/b", "edition": "full", "domain": "x"}, {"model": "x" * 9999, "edition": "full"}],
    ids=range(8),
)  # fmt: skip
def test_what_is_no_form_is_a_sentence(wish: Any) -> None:
    with pytest.raises(Declined, match="came back incomplete"):
        read_form(wish)
    desk = Shelf().desk()
    for handler in (submit_handler(desk), preflight_handler(desk)):
        assert "came back incomplete" in handler(wish, request())["declined"]


@pytest.mark.parametrize("words", [None, 7, "", "  ab ", "x" * 9999])
def test_nothing_is_searched_for_what_is_too_short_too_long_or_no_text(words: Any) -> None:
    wicket = Wicket()
    desk = replace(wicket.shelf.desk(), suggest=wicket.suggest)
    assert suggest_handler(desk)(words, request()) == {"found": [], "said": None} and not wicket.searched


def test_what_no_file_can_hold_is_refused_at_the_door_and_never_an_error() -> None:
    wicket = Wicket()
    desk = replace(wicket.shelf.desk(), suggest=wicket.suggest)
    assert suggest_handler(desk)("\ud800 no\x00tes \u202e", request())["found"] and wicket.searched == ["no tes"]
    for submission_id in ("\ud800", "s0004\x00", "\u202es0004"):
        told = act_handler(desk)({"deed": "cancel", "id": submission_id}, request())
        assert not told["done"] and "came back incomplete" in str(told["sentence"])


def test_half_a_letter_in_one_place_costs_no_answer() -> None:
    told = Representation.of_json({"model": "a\ud800b", "other": "\U0001f600\x00"}).body
    assert json.loads(told) == {"model": "a\ufffdb", "other": "\U0001f600\x00"}


def test_nobody_known_gets_no_checks_and_no_suggestions() -> None:
    wicket = Wicket(shelf=Shelf(settings=Settings(host="0.0.0.0")))
    desk = replace(wicket.shelf.desk(), preflight=wicket.preflight, suggest=wicket.suggest)
    wish = {"model": "acme/tiny", "edition": "full"}
    assert "Submitting is closed" in preflight_handler(desk)(wish, request())["declined"]
    assert suggest_handler(desk)("notes", request())["found"] == []
    assert not wicket.asked and not wicket.searched


def test_an_answer_of_the_checks_is_plain_data_whatever_the_hub_says() -> None:
    wicket = Wicket()
    desk = replace(wicket.shelf.desk(), preflight=wicket.preflight)
    told = preflight_handler(desk)({"model": "acme/tiny", "edition": "full"}, request())
    assert json.loads(json.dumps(told))["checks"][0]["sentence"] == f"As {records.IMAGE}."
    assert told["estimate"] == {"begins": [600, 1500], "lasts": None}


def test_every_shared_module_of_a_submission_is_used_by_queue_and_receipt() -> None:
    static = Path(__file__).parents[2] / "frontend_config" / "static"
    for name in ("queue/queue.js", "submission/submission.js"):
        assert "../submissions/cards.js" in (static / name).read_text()
