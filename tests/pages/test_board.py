"""What a visitor can do with the leaderboard."""

import re
from dataclasses import replace
from urllib.parse import parse_qs, quote, urlsplit

from playwright.sync_api import Page, Route, expect

from . import records
from .conftest import Opener, Site

HEADINGS = ".heads th"


def names(page: Page) -> list[str]:
    expect(page.locator("tbody th").first).to_be_visible()
    return page.locator("tbody th").all_inner_texts()


def press(page: Page, title: str) -> None:
    page.locator(".heads button", has_text=title).first.click()


def sorted_by(page: Page) -> list[tuple[str, str]]:
    found = page.locator(".heads th[aria-sort]").all()
    return [(each.inner_text().replace("\u00a0", " "), each.get_attribute("aria-sort") or "") for each in found]


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


def test_while_a_view_is_on_its_way_no_rows_of_another_stand_under_its_name(visit: Opener) -> None:
    page = visit("/")
    names(page)
    held: list[Route] = []
    page.route("**/v1/leaderboard.json?provenance=published*", lambda route: held.append(route))
    page.get_by_role("button", name="Published June 2024").click()
    expect(page.get_by_text("Loading the scores…")).to_be_visible()
    assert page.locator("tbody th").count() == 0
    expect(page.locator(".board .notice")).to_be_hidden()
    held[0].continue_()
    assert names(page)[0] == "Meta-Llama-3-70B-Instruct"


def test_cards_that_were_asked_for_stay_when_one_of_them_is_pinned(visit: Opener, site: Site) -> None:
    site.shelf.measured = tuple(
        replace(records.measured(f"harbour/notes-{number}", 80.0, 30.0, 40.0), number=number) for number in range(1, 71)
    )
    page = visit("/", width=390)
    page.get_by_role("button", name="Show 20 more of 20").click()
    expect(page.locator(".card")).to_have_count(70)
    page.locator(".card button.pin").last.click()
    expect(page.locator(".card")).to_have_count(70)
    expect(page.locator(".card").first).to_have_class("card pinned")


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
    page.locator("tbody tr").nth(3).locator("th a").focus()
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
    page.get_by_role("checkbox", name="Intervals", exact=True).uncheck()
    expect(page.locator("td.score small")).to_have_count(0)
    assert "intervals=0" in page.url


def test_how_the_asking_went_is_told_beside_the_tasks_score(visit: Opener) -> None:
    page = visit("/?q=notes-70b")
    page.locator("td.score", has_text="81.5").hover()
    expect(page.get_by_role("tooltip")).to_contain_text(
        "Of 1,419 prompts 1,415 answered, 4 empty, 12 unparsable, 3.2 tokens an answer"
    )


def test_search_narrows_counts_and_answers_an_unknown_field_with_a_hint(visit: Opener) -> None:
    page = visit("/?view=published")
    names(page)
    search = page.get_by_label("Search models")
    search.fill("LLAMA-3; phi")
    expect(page.locator(".tally")).to_have_text("2 of 8 models")
    assert names(page) == ["Meta-Llama-3-70B-Instruct", "Phi-3-mini-128k-instruct"]
    search.fill("@type:biomedical @family:x")
    expect(page.locator(".hint")).to_contain_text("There is no @family: here")
    assert names(page) == ["BioMistral-7B", "meditron-7b"]


def test_no_match_says_so_and_offers_to_clear(visit: Opener) -> None:
    page = visit("/?view=published&q=nothing-like-this")
    expect(page.get_by_text("No model matches.")).to_be_visible()
    page.get_by_role("button", name="Clear search and filters").click()
    assert len(names(page)) == len(records.PUBLISHED)


