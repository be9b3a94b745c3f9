"""A browser that visits a page as somebody would who has never been there, then again, and then uses its table."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from backend.errors import UsageError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Response

WATCH = Path(__file__).parent / "watch.js"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
MISSING = (
    "This measurement drives a browser: install requirements-dev.txt, and Chromium with `python -m tests.browser` or "
    "your system's packages (CHROMIUM names one elsewhere)."
)
DEEDS = ("sort", "filter", "search")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One first and one second visit: milliseconds until the table answers, and for each deed until its rows are drawn.

    None where the page does not offer it. `received` counts bytes of the first visit with headers, `own` those of them
    that are not Gradio's.
    """

    cold_ms: float | None
    warm_ms: float | None
    sort_ms: float | None
    filter_ms: float | None
    search_ms: float | None
    received: int
    own: int
    requests: int
    foreign: int


@contextmanager
def browsing() -> "Iterator[Browser]":
    """A Chromium until the block is left; UsageError where there is none to drive."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise UsageError(MISSING) from None
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        except Error:
            raise UsageError(MISSING) from None
        yield browser
        browser.close()


def visit(browser: "Browser", address: str, kind: str, wanted: str) -> Visit:
    """Visits twice with an empty cache before, then sorts, filters, and searches for the model `wanted`."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.add_init_script(path=WATCH)
    try:
        answers: list[Response] = []
        cold = _ready(_open(context, address, answers), kind)
        sizes = [(answer.url, _size(answer)) for answer in answers]
        page = _open(context, address, [])
        warm = _ready(page, kind)
        done = {deed: page.evaluate(f"(asked) => clueBench.{deed}(...asked)", [kind, wanted]) for deed in DEEDS}
        return Visit(
            cold_ms=cold,
            warm_ms=warm,
            sort_ms=done["sort"],
            filter_ms=done["filter"],
            search_ms=done["search"],
            received=sum(size for _, size in sizes),
            own=sum(size for url, size in sizes if _is_own(url)),
            requests=len(sizes),
            foreign=sum(1 for url, _ in sizes if not url.startswith((address, "data:", "blob:"))),
        )
    finally:
        context.close()


def _open(context: "BrowserContext", address: str, answers: "list[Response]") -> "Page":
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.on("response", lambda answer: answers.append(answer))
    page.goto(address, wait_until="commit")
    return page


def _ready(page: "Page", kind: str) -> float | None:
    found: float | None = page.evaluate("(kind) => clueBench.ready(kind)", kind)
    page.wait_for_load_state("networkidle")
    return found


def _size(answer: "Response") -> int:
    sizes = answer.request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


def _is_own(url: str) -> bool:
    path = urlsplit(url).path
    return path == "/" or path.startswith(("/static/clue/", "/v1/"))
