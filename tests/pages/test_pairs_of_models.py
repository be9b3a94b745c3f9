"""What a visitor can do where models are set beside each other: the two pages of differences."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from backend.domain import Domain, Model
from frontend_config.site import build_site

from . import records
from .conftest import Opener, Site
from .pairings import judged
from .reading import overflow
from .serving import Shelf, serving

HOSTILE = records.measured(
    records.IMAGE, 12.0, 5.0, 40.0, domain=Domain.BIOMEDICAL, base_model="ward/general-8b-instruct"
)
LLAMA = Model(hub_id="meta-llama/Llama-2-7b-hf", revision="main")
PUBLISHED = tuple(replace(row, model=LLAMA) if row.label == "llama2-7b-hf" else row for row in records.PUBLISHED)
CAMEL, *CAMEL_BASES = (
    records.published(label, None, 70, label == "ClinicalCamel-70B", None, records.PUBLISHED_ROWS[place][5])
    for place, label in enumerate(("ClinicalCamel-70B", "Llama-2-70b-chat", "Llama-2-70b"))
)
MEASURED = (HOSTILE, *(row for row in records.MEASURED if row.label != records.IMAGE))
LONE = records.measured("quill/lone-3b", 50.0, 20.0, 70.0, domain=Domain.BIOMEDICAL, base_model="a/b")
FAMILY = "m=ward%2Fclinical-8b-instruct&m=ward%2Fgeneral-8b-instruct"


@pytest.fixture(scope="module")
def paired() -> Iterator[Site]:
    shelf = Shelf(compare=judged)
    with serving(build_site(shelf.desk())) as address:
        yield Site(address, shelf)


@pytest.fixture
def shelf(paired: Site) -> Shelf:
    paired.shelf.measured, paired.shelf.published = MEASURED, PUBLISHED
    paired.shelf.version = str(int(paired.shelf.version) + 1)
    return paired.shelf


@pytest.fixture
def see(visit: Opener, paired: Site, shelf: Shelf) -> Callable[..., Page]:
    """Opens a page of the site that has pairs."""
    return lambda path, **how: visit(path, address=paired.address, **how)


def bars(page: Page) -> list[str]:
    return page.locator("svg.diverging .name").all_text_contents()


def table(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def saved(page: Page, button: Locator, folder: Path) -> str:
    with page.expect_download() as waiting:
        button.click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path.read_text(encoding="utf-8-sig")


def test_the_question_is_answered_first_and_then_pair_by_pair(see: Callable[..., Page]) -> None:
    page = see("/delta?view=published")
    expect(page.get_by_role("heading", level=2).first).to_have_text(
        "Of 2 biomedical models, 1 scores higher than its base overall and none lower."
    )
    expect(page.get_by_text("There are no intervals")).to_be_visible()
    assert bars(page) == ["BioMistral-7B"]
    expect(page.get_by_text("No difference for meditron-7b.")).to_be_visible()
    page.get_by_role("button", name="MedNLI").click()
    expect(page.locator("svg.diverging .name")).to_have_count(2)
    assert bars(page) == ["BioMistral-7B", "meditron-7b"]
    expect(page.locator("svg.diverging .figure").first).to_have_text("−2.04")
    page.get_by_label("Order").select_option("Most lost first")
    assert bars(page) == ["meditron-7b", "BioMistral-7B"]
    assert page.url.endswith("/delta?view=published&cell=mednli&sort=difference")
    page.go_back()
    page.go_back()
    expect(page.get_by_role("button", name="Overall")).to_have_attribute("aria-pressed", "true")


def test_measured_pairs_say_what_can_be_told_from_noise(see: Callable[..., Page]) -> None:
    page = see("/delta?cell=mednli")
    expect(page.get_by_role("heading", level=2).first).to_have_text(
        "Of 2 biomedical models, none are better than their base on MedNLI and 2 are worse."
    )
    cells = table(page, "All differences").get_by_role("row", name="ward/clinical-8b-instruct").get_by_role("cell")
    expect(cells.nth(3)).to_have_text("−2.5−4.5 to −0.5 declined")
    expect(cells.nth(4)).to_contain_text("≈ ")
    expect(cells.nth(4)).to_contain_text("cannot tell")
    expect(cells.nth(0)).to_have_text(
        "– missing: No score of ward/clinical-8b-instruct: Problem Summary was not measured."
    )


def test_another_base_is_chosen_and_stands_in_the_address(see: Callable[..., Page], shelf: Shelf) -> None:
    shelf.published = (CAMEL, *CAMEL_BASES, *PUBLISHED)
    page = see("/delta?view=published")
    base = page.get_by_label("Base of ClinicalCamel-70B")
    expect(base).to_have_value("Llama-2-70b-chat")
    base.focus()
    base.select_option("Llama-2-70b")
    expect(page.get_by_role("link", name="Compare ClinicalCamel-70B")).to_have_attribute(
        "href", "/compare?m=ClinicalCamel-70B&m=Llama-2-70b&view=published"
    )
    expect(base).to_be_focused()
    assert page.url.endswith("base=ClinicalCamel-70B%7ELlama-2-70b")
    page.reload()
    expect(base).to_have_value("Llama-2-70b")


def test_a_family_folds_and_who_waits_for_a_base_is_told_what_to_do(see: Callable[..., Page], shelf: Shelf) -> None:
    shelf.measured = (LONE, *MEASURED)
    page = see("/delta")
    fold = page.get_by_role("button", name="descendants of ward/general-8b-instruct")
    fold.press("Enter")
    page.get_by_role("button", name="MedNLI").click()
    expect(page.get_by_role("heading", name="Difference to the base: MedNLI")).to_be_visible()
    expect(fold).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("link", name="Submit its base").first).to_have_attribute("href", "/submit?model=a%2Fb")


def test_a_fresh_install_shows_the_published_pairs_and_says_so(see: Callable[..., Page], shelf: Shelf) -> None:
    shelf.measured = ()
    page = see("/delta")
    expect(page.locator(".instead")).to_contain_text("No biomedical model has been measured here")
    expect(page.get_by_role("button", name="Published June 2024")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Measured").click()
    expect(page.get_by_text("Submit both to see what the training did.")).to_be_visible()


def test_two_models_are_chosen_by_keyboard_and_compared_in_words_first(see: Callable[..., Page]) -> None:
    page = see("/compare")
    field = page.get_by_role("combobox", name="Add a model")
    field.focus()
    page.keyboard.type("clinical")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Add another model to compare it with.")).to_be_visible()
    page.keyboard.type("ward")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".sum")).to_contain_text("on MeQSum the difference cannot be told from noise")
    expect(page.locator(".sum")).to_contain_text("ward/general-8b-instruct is better on MedNLI")
    assert page.url.endswith(f"/compare?{FAMILY}")
    page.go_back()
    expect(page.get_by_role("list", name="Chosen models").get_by_role("listitem")).to_have_count(1)
    page.go_forward()
    page.get_by_role("button", name="Move ward/general-8b-instruct one place forward").press("Enter")
    expect(page.locator(".sum")).to_contain_text("ward/general-8b-instruct is better on MedNLI")
    expect(page.locator(".sentences b").first).to_have_text("Overall")
    assert page.url.endswith("m=ward%2Fgeneral-8b-instruct&m=ward%2Fclinical-8b-instruct")


def test_the_csv_holds_what_the_table_shows(see: Callable[..., Page], tmp_path: Path) -> None:
    page = see(f"/compare?{FAMILY}")
    row = table(page, "Scores in percent").get_by_role("row", name="MedNLI")
    expect(row.get_by_role("cell").nth(2)).to_contain_text("−2.5")
    lines = list(csv.reader(io.StringIO(saved(page, page.get_by_role("button", name="Download CSV"), tmp_path))))
    told = next(line for line in lines if line[0] == "MedNLI")
    assert told[:9] == ["MedNLI", "74.2", "72.9", "75.6", "1419", "76.7", "75.4", "78.1", "1419"]
    assert told[9:12] == ["-2.5", "-4.5", "-0.5"]
    assert told[-1] == "worse"


def test_the_published_view_judges_nothing_and_draws_no_zero(see: Callable[..., Page]) -> None:
    page = see("/compare?view=published&m=meditron-7b&m=BioMistral-7B")
    expect(page.locator(".sum")).to_contain_text("Only the authors' averages are published")
    expect(page.locator("svg.bars")).to_contain_text("– missing")
    expect(page.locator("svg.radar .area")).to_have_count(1)
    expect(page.get_by_text("A gap in a line is a missing score, not a zero.")).to_be_visible()
    expect(page.get_by_text("Tests and p-values")).to_have_count(0)


def test_a_first_visit_offers_comparisons_and_an_unknown_name_a_way_out(see: Callable[..., Page]) -> None:
    page = see("/compare?view=published")
    page.get_by_role("button", name="The two highest").click()
    expect(page.locator("h3")).to_contain_text("Meta-Llama-3-70B-Instruct against")
    page = see("/compare?m=BioMistral-7B&m=meditron-7b")
    expect(page.get_by_text("BioMistral-7B and meditron-7b are not in this view.")).to_be_visible()
    page.get_by_role("button", name="Look in Published").click()
    expect(page.locator(".sum")).to_be_visible()


def test_names_from_strangers_stay_text_on_both_pages(see: Callable[..., Page]) -> None:
    page = see("/delta?cell=mednli")
    expect(page.get_by_role("link", name=records.IMAGE, exact=True).first).to_be_visible()
    assert page.title() != "owned"
    page = see("/compare")
    field = page.get_by_role("combobox", name="Add a model")
    for part in ("onerror", "HYPERLINK", "evil"):
        field.fill(part)
        expect(page.get_by_role("option", selected=True)).to_have_count(1)
        field.press("Enter")
    expect(page.locator(".sum")).to_have_count(3)
    assert page.title() != "owned"


@pytest.mark.parametrize("path", ["/delta?view=published", "/delta", f"/compare?{FAMILY}"])
def test_the_drawing_is_kept_as_a_file(see: Callable[..., Page], tmp_path: Path, path: str) -> None:
    page = see(path, width=390)
    text = saved(page, page.get_by_role("button", name="SVG").first, tmp_path)
    assert text.startswith("<svg")
    assert page.locator(".clue-island").evaluate("node => node.scrollWidth - node.clientWidth") == 0


def test_a_wide_table_scrolls_in_its_own_place_on_a_tablet(see: Callable[..., Page]) -> None:
    page = see(f"/compare?{FAMILY}&m={quote(records.IMAGE)}", width=768)
    expect(page.locator(".figures-table").first).to_be_visible()
    assert overflow(page) == 0


def test_who_comes_back_finds_the_tab_named_and_what_is_new_without_losing_their_place(
    see: Callable[..., Page], shelf: Shelf
) -> None:
    page = see(f"/compare?{FAMILY}&m=WARD%2FGeneral-8b-instruct")
    expect(page).to_have_title("ward/clinical-8b-instruct and ward/general-8b-instruct · Compare · CLUE Leaderboard")
    expect(page.get_by_role("list", name="Chosen models").get_by_role("listitem")).to_have_count(2)
    page.get_by_text("Tests and p-values").press("Enter")
    remove = page.get_by_role("button", name="Remove ward/general-8b-instruct")
    remove.focus()
    shelf.measured = tuple(
        records.measured(row.label, 99.0, 35.0, 75.0) if row.label == "ward/general-8b-instruct" else row
        for row in MEASURED
    )
    shelf.version += "1"
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(table(page, "Scores in percent").get_by_role("row", name="MedNLI")).to_contain_text("99.0")
    expect(remove).to_be_focused()
    expect(table(page, "Paired tests")).to_be_visible()


def test_a_drawing_of_the_old_view_is_not_taken_for_the_new_one(see: Callable[..., Page]) -> None:
    page = see("/delta?cell=mednli")
    expect(page.locator("svg.diverging")).to_be_visible()
    held: list[Route] = []
    page.route("**/v1/delta?provenance=published*", lambda route: held.append(route))
    page.get_by_role("button", name="Published June 2024").click()
    expect(page.locator(".stage")).to_have_attribute("aria-busy", "true")
    page.get_by_role("button", name="Measured").click()
    expect(page.locator(".stage")).not_to_have_attribute("aria-busy", "true")
    held[0].fulfill(json={"pairs": []})
    expect(page.locator("svg.diverging")).to_be_visible()