def test_quick_filters_join_and_count_what_they_hold(visit: Opener) -> None:
    page = visit("/?view=published")
    names(page)
    chip = page.get_by_role("group", name="Training").get_by_role("button", name="Biomedical")
    expect(chip).to_contain_text("2")
    chip.click()
    assert names(page) == ["BioMistral-7B", "meditron-7b"]
    sizes = page.get_by_role("group", name="Size")
    expect(sizes.get_by_role("button", name="3–10B")).to_contain_text("2")
    expect(sizes.get_by_role("button", name="> 70B")).to_contain_text("0")
    sizes.get_by_role("button", name="> 70B").click()
    expect(page.get_by_text("No model matches.")).to_be_visible()
    assert page.url.endswith("?view=published&domain=biomedical&size=gt70")


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


def test_columns_are_found_chosen_by_group_and_kept(visit: Opener) -> None:
    page = visit("/")
    names(page)
    page.locator("summary", has_text="Columns").press("Enter")
    page.get_by_label("Find a column").fill("diagnos")
    expect(page.get_by_role("group", name="Averages")).to_have_count(0)
    page.get_by_role("button", name="Diagnostics: all").press("Enter")
    page.get_by_label("Find a column").fill("overall")
    page.get_by_role("group", name="Averages").get_by_label("Overall").uncheck()
    page.reload()
    expect(page.locator(".heads th", has_text="Unparsable")).to_be_visible()
    expect(page.locator(".heads th", has_text="Overall")).to_have_count(0)
    asked = page.locator("tbody tr", has_text="harbour/notes-70b").locator("td.number").all_inner_texts()
    assert asked == ["1,419", "1,415", "4", "12", "0", "0", "3.2", "61"]


def test_published_scores_stand_as_published_and_missing_ones_are_dashes(visit: Opener) -> None:
    page = visit("/?view=published&q=llama2-7b-hf")
    expect(page.locator("tbody tr")).to_have_count(1)
    row = page.locator("tbody tr").first
    assert row.locator("td.score").all_inner_texts()[1:4] == ["36.94", "–", "41.27"]
    expect(row.locator("td.rank")).to_have_text("–")
    assert row.locator("td.missing.score").first.get_attribute("aria-label") == "missing: Not reported by the authors."


def test_hostile_names_are_shown_as_text_and_every_row_leads_to_its_page(visit: Opener) -> None:
    page = visit("/?sort=mednli")
    shown = names(page)
    assert {records.IMAGE, records.FORMULA, records.RTL} <= set(shown)
    expect(page.locator("tbody img")).to_have_count(0)
    for name in (records.IMAGE, records.FORMULA, records.RTL):
        link = page.locator("tbody th", has_text=name).locator("a").get_attribute("href") or ""
        assert parse_qs(urlsplit(link).query) == {"id": [name]}
        assert urlsplit(link).path == "/model"
    assert page.title() == "CLUE Leaderboard"
    page = visit(
        f"/?view=published&q={quote('@foo: ' + records.IMAGE)}&avgname={quote(records.IMAGE)}&weights=mednli:1"
    )
    expect(page.get_by_text("There is no @foo: here")).to_be_visible()
    page.get_by_role("button", name="Clear search and filters").click()
    expect(page.locator(".heads th", has_text="<img src=x")).to_be_visible()
    expect(page.locator("tbody th a").first).to_have_attribute("href", re.compile("view=published"))


def test_several_sort_keys_are_added_with_shift_numbered_and_said(visit: Opener) -> None:
    page = visit("/?view=published")
    names(page)
    page.locator(".heads button", has_text="Training").click()
    page.locator(".heads button", has_text="Size").focus()
    page.keyboard.press("Shift+Enter")
    assert names(page)[:3] == ["BioMistral-7B", "meditron-7b", "Mixtral-8x22B-Instruct-v0.1"]
    assert parse_qs(urlsplit(page.url).query)["sort"] == ["domain,-params"]
    assert [head.split() for head, _ in sorted_by(page)] == [["Training", "sort", "key", "1"]]
    expect(page.locator(".order")).to_have_text(["sort key 1", "sort key 2"])
    expect(page.get_by_text("Sorted by Training, A to Z; then Size, highest first")).to_be_attached()
    page.locator(".heads button", has_text="Size").click(modifiers=["Shift"])
    assert names(page)[2] == "Phi-3-mini-128k-instruct"


