"""A site over a desk of literal records."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from backend.settings import Settings
from backend.submission import Pulse
from frontend_config.site import build_site

from .serving import Shelf, serving

expect.set_options(timeout=10_000)
REFUSED = re.compile(r"Failed to load resource: .* status of (404|422|503) ")


@dataclass
class Site:
    """A running site and what stands behind it."""

    address: str
    shelf: Shelf


@pytest.fixture(scope="session")
def running() -> Iterator[Site]:
    shelf = Shelf()
    with serving(build_site(shelf.desk())) as address:
        yield Site(address, shelf)


@pytest.fixture(scope="session")
def closed_site() -> Iterator[Site]:
    shelf = Shelf(settings=Settings(host="0.0.0.0"))
    with serving(build_site(shelf.desk())) as address:
        yield Site(address, shelf)


@pytest.fixture
def site(running: Site) -> Site:
    fresh = Shelf()
    shelf = running.shelf
    shelf.measured, shelf.published, shelf.rehearsed = fresh.measured, fresh.published, fresh.rehearsed
    shelf.publications, shelf.taken, shelf.ranges = fresh.publications, [], fresh.ranges
    shelf.submissions, shelf.estimates = fresh.submissions, fresh.estimates
    shelf.pulse = Pulse(seen_at=datetime.now(UTC), silent_seconds=0)
    shelf.version = str(int(shelf.version) + 1)
    return running


Opener = Callable[..., Page]


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Callable[[int, bool], BrowserContext]:
    """One context for each width and colour, so that Gradio's own files are fetched once and not for every test."""
    opened: dict[tuple[int, bool], BrowserContext] = {}

    def window(width: int, dark: bool) -> BrowserContext:
        if (width, dark) not in opened:
            opened[width, dark] = browser.new_context(
                viewport={"width": width, "height": 860},
                color_scheme="dark" if dark else "light",
                permissions=["clipboard-read", "clipboard-write"],
                reduced_motion="reduce",
            )
        return opened[width, dark]

    return window


@pytest.fixture
def visit(windows: Callable[[int, bool], BrowserContext], site: Site) -> Iterator[Opener]:
    """Opens a page; afterwards nothing was logged as an error and no other host was asked for anything.

    With `refused` the browser may note that the server refused what the address asked for.
    """
    pages: list[Page] = []
    said: list[str] = []
    asked: list[str] = []

    def hear(message: ConsoleMessage, refused: bool) -> None:
        if message.type == "error" and not (refused and REFUSED.match(message.text)):
            said.append(message.text)

    def note(request: Request) -> None:
        asked.append(request.url)

    def visit(
        path: str, *, width: int = 1280, dark: bool = False, address: str = site.address, refused: bool = False
    ) -> Page:
        page = windows(width, dark).new_page()
        pages.append(page)
        page.on("console", lambda message: hear(message, refused))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", note)
        page.goto(address + path)
        return page

    yield visit
    for page in pages:
        page.evaluate("localStorage.clear()")
        page.close()
    foreign = [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))]
    assert foreign == []
    assert said == []
