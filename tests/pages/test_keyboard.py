"""The whole way without a mouse: from the published scores to a model that waits in the queue."""

import re

from playwright.sync_api import Locator, Page, expect

from backend.domain import Edition
from tests.waiting import wait_for

from .conftest import Opener, Site

MOST_STEPS = 90
FOCUSED = "(nodes) => nodes.some((node) => node.contains(node.getRootNode().activeElement))"
WHERE = """() => {
  let node = document.activeElement;
  while (node.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  const { top, left, width, height } = node.getBoundingClientRect();
  return [node.textContent.trim(), Math.round(top + scrollY), Math.round(left), width > 0 && height > 0];
}"""


def go_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """The wanted element, or one in it, has the focus, reached with this key alone, and can be seen."""
    for _ in range(MOST_STEPS):
        page.keyboard.press(key)
        if wanted.evaluate_all(FOCUSED):
            expect(wanted.first).to_be_visible()
            return
    raise AssertionError(f"{key} does not lead to it")


def choose(page: Page, radio: Locator) -> None:
    """The radio is checked, whether its group is one stop for the keyboard or as many as it has radios."""
    go_to(page, page.get_by_role("radio"))
    page.keyboard.press("ArrowDown")
    if not radio.is_checked():
        go_to(page, radio)
        page.keyboard.press("Space")
    expect(radio).to_be_checked()


def test_a_person_without_a_mouse_reads_the_board_and_submits_a_model(visit: Opener, site: Site) -> None:
    page = visit("/")
    rows = page.get_by_role("row")
    expect(page.get_by_role("columnheader", name="MedNLI").first).to_be_visible()

    go_to(page, page.get_by_role("link", name="Skip to the content"))
    page.keyboard.press("Enter")
    published = page.get_by_role("button", name=re.compile("^Published"))
    go_to(page, published)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("view=published"))
    expect(page.get_by_role("row", name=re.compile("meditron-7b"))).to_be_visible()

    before = rows.count()
    go_to(page, page.get_by_role("searchbox", name=re.compile("^Search")))
    page.keyboard.type("mistral")
    expect(page.get_by_role("row", name=re.compile("meditron-7b"))).to_have_count(0)
    assert 0 < rows.count() < before
    expect(page).to_have_url(re.compile("q=mistral"))

    go_to(page, page.get_by_role("columnheader", name="MedNLI").get_by_role("button", name=re.compile("MedNLI")))
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="MedNLI").first).to_have_attribute("aria-sort", "descending")
    go_to(page, page.get_by_role("rowgroup").nth(1))
    here = page.evaluate(WHERE)
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
        there = page.evaluate(WHERE)
        assert there != here, f"{key} leads nowhere"
        here = there

    go_to(page, page.get_by_role("navigation", name="Pages").get_by_role("link", name="Submit"), "Shift+Tab")
    page.keyboard.press("Enter")
    named = re.compile("^Model")
    model = page.get_by_role("textbox", name=named).or_(page.get_by_role("combobox", name=named))
    expect(model).to_be_visible()
    if not model.evaluate_all(FOCUSED):
        go_to(page, model)
    page.keyboard.type("owner/fine-model")
    choose(page, page.get_by_role("radio", name=re.compile("^Rehearsal")))
    go_to(page, page.get_by_role("button", name="Submit", exact=True))
    page.keyboard.press("Enter")
    ((form, _),) = wait_for(lambda: site.shelf.taken)
    assert (form.model_id, form.edition) == ("owner/fine-model", Edition.REHEARSAL)
    expect(page.get_by_text("Queued: two models are evaluated before it.")).to_be_visible()
