"""A page of the program as a visitor has it in the browser."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.program import Program
from tests.waiting import wait_for

Submit = Callable[..., str]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh visitor's page; no script failed on it and no other host was asked for anything."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    failures: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    yield page
    context.close()
    assert failures == []
    assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))] == []


def fill_form(page: Page, program: Program, model_id: str, edition: str = "Rehearsal") -> None:
    """The form, filled in and sent."""
    page.goto(f"{program.address}/submit")
    page.get_by_label("Model", exact=True).fill(model_id)
    page.get_by_role("radio", name=edition).check()
    page.get_by_role("button", name="Submit", exact=True).click()


def submit(page: Page, program: Program, model_id: str, edition: str = "Rehearsal") -> str:
    """The id on the receipt that the browser shows."""
    fill_form(page, program, model_id, edition)
    receipt = page.locator(".accepted code")
    expect(receipt).to_be_visible(timeout=20_000)
    return receipt.inner_text()


def refusal(page: Page, program: Program, model_id: str, edition: str = "Rehearsal") -> str:
    """The sentence that the browser shows instead of a receipt."""
    fill_form(page, program, model_id, edition)
    alert = page.get_by_role("alert").filter(has_text="Not submitted")
    expect(alert).to_be_visible(timeout=20_000)
    return alert.inner_text()


def wait_until_ended(program: Program, submission_id: str) -> dict[str, object]:
    """The submission in its final state."""

    def ended() -> dict[str, object] | None:
        found = program.submission(submission_id)
        return found if found["status"] in {"finished", "failed", "cancelled"} else None

    return wait_for(ended)
