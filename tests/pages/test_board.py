"""What a visitor can do with the leaderboard."""

import csv
import io
from pathlib import Path

from playwright.sync_api import Page, expect

from . import records
from .conftest import Opener, Site

HEADINGS = ".heads th"


def names(page: Page) -> list[str]:
    expect(page.locator("tbody th").first).to_be_visible()
    return page.locator("tbody th").all_inner_texts()


def press(page: Page, title: str) -> None:
    page.locator(".heads button", has_text=title).first.click()


def sorted_by(page: Page) -> list[tuple[str, str]]:
    found = page.locator(".heads th[aria-sort]")
    return [(found.nth(i).inner_text(), found.nth(i).get_attribute("aria-sort") or "") for i in range(found.count())]


def test_the_first_visit_shows_what_was_measured_here(visit: Opener) -> None:
    page = visit("/")
    assert names(page)[0] == "harbour/notes-70b"
    expect(page.get_by_role("button", name="Measured")).to_have_attribute("aria-pressed", "true")
    assert page.title() == "CLUE Leaderboard"


def test_without_measured_rows_the_first_visit_shows_the_published_ones_and_says_so(visit: Opener, site: Site) -> None:
    site.shelf.measured = ()
    page = visit("/")
    assert names(page)[0] == "Meta-Llama-3-70B-Instruct"
    expect(page.locator(".instead")).to_contain_text("No model has been measured here yet")
    expect(page.locator(".notice")).to_contain_text("Published by the authors, June 2024, arXiv 2404.04067")


def test_an_empty_measured_view_says_what_to_do(visit: Opener, site: Site) -> None:
    site.shelf.measured = ()
    page = visit("/?view=measured")
    expect(page.get_by_text("No model has been measured here yet.")).to_be_visible()
    expect(page.get_by_role("link", name="Submit a model")).to_have_attribute("href", "/submit")
    page.get_by_role("button", name="See the published scores").click()
    assert names(page)[0] == "Meta-Llama-3-70B-Instruct"


def test_pressing_a_heading_sorts_by_it_and_pressing_again_turns_it_round(visit: Opener) -> None:
    page = visit("/?view=published")
    names(page)
    assert sorted_by(page) == [("Overall", "descending")]
    press(page, "MedNLI")
    assert names(page)[0] == "Mixtral-8x22B-Instruct-v0.1"
    assert sorted_by(page) == [("MedNLI", "descending")]
    press(page, "MedNLI")
    assert names(page)[0] == "meditron-7b"
    assert sorted_by(page) == [("MedNLI", "ascending")]


def test_missing_scores_come_last_in_both_directions(visit: Opener) -> None:
    page = visit("/?view=published&sort=-level_2")
    assert set(names(page)[-3:]) == {"meditron-7b", "llama2-7b-hf", "Mixtral-8x7B-v0.1"}
    press(page, "Level 2")
    assert set(names(page)[-3:]) == {"meditron-7b", "llama2-7b-hf", "Mixtral-8x7B-v0.1"}


def test_a_heading_is_sorted_with_the_keyboard_and_keeps_the_focus(visit: Opener) -> None:
    page = visit("/?view=published")
    names(page)
    page.locator(".heads button", has_text="Model").first.focus()
    page.keyboard.press("Enter")
    assert names(page)[0] == "BioMistral-7B"
    page.keyboard.press("Space")
    assert sorted_by(page) == [("Model", "descending")]


def test_the_reason_of_a_dash_is_reached_with_the_arrow_keys(visit: Opener) -> None:
    page = visit("/?sort=-meqsum.rouge_l")
    names(page)
    page.locator("tbody tr").nth(3).locator("th").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    cell = page.locator("td:focus")
    expect(cell).to_have_attribute("aria-label", "missing: MedNLI's data is not on the worker.")
    expect(page.get_by_role("tooltip")).to_contain_text("MedNLI's data is not on the worker.")


def test_an_interval_is_told_on_hover_and_by_the_toggle(visit: Opener) -> None:
    page = visit("/?q=notes-70b")
    page.locator("td.score", has_text="81.5").hover()
    expect(page.get_by_role("tooltip")).to_contain_text("95 % interval 80.2 to 82.9, 1,419 items")
    expect(page.locator("td.score", has_text="81.5").locator("small")).to_have_text("80.2 – 82.9")
    page.get_by_label("Intervals").uncheck()
    expect(page.locator("td.score small")).to_have_count(0)
    assert "intervals=0" in page.url


def test_how_the_asking_went_is_told_beside_the_tasks_score(visit: Opener) -> None:
    page = visit("/?q=notes-70b")
    page.locator("td.score", has_text="81.5").hover()
    expect(page.get_by_role("tooltip")).to_contain_text(
        "Of 1,419 prompts 1,415 answered, 4 empty, 12 unparsable, 3.2 tokens an answer"
    )


def test_search_finds_parts_of_names_and_semicolons_mean_or(visit: Opener) -> None:
    page = visit("/?view=published")
    names(page)
    page.get_by_label("Search models").fill("LLAMA-3; phi")
    expect(page.locator(".tally")).to_have_text("2 of 8 models")
    assert names(page) == ["Meta-Llama-3-70B-Instruct", "Phi-3-mini-128k-instruct"]


def test_no_match_says_so_and_offers_to_clear(visit: Opener) -> None:
    page = visit("/?view=published&q=nothing-like-this")
    expect(page.get_by_text("No model matches.")).to_be_visible()
    page.get_by_role("button", name="Clear search and filters").click()
    assert len(names(page)) == len(records.PUBLISHED)