def test_pinned_rows_stay_on_top_of_every_search_and_can_be_compared(visit: Opener) -> None:
    page = visit("/")
    names(page)
    page.get_by_role("button", name="Pin harbour/tiny-360m").press("Enter")
    assert names(page)[0] == "harbour/tiny-360m"
    expect(page.get_by_role("button", name="Pin harbour/tiny-360m")).to_be_focused()
    expect(page.get_by_text("Pin another to compare")).to_be_visible()
    page.get_by_role("button", name="Pin ward/general-8b-instruct").click()
    page.get_by_label("Search models").fill("quill")
    expect(page.locator(".tally")).to_have_text("2 of 9 models, 2 pinned")
    assert names(page)[:2] == ["ward/general-8b-instruct", "harbour/tiny-360m"]
    compare = page.get_by_role("link", name="Compare (2)").get_attribute("href") or ""
    assert parse_qs(urlsplit(compare).query) == {"m": ["harbour/tiny-360m", "ward/general-8b-instruct"]}
    page.reload()
    assert names(page)[:2] == ["ward/general-8b-instruct", "harbour/tiny-360m"]
    page.get_by_role("button", name="Unpin all").click()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_models_that_cannot_be_told_apart_share_their_places(visit: Opener, site: Site) -> None:
    site.shelf.measured = tuple(replace(row, number=at) for at, row in enumerate(records.MEASURED[:3], start=1))
    site.shelf.ranges = {"mednli": {1: (2, 3), 2: (2, 3), 3: (1, 1)}}
    page = visit("/")
    names(page)
    assert page.locator("td.rank").all_inner_texts() == ["1", "2–3", "2–3"]
    expect(page.locator("tr.apart")).to_have_count(1)
    page.locator("td.rank").nth(1).hover()
    expect(page.get_by_role("tooltip")).to_contain_text("Rank 2 to 3 by MedNLI")
    page = visit("/?weights=mednli:1&sort=-custom_average")
    names(page)
    assert page.locator("td.rank").all_inner_texts() == ["1", "2", "3"]
    page.locator("td.rank").first.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("A mean with your own weights has no rank range.")


def test_own_weights_make_a_named_column_that_nothing_else_changes(visit: Opener) -> None:
    page = visit("/?view=published")
    names(page)
    page.locator("summary", has_text="Your weights").click()
    page.get_by_label("Weight of MedNLI", exact=True).fill("3")
    page.get_by_label("Weight of MeDiSumCode", exact=True).fill("1")
    page.get_by_label("Name of the column").fill("Coding first")
    row = page.locator("tbody tr", has_text="Mixtral-8x22B").locator("td.score")
    assert row.all_inner_texts()[3] == f"{(3 * 84.93 + (15.95 + 35.96 + 79.84) / 3) / 4:.2f}"
    gap = page.locator("tbody tr", has_text="llama2-7b-hf").locator("td.score").nth(3)
    expect(gap).to_have_attribute("aria-label", "missing: Not complete: MeDiSumCode missing.")
    expect(page.get_by_text("It has no interval and no rank range")).to_be_visible()
    page.wait_for_url(lambda url: "avgname" in url)
    query = parse_qs(urlsplit(page.url).query)
    assert (query["weights"], query["avgname"]) == (["mednli:3,medisumcode:1"], ["Coding first"])
    before = row.nth(3).inner_text()
    page.goto(f"{page.url}&cols=rank,model,custom_average")
    expect(page.locator(".heads th")).to_have_text(["Pin", "Rank", "Model", "Coding first"])
    assert page.locator("tbody tr", has_text="Mixtral-8x22B").locator("td.score").inner_text() == before


