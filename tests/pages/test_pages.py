"""The queue, the about page, and what holds for every page."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from backend.domain import Progress, Stage
from backend.errors import FailureCode
from backend.settings import Settings
from backend.submission import Status
from frontend_config.site import build_site

from . import records
from .conftest import Opener, Site
from .serving import Shelf, serving


def test_where_nobody_can_be_known_a_sentence_stands_instead_of_the_form(visit: Opener, closed_site: Site) -> None:
    page = visit("/submit", address=closed_site.address)
    expect(page.get_by_text("Submitting is closed on this page")).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_count(0)
    expect(page.get_by_role("button", name="Submit")).to_have_count(0)


def test_the_queue_shows_how_far_the_running_one_is(visit: Opener) -> None:
    page = visit("/queue")
    running = page.locator("article")
    expect(running).to_contain_text("Asking the model, task 2 of 6: MeQSum")
    expect(running).to_contain_text("412 of 997 items")
    expect(running).to_contain_text("6.4 per second")
    expect(running).to_contain_text("about 2 minutes left")
    expect(running.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "412")


def test_the_bar_is_drawn_on_the_card_that_a_link_marks(visit: Opener, site: Site) -> None:
    running = next(each for each in site.shelf.submissions if each.status is Status.RUNNING)
    page = visit(f"/queue?id={running.id}")
    bar = page.locator("article.wanted").get_by_role("progressbar")
    expect(bar).to_be_visible()
    assert bar.evaluate("node => getComputedStyle(node).backgroundImage") != "none"


def test_the_queue_shows_who_is_next_and_why_one_failed(visit: Opener) -> None:
    page = visit("/queue")
    waiting = page.locator("section", has=page.get_by_role("heading", name="Waiting (3)"))
    expect(waiting.locator("tbody tr").first).to_contain_text("ward/general-8b-chat")
    assert waiting.locator("td.place").all_inner_texts() == ["1", "2", "–"]
    failed = page.locator("tr", has_text="quill/too-big-405b")
    expect(failed).to_contain_text("out_of_memory while: loading the model")
    expect(failed).to_contain_text("The weights are 810.0 GB; the limit is 200 GB.")
    expect(page.locator("tr", has_text="quill/letters-1.7b")).to_contain_text("Cancelled on request.")
    expect(page.get_by_text("secret")).to_have_count(0)


def test_the_queue_shows_hostile_strings_as_text(visit: Opener) -> None:
    page = visit("/queue")
    expect(page.locator("tr", has_text="<i>anyone</i>")).to_contain_text(records.IMAGE)
    expect(page.locator("section img, section i")).to_have_count(0)


def test_a_failure_shows_where_it_stopped_what_to_do_and_its_log(visit: Opener) -> None:
    page = visit("/queue")
    failed = page.locator("tr", has_text="quill/stops-midway-7b")
    expect(failed).to_contain_text("generation_timeout while: asking the model, item 214 of 997 of MeQSum")
    expect(failed).to_contain_text(FailureCode.GENERATION_TIMEOUT.advice)
    failed.get_by_text("Show log").click()
    expect(failed.get_by_role("region", name="Log")).to_contain_text(records.IMAGE)
    expect(page.locator("section img")).to_have_count(0)
    expect(page.locator("tr", has_text="quill/too-big-405b").get_by_text("Show log")).to_have_count(0)


def test_the_queue_says_when_one_is_expected_and_why_it_cannot_say(visit: Opener) -> None:
    page = visit("/queue")
    rows = page.locator("section", has=page.get_by_role("heading", name="Waiting (3)")).locator("tbody tr")
    expect(rows.nth(0)).to_contain_text("starts in 10–25 min")
    expect(rows.nth(0)).to_contain_text("then takes 2–3 h")
    expect(rows.nth(1).get_by_title("No estimate: ")).to_have_text("Waiting")
    expect(page.locator("article")).to_contain_text("25–40 min to go in all")


def test_a_download_is_told_in_gigabytes(visit: Opener, site: Site) -> None:
    fetched = Progress(stage=Stage.DOWNLOAD, done=3_100_000_000, total=14_500_000_000, per_second=84e6)
    site.shelf.submissions = tuple(
        replace(each, progress=fetched) if each.status is Status.RUNNING else each for each in site.shelf.submissions
    )
    expect(visit("/queue").locator("article")).to_contain_text("3.1 of 14.5 GB84 MB per second")


def test_a_replaced_and_a_withdrawn_result_say_so(visit: Opener) -> None:
    page = visit("/queue")
    replaced = page.locator("tr[data-id=s0005]")
    expect(replaced.get_by_role("link", name="a later evaluation")).to_have_attribute("href", "/submission?id=s0010")
    expect(replaced.get_by_text("See it on the board")).to_have_count(0)
    expect(page.locator("tr[data-id=s0001]")).to_contain_text(f"Withdrawn: {records.REASON}")


def test_a_row_that_shows_the_same_is_not_drawn_again(visit: Opener, site: Site) -> None:
    page = visit("/queue")
    summary = page.get_by_text("Show log")
    summary.focus()
    site.shelf.submissions = site.shelf.submissions[1:]
    expect(page.get_by_role("heading", name="Waiting (2)")).to_be_visible()
    expect(summary).to_be_focused()


def test_the_page_of_one_submission_keeps_its_whole_story(visit: Opener) -> None:
    page = visit("/queue?id=s0011", width=390)
    card = page.locator("article.wanted")
    expect(card).to_contain_text("Last lines of the model's log, attempt 1")
    expect(card.get_by_role("listitem")).to_have_count(3)
    expect(card.get_by_role("listitem").nth(1)).to_contain_text("Running by a worker, attempt 1")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_queue_marks_the_submission_of_the_link(visit: Opener) -> None:
    page = visit("/queue?id=s0004")
    expect(page.locator("tr.wanted")).to_contain_text("quill/too-big-405b")


def test_the_queue_says_when_no_worker_is_there(visit: Opener, site: Site) -> None:
    site.shelf.pulse = records.long_silent()
    page = visit("/queue")
    warning = page.locator(".notice.warning")
    expect(warning).to_contain_text("Paused: The disk is full. It began 10 minutes ago and uses up no attempt.")
    expect(warning).to_contain_text("Worker last seen 10 minutes ago.")


def test_a_long_history_is_shown_fifty_at_a_time_and_in_full(visit: Opener, site: Site) -> None:
    site.shelf.submissions = records.LONG_HISTORY
    page = visit("/queue")
    ended = page.locator("section", has=page.get_by_role("heading", name="History (120)"))
    expect(ended.locator("tbody tr")).to_have_count(50)
    page.get_by_role("button", name="Show 50 more of 70").click()
    page.get_by_role("button", name="Show 20 more of 20").click()
    expect(ended.locator("tbody tr")).to_have_count(120)


def test_the_about_page_shows_how_a_model_is_asked(visit: Opener) -> None:
    page = visit("/about")
    task = page.locator("#task-mednli")
    expect(task).to_contain_text("Credentialed data")
    expect(task).to_contain_text("Share of claims judged as the annotators did.")
    task.locator("summary").click()
    expect(task.locator("pre").nth(1)).to_contain_text("<b>The patient is awake & <hungry>.</b>")
    expect(task.locator("pre b")).to_have_count(0)
    expect(page.get_by_text("python app.py evaluate MODEL --engine transformers")).to_be_visible()


def test_a_narrow_screen_shows_a_card_for_each_model_with_a_reason_for_each_dash(visit: Opener) -> None:
    page = visit("/?view=published", width=390)
    expect(page.locator(".card")).to_have_count(len(records.PUBLISHED))
    card = page.locator(".card", has_text="meditron-7b")
    dash = card.locator("dd [role=img]").first
    dash.focus()
    expect(page.get_by_role("tooltip")).to_contain_text("Not reported by the authors.")


def test_the_navigation_names_the_current_page_and_titles_differ(visit: Opener) -> None:
    page = visit("/")
    for name in ("Submit", "Queue", "About"):
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
        expect(page.locator("nav a[aria-current=page]")).to_have_text(name)
        expect(page).to_have_title(f"{name} · CLUE Leaderboard")
        expect(page.locator("h1")).to_be_visible()


def test_the_colours_follow_the_system_until_the_visitor_chooses(visit: Opener) -> None:
    page = visit("/about", dark=True)
    expect(page.locator("body")).to_have_class("dark")
    page.get_by_role("button", name="Dark colours").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.reload()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("body")).not_to_have_class("dark")


def test_on_a_space_nothing_is_fetched_from_elsewhere(visit: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEM", "spaces")
    monkeypatch.setenv("SPACE_ID", "owner/clue")
    with serving(build_site(Shelf(settings=Settings(on_space=True)).desk())) as address:
        page = visit("/", address=address)
        expect(page.locator("tbody th").first).to_be_visible()
        page.goto(f"{address}/submit")
        expect(page.get_by_text("this Space has no sign-in")).to_be_visible()


def test_nothing_leaves_its_card_on_a_phone(visit: Opener, site: Site) -> None:
    long = {name: records.score(name, 70.2) for name in ("problem_summary", "longhealth", "medisumqa", "medisumcode")}
    site.shelf.measured = tuple(replace(row, cells={**row.cells, **long}) for row in records.MEASURED)
    page = visit("/?view=measured", width=390)
    expect(page.locator(".card").first).to_be_visible()
    outside = page.locator(".card *").evaluate_all(
        """(parts) => parts.filter((part) => {
            const [own, card] = [part.getBoundingClientRect(), part.closest(".card").getBoundingClientRect()];
            return own.width > 0 && (own.right > card.right || own.left < card.left);
        }).map((part) => part.textContent)"""
    )
    assert page.locator(".card dd").count() > 0
    assert outside == []