def test_quick_filters_leave_only_that_training(visit: Opener) -> None:
    page = visit("/?view=published")
    names(page)
    page.get_by_role("group", name="Training").get_by_role("button", name="Biomedical").click()
    assert names(page) == ["BioMistral-7B", "meditron-7b"]
    assert set(page.locator("td.badge").all_inner_texts()) == {"Biomedical"}


def test_the_view_switch_changes_rows_notice_and_address(visit: Opener) -> None:
    page = visit("/")
    names(page)
    page.get_by_role("button", name="Rehearsal").click()
    expect(page.locator(".notice.rehearsal")).to_contain_text("Invented data")
    assert set(names(page)) == {"scripted/rules", "ward/general-8b-instruct"}
    assert page.url.endswith("?view=rehearsal")


def test_the_address_holds_every_choice_over_reload_and_back(visit: Opener) -> None:
    page = visit("/?view=published")
    names(page)
    page.get_by_role("group", name="Columns").get_by_role("button", name="Level 2").click()
    press(page, "LongHealth")
    page.get_by_label("Search models").fill("instruct")
    expect(page.locator(".tally")).to_have_text("5 of 8 models")
    before = names(page), page.locator(HEADINGS).all_inner_texts()
    page.reload()
    assert (names(page), page.locator(HEADINGS).all_inner_texts()) == before
    expect(page.get_by_label("Search models")).to_have_value("instruct")
    page.go_back()
    expect(page.get_by_label("Search models")).to_have_value("")
    assert sorted_by(page) == [("Level 2", "descending")]
    page.go_back()
    expect(page.locator(".heads th", has_text="MedNLI")).to_be_visible()
    page.go_forward()
    expect(page.locator(".heads th", has_text="MeDiSumCode").first).to_be_visible()


def test_columns_are_chosen_one_by_one(visit: Opener) -> None:
    page = visit("/")
    names(page)
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("Licence").check()
    expect(page.locator(".heads th", has_text="Licence")).to_be_visible()
    page.get_by_label("Overall").uncheck()
    expect(page.locator(".heads th", has_text="Overall")).to_have_count(0)
    page.reload()
    expect(page.locator(".heads th", has_text="Licence")).to_be_visible()


def test_published_scores_stand_as_published_and_missing_ones_are_dashes(visit: Opener) -> None:
    page = visit("/?view=published&q=llama2-7b-hf")
    expect(page.locator("tbody tr")).to_have_count(1)
    row = page.locator("tbody tr").first
    assert row.locator("td.score").all_inner_texts()[1:4] == ["36.94", "–", "41.27"]
    expect(row.locator("td.rank")).to_have_text("–")
    assert row.locator("td.missing.score").first.get_attribute("aria-label") == "missing: Not reported by the authors."


def test_a_label_without_an_id_is_not_a_link_and_an_id_links_to_the_hub(visit: Opener) -> None:
    page = visit("/?view=published")
    names(page)
    expect(page.locator("tbody th", has_text="llama2-7b-hf").locator("a")).to_have_count(0)
    link = page.locator("tbody th", has_text="BioMistral-7B").locator("a")
    expect(link).to_have_attribute("href", "https://huggingface.co/BioMistral/BioMistral-7B")
    expect(link).to_have_attribute("rel", "noopener")


def test_hostile_names_are_shown_as_text(visit: Opener) -> None:
    page = visit("/?sort=mednli")
    shown = names(page)
    assert {records.IMAGE, records.FORMULA, records.RTL} <= set(shown)
    expect(page.locator("tbody img")).to_have_count(0)
    for name in (records.IMAGE, records.FORMULA, records.RTL):
        expect(page.locator("tbody th", has_text=name).locator("a")).to_have_count(0)
    assert page.title() == "CLUE Leaderboard"


def test_the_download_is_what_is_shown_and_holds_no_formula(visit: Opener) -> None:
    page = visit("/?cols=all&intervals=0")
    names(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    heads, *lines = list(csv.reader(io.StringIO(text, newline="")))
    assert heads == [" ".join(title.split()) for title in page.locator(HEADINGS).all_inner_texts()]
    rows = page.locator("tbody tr")
    for line, at in zip(lines, range(rows.count()), strict=True):
        shown = [text.strip() for text in rows.nth(at).locator("td, th").all_inner_texts()]
        assert [field.removeprefix("'") or "–" for field in line] == shown
    assert not [field for line in lines for field in line if field[:1] in ("=", "+", "-", "@", "\t")]
    assert "'" + records.FORMULA in [line[1] for line in lines]


def test_copy_link_gives_an_address_that_names_the_view(visit: Opener, site: Site) -> None:
    page = visit("/?q=ward")
    names(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{site.address}/?q=ward&view=measured"


def test_new_results_appear_without_reloading(visit: Opener, site: Site) -> None:
    page = visit("/")
    names(page)
    site.shelf.measured = records.MEASURED[:2]
    site.shelf.version += "1"
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("tbody tr")).to_have_count(2)


def test_ten_thousand_models_draw_only_what_is_in_sight(visit: Opener, site: Site) -> None:
    site.shelf.measured = tuple(
        records.measured(f"many/model-{number:05d}", number / 100, number / 120, 60.0) for number in range(10_000)
    )
    page = visit("/")
    assert names(page)[0] == "many/model-09999"
    assert page.locator("tbody tr").count() < 120
    page.locator(".scroller").evaluate("(node) => { node.scrollTop = node.scrollHeight; }")
    expect(page.locator("tbody th", has_text="many/model-00000")).to_be_visible()
    took = page.evaluate(
        """() => { const root = document.querySelector(".clue-island").shadowRoot;
                   const started = performance.now();
                   root.querySelector('button[data-column="meqsum"]').click();
                   return performance.now() - started; }"""
    )
    assert took < 1000
    site.shelf.measured = ()