def test_a_switch_between_protocols_appears_only_where_there_are_two(visit: Opener, site: Site) -> None:
    page = visit("/")
    names(page)
    expect(page.get_by_role("group", name="Protocol")).to_have_count(0)
    page.get_by_text("What clue-2 means").click()
    expect(page.get_by_text("Protocol clue-2: greedy decoding")).to_be_visible()
    first, *others = records.MEASURED
    site.shelf.measured = (replace(first, protocol="clue-3"), *others)
    site.shelf.version += "1"
    page = visit("/")
    assert len(names(page)) == len(others)
    page.get_by_role("group", name="Protocol").get_by_role("button", name="clue-3").click()
    assert names(page) == ["ward/clinical-8b-instruct"]


def test_on_a_phone_filters_unfold_and_cards_can_be_pinned(visit: Opener) -> None:
    page = visit("/?view=published", width=390)
    expect(page.locator(".card")).to_have_count(len(records.PUBLISHED))
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("group", name="Training").get_by_role("button", name="Biomedical").click()
    expect(page.get_by_role("button", name="Filters (1)")).to_be_visible()
    expect(page.locator(".card")).to_have_count(2)
    page.get_by_role("button", name="Pin meditron-7b").click()
    expect(page.locator(".card h2").first).to_have_text("meditron-7b")
    expect(page.get_by_role("button", name="Pin meditron-7b")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_a_phone_cards_are_sorted_by_two_keys(visit: Opener, site: Site) -> None:
    scores = [("a/one", 50.0, 20.0), ("b/two", 60.0, 10.0), ("c/three", 50.0, 30.0)]
    site.shelf.measured = tuple(records.measured(name, mednli, meqsum, meqsum) for name, mednli, meqsum in scores)
    page = visit("/?view=measured", width=390)
    page.get_by_label("Sort by").select_option("MedNLI, lowest first")
    page.get_by_label("then by").select_option("MeQSum, highest first")
    expect(page.locator(".card h2")).to_have_text(["c/three", "a/one", "b/two"])
    expect(page).to_have_url(re.compile("sort=mednli%2C-meqsum"))


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


def test_a_proxy_that_takes_the_etag_away_costs_no_endless_questions(visit: Opener) -> None:
    page = visit("/plot")
    asked: list[str] = []

    def nameless(route: Route) -> None:
        asked.append(route.request.url)
        answer = route.fetch()
        route.fulfill(response=answer, headers={"Content-Type": "application/json"})

    page.route("**/v1/leaderboard.json*part=*", nameless)
    page.goto(page.url.replace("/plot", "/?cols=all"))
    assert names(page)[0] == "harbour/notes-70b"
    assert len([url for url in asked if "part=later" in url]) == 1


def test_the_chooser_waits_for_all_columns_and_says_so(visit: Opener) -> None:
    page = visit("/plot")
    held: list[Route] = []
    page.route("**/*part=later*", lambda route: held.append(route))
    page.goto(page.url.replace("/plot", "/"))
    names(page)
    page.locator(".chooser summary").click()
    page.get_by_role("searchbox", name="Find a column").fill("licence")
    status = page.locator(".chooser [role=status]")
    expect(status).to_have_text("Loading…")
    held[0].continue_()
    expect(page.locator(".chooser").get_by_role("checkbox", name="Licence")).to_be_visible()
    expect(status).to_be_hidden()
    page.get_by_role("searchbox", name="Find a column").fill("nowhere")
    expect(status).to_have_text("No column is called that.")


def test_news_leave_an_open_chooser_its_boxes_and_the_focus(visit: Opener, site: Site) -> None:
    page = visit("/")
    names(page)
    page.locator(".chooser summary").click()
    box = page.locator(".chooser").get_by_role("checkbox", name="Engine")
    box.focus()
    held: list[Route] = []
    page.route("**/*part=later*", lambda route: held.append(route))
    site.shelf.measured = (*records.MEASURED, records.measured("quill/newer-9b", 99.0, 98.0, 97.0))
    site.shelf.version += "1"
    with page.expect_request("**/*part=later*"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(box).to_be_focused()
    held[0].continue_()
    expect(page.locator("tbody th.model").first).to_have_text("quill/newer-9b")
    expect(box).to_be_focused()
