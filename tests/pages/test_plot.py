"""What the plot page draws, says and keeps, and the modules that every drawing is made with."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from backend.domain import Standing
from frontend_config.published import published_table

from . import records
from .conftest import Opener, Site

STATIC = Path(__file__).parents[2] / "frontend_config" / "static"
SVG = "{http://www.w3.org/2000/svg}"
ODD = "odd/\x01bell\x00\x1b"


def drawn(page: Page) -> list[str]:
    """The models in the drawing, as they are told to those who do not see it."""
    expect(page.locator(".point").first).to_be_attached()
    labels = page.locator(".point").evaluate_all("nodes => nodes.map((node) => node.getAttribute('aria-label'))")
    return [str(label).split(". ")[0] for label in labels]


def value(row: Standing, cell: str) -> float | None:
    return found.value if (found := row.cells.get(cell)) else None


BOTH = [row for row in records.PUBLISHED if value(row, "level_1") is not None and value(row, "level_2") is not None]


def ask(page: Page, module: str, script: str, given: Any = None) -> Any:
    """What `script`, a function of a module of the static folder and of `given`, answers in the browser."""
    return page.evaluate(
        """async ([module, script, given]) => {
            const entry = document.querySelector('script[src$="/site.js"]').src;
            return (0, eval)(script)(await import(entry.replace("site.js", module)), given);
        }""",
        [module, script, given],
    )


def test_both_levels_are_drawn_with_lines_from_base_to_model(visit: Opener, site: Site) -> None:
    apart = records.score("level_2", 51.0)
    site.shelf.published = tuple(
        replace(row, cells={**row.cells, "level_2": apart}) if row.label == "BioMistral-7B" else row
        for row in records.PUBLISHED
    )
    page = visit("/plot?view=published")
    assert drawn(page) == [row.label for row in BOTH]
    expect(page.locator(".panel .tally")).to_have_text(f"{len(BOTH)} of {len(records.PUBLISHED)} models")
    shapes = page.locator(".point .biomedical").count(), page.locator(".point .general").count()
    assert shapes == (1, len(BOTH) - 1)
    expect(page.locator(".tie")).to_have_count(1)
    page.get_by_label("Lines from the base model").uncheck()
    expect(page.locator(".tie")).to_have_count(0)
    page.get_by_text("models are not in the drawing").click()
    expect(page.locator(".absent li", has_text="meditron-7b")).to_have_text(
        "meditron-7b has no Level 2: Not reported by the authors."
    )


def test_the_front_is_told_in_words_and_back_returns_to_the_figure_before(visit: Opener) -> None:
    page = visit("/plot?view=published")
    drawn(page)
    page.get_by_role("button", name="Score and size").click()
    page.get_by_label("Up").select_option("mednli")
    expect(page.get_by_role("heading", name="MedNLI against size")).to_be_visible()
    known = [row for row in records.PUBLISHED if value(row, "mednli") is not None]
    best = [
        row.label
        for row in sorted(known, key=lambda row: row.params or 0)
        if not any((value(other, "mednli") or 0) > (value(row, "mednli") or 0)
                   for other in known if (other.params or 0) <= (row.params or 0))
    ]  # fmt: skip
    assert page.locator(".front-words bdi").all_inner_texts() == best
    expect(page.locator(".front-words")).to_contain_text(
        "No interval is known here, so small differences may be chance."
    )
    page.go_back()
    expect(page.get_by_role("heading", name="Overall against size")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Level 2 against Level 1")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("button", name="Score and size")).to_have_attribute("aria-pressed", "true")


def test_a_fresh_install_draws_the_published_scores_and_says_so(visit: Opener, site: Site) -> None:
    site.shelf.measured = ()
    page = visit("/plot")
    assert drawn(page) == [row.label for row in BOTH]
    expect(page.locator(".instead")).to_contain_text("No model has been measured here yet")
    page.get_by_role("button", name="Rehearsal").click()
    expect(
        page.locator(".empty").get_by_text("None of 2 models has both numbers: 2 without Level 1, 2 without Level 2.")
    ).to_be_visible()


def test_where_nothing_can_be_drawn_the_page_says_what_is_missing_and_what_to_do(visit: Opener) -> None:
    page = visit("/plot?view=measured")
    expect(
        page.locator(".empty").get_by_text("None of 9 models has both numbers: 9 without Level 1, 9 without Level 2.")
    ).to_be_visible()
    expect(page.get_by_role("button", name="Download SVG")).to_be_hidden()
    page.get_by_role("button", name="Choose other numbers").click()
    assert len(drawn(page)) == 7
    assert page.locator(".whisker").count() == 14
    page.get_by_label("Intervals").uncheck()
    expect(page.locator(".whisker")).to_have_count(0)
    page.get_by_role("button", name="Level 1 and level 2").click()
    page.get_by_role("button", name="See the published scores").click()
    assert drawn(page) == [row.label for row in BOTH]


def test_the_address_holds_every_choice(visit: Opener, site: Site) -> None:
    page = visit(
        "/plot?kind=free&x=params&y=mednli:unparsable&m=harbour%2Fnotes-70b&domain=general&size=3-10,gt70&lines=1"
    )
    assert set(drawn(page)) == {"ward/general-8b-instruct", "harbour/notes-70b"}
    expect(page.locator(".point.marked")).to_have_attribute("href", "/model?id=harbour%2Fnotes-70b")
    expect(page.get_by_role("heading", name="MedNLI: unparsable answers, % of prompts against size")).to_be_visible()
    page.get_by_role("button", name="> 70B", exact=True).click()
    expect(page.locator(".point")).to_have_count(1)
    page.get_by_role("combobox", name="Mark a model").fill("tiny")
    page.get_by_role("combobox", name="Mark a model").press("Enter")
    expect(page.get_by_role("list", name="Marked models").get_by_role("listitem")).to_have_count(2)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    for part in ("view=measured", "kind=free", "y=mednli%3Aunparsable", "size=3-10&", "m=harbour%2Ftiny-360m"):
        assert part in link
    page.goto(link)
    assert drawn(page) == ["ward/general-8b-instruct"]
    page.get_by_role("button", name="Unmark harbour/tiny-360m").click()
    expect(page.get_by_role("list", name="Marked models").get_by_role("listitem")).to_have_count(1)


def test_an_address_with_nonsense_falls_back_to_what_there_is(visit: Opener) -> None:
    page = visit("/plot?kind=__proto__&view=constructor&x=%3Cimg%3E&y=toString&size=nope&lines=9&m=%00")
    expect(page.locator(".empty").get_by_text("None of 9 models has both numbers")).to_be_visible()
    page.get_by_role("button", name="Any two numbers").click()
    expect(page.get_by_role("heading", name="MeQSum against MedNLI")).to_be_visible()


def test_the_keyboard_walks_from_mark_to_mark_and_opens_one(visit: Opener, site: Site) -> None:
    page = visit("/plot?view=published")
    across = [row.label for row in sorted(BOTH, key=lambda row: value(row, "level_1") or 0)]
    drawn(page)
    page.route("**/model?*", lambda route: route.fulfill(body="<title>One model</title>", content_type="text/html"))
    assert page.locator(".point[tabindex='0']").count() == 1
    page.locator(".point[tabindex='0']").focus()
    page.keyboard.press("Home")
    told = page.get_by_role("tooltip")
    for name in across[1:]:
        page.keyboard.press("ArrowRight")
        expect(told).to_contain_text(name)
        expect(told).to_contain_text("no interval published")
    page.keyboard.press("Escape")
    expect(told).to_be_hidden()
    site.shelf.published, site.shelf.version = records.PUBLISHED[:-1], f"{site.shelf.version}1"
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".panel .tally")).to_have_text(f"{len(BOTH)} of {len(records.PUBLISHED) - 1} models")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/model?id={across[-1]}&view=published")


def test_a_mark_near_the_pointer_is_explained_and_opened(visit: Opener, site: Site) -> None:
    site.shelf.measured = (*records.MEASURED, replace(records.MEASURED[2], label="harbour/twin"))
    page = visit("/plot?kind=free")
    drawn(page)
    page.route("**/model?*", lambda route: route.fulfill(body="<title>One model</title>", content_type="text/html"))
    page.locator("svg.scatter").scroll_into_view_if_needed()
    box = page.locator(".point", has=page.locator("path")).nth(2).bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2 + 9, box["y"] + box["height"] / 2 - 9)
    expect(page.get_by_role("tooltip")).to_contain_text("harbour/notes-70b")
    expect(page.get_by_role("tooltip")).to_contain_text("MedNLI 81.5, 95 % interval 80.2 to 82.9")
    expect(page.get_by_role("tooltip")).to_contain_text("1 more model stands here")
    page.mouse.click(box["x"] + box["width"] / 2 + 9, box["y"] + box["height"] / 2 - 9)
    page.wait_for_url("**/model?id=harbour%2Fnotes-70b")


def test_the_table_says_what_the_drawing_shows(visit: Opener) -> None:
    page = visit("/plot?view=published")
    drawn(page)
    page.get_by_text("The figures as a table").click()
    rows = page.locator(".figures tbody tr")
    expected = sorted(BOTH, key=lambda row: -(value(row, "level_2") or 0))
    for row, at in zip(expected, range(rows.count()), strict=True):
        cells = rows.nth(at).locator("th, td").all_inner_texts()
        assert cells[0] == row.label
        assert cells[5::2] == [f"{value(row, level):.2f}" for level in ("level_1", "level_2")]
        assert cells[6::2] == ["–", "–"]


def test_a_saved_drawing_stands_on_its_own_in_the_colours_of_the_page(visit: Opener, site: Site) -> None:
    odd = replace(records.measured("odd/name", 60.0, 40.0, 60.0), label=ODD)
    site.shelf.measured = (*records.MEASURED, odd)
    page = visit("/plot?kind=free")
    expect(page.locator(".point")).to_have_count(8)
    light = saved(page, "SVG").decode()
    root = ET.fromstring(light)
    said = ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]
    assert {"MeQSum against MedNLI", "Biomedical", "Other or not stated"} <= set(said)
    assert any(line.startswith("CLUE Leaderboard. Measured by this leaderboard") for line in said)
    assert "var(" not in light
    assert {name for node in root.iter() for name in node.attrib} & {"class", "href", "tabindex", "data-kept"} == set()
    assert len(list(root.iter(f"{SVG}a"))) == 8
    assert colours(root) == ("#ffffff", "rgb(22, 35, 42)")
    page.get_by_role("button", name="Dark colours").click()
    assert colours(ET.fromstring(saved(page, "SVG"))) == ("#131c20", "rgb(227, 235, 238)")
    picture = saved(page, "PNG")
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    sides = [int.from_bytes(picture[at : at + 4], "big") for at in (16, 20)]
    assert sides == [2 * int(root.attrib[side]) for side in ("width", "height")]


def saved(page: Page, kind: str) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=f"Download {kind}").click()
    assert waiting.value.suggested_filename == f"clue-measured-free.{kind.lower()}"
    return Path(waiting.value.path()).read_bytes()


def colours(root: ET.Element) -> tuple[str, str | None]:
    """The colour of the ground, and that of the words in the legend."""
    words = next(node for node in root.iter(f"{SVG}text") if "".join(node.itertext()) == "Biomedical")
    found = re.search(r"(?:^|; )fill: ([^;]+);", words.attrib["style"])
    return next(root.iter(f"{SVG}rect")).attrib["fill"], found and found[1]


def test_hostile_names_are_only_ever_text(visit: Opener) -> None:
    page = visit("/plot?kind=free")
    assert {records.IMAGE, records.FORMULA, records.RTL} <= set(drawn(page))
    page.locator(".absent summary").click()
    page.locator(".figures summary").click()
    expect(page.locator(".stage img")).to_have_count(0)
    for link in page.locator(".point").evaluate_all("nodes => nodes.map((node) => node.getAttribute('href'))"):
        assert re.fullmatch(r"/model\?id=[\w.%!'()*~-]+", link)
    assert page.title() == "Plot · CLUE Leaderboard"


def test_the_legend_filters_and_counts_what_pressing_would_show(visit: Opener) -> None:
    page = visit("/plot?view=published")
    drawn(page)
    family = page.get_by_role("group", name="Base family").get_by_role("button", name="Mistral")
    count = int(family.locator("small").inner_text())
    family.click()
    expect(page.locator(".point")).to_have_count(count)
    expect(family).to_be_focused()
    expect(family).to_have_attribute("aria-pressed", "true")
    page.get_by_role("group", name="Training").get_by_role("button", name="Biomedical").click()
    assert drawn(page) == ["BioMistral-7B"]
    page.get_by_role("group", name="Size").get_by_role("button", name="> 70B").click()
    expect(page.locator(".empty").get_by_text("No model matches the filters.")).to_be_visible()
    page.get_by_role("button", name="Clear the filters").click()
    assert drawn(page) == [row.label for row in BOTH]


def test_thousands_of_models_are_few_shapes_and_a_table_in_parts(visit: Opener, site: Site) -> None:
    site.shelf.measured = tuple(
        records.measured(f"many/model-{number:04d}", number / 30, number / 40, 60.0) for number in range(2_100)
    )
    page = visit("/plot?kind=free")
    expect(page.locator(".panel .tally")).to_have_text("2100 models")
    expect(page.locator("svg.scatter")).to_have_attribute("role", "img")
    expect(page.locator(".point")).to_have_count(0)
    assert page.locator("svg.scatter .marks path").count() == 1
    page.locator(".figures summary").click()
    expect(page.locator(".figures tbody tr")).to_have_count(500)
    page.get_by_role("button", name="Show 500 more of 1600").click()
    expect(page.locator(".figures tbody tr")).to_have_count(1000)
    site.shelf.measured = ()


def test_names_cover_no_mark_and_no_other_name_at_any_width(visit: Opener) -> None:
    page = visit("/plot?view=published", width=1280)
    drawn(page)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 860})
        page.wait_for_function(
            """() => { const drawing = document.querySelector(".clue-island").shadowRoot.querySelector("svg.scatter");
                      return drawing.viewBox.baseVal.width === drawing.parentNode.clientWidth; }"""
        )
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        names, marks = boxes(page.locator(".name")), boxes(page.locator(".point .mark"))
        assert len(names) >= 3
        assert not [pair for pair in combinations(names, 2) if overlap(*pair)]
        assert not [pair for pair in ((name, mark) for name in names for mark in marks) if overlap(*pair)]


def boxes(parts: Locator) -> list[tuple[float, float, float, float]]:
    found: list[tuple[float, float, float, float]] = parts.evaluate_all(
        "nodes => nodes.map((node) => { const b = node.getBoundingClientRect();"
        " return [b.left + 1.5, b.top + 1.5, b.right - 1.5, b.bottom - 1.5]; })"
    )
    return found


def overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def test_axes_have_round_numbers_and_families_are_those_of_the_paper(visit: Opener) -> None:
    page = visit("/plot?view=published")
    drawn(page)
    asked = [[0, 100], [9.55, 56], [-3.2, 7.1], [0.001, 0.0042], [50, 50], [0, 1e-12]]
    assert ask(page, "charts/svg.js", "(svg, asked) => asked.map(([low, high]) => svg.ticks(low, high))", asked) == [
        [0, 20, 40, 60, 80, 100],
        [0, 10, 20, 30, 40, 50, 60],
        [-5, -2.5, 0, 2.5, 5, 7.5],
        [0.001, 0.002, 0.003, 0.004, 0.005],
        [49, 49.5, 50, 50.5, 51],
        [-1, -0.5, 0, 0.5, 1],
    ]
    asked = [[3e9, 2e11], [1e6, 1e12], [6e9, 8e9]]
    told = ask(
        page, "charts/svg.js", "(svg, asked) => asked.map(([low, high]) => svg.logarithmicTicks(low, high))", asked
    )
    assert told == [[5e9, 1e10, 2e10, 5e10, 1e11, 2e11], [10**n for n in range(6, 13)], [6e9, 6.5e9, 7e9, 7.5e9, 8e9]]
    table = published_table()
    lines = [
        [name for name in (label, base) if name]
        for label, base in ((row["model_label_published"], row["base_model_id"]) for row in table)
    ]
    script = "(families, lines) => lines.map((line) => families.familyOf(line).name)"
    paper = {"Mixtral": "mistral", "Phi-3": "phi"}
    expected = [paper.get(family, family.lower()) for family in (row["family"] for row in table)]
    assert ask(page, "plot/families.js", script, lines) == expected
    others = [
        ["x/Qwen3-8B"],
        ["google/medgemma-4b-it"],
        ["a/philosopher-7b"],
        ["a/tuned", "b/middle", "mistralai/Ministral-8B"],
    ]
    assert ask(page, "plot/families.js", script, others) == ["qwen", "gemma", "other", "mistral"]


def test_every_colour_of_the_charts_can_be_told_from_the_ground_in_both_themes() -> None:
    css = (STATIC / "charts" / "charts.css").read_text(encoding="utf-8")
    site = (STATIC / "site.css").read_text(encoding="utf-8")
    grounds = re.findall(r"--clue-surface: (#[0-9a-f]{6})", site.partition("@media print")[0])
    pairs = re.findall(r"--chart-\d: light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", css)
    assert (len(grounds), len(pairs)) == (2, 7)
    for pair in pairs:
        assert [contrast(colour, ground) >= 3 for colour, ground in zip(pair, grounds, strict=True)] == [True, True]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    low, high = sorted(luminance(colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
