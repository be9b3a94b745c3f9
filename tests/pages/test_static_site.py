"""The board as files: the same table from a plain file server below a path, with nothing asked of anybody else."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, Page, expect

from backend.errors import OperatorFault
from frontend_config.desk import Desk
from frontend_config.exports.atom import ATOM
from frontend_config.static_site import make_site

from .chronicles import BASE, CHILD, GONE, HOSTILE, LINES, chronicled
from .test_past import check_atom

PREFIX = "some/prefix"
LIVE = "https://board.example"


def make(desk: Desk, folder: Path, address: str | None = None) -> Path:
    """As on the command line, where no browser's driver has a loop running."""
    with ThreadPoolExecutor(1) as one:
        return one.submit(make_site, desk, folder, address).result()


class Quiet(SimpleHTTPRequestHandler):
    """Python's own file server, without a line for each request."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("served")
    home = tmp_path_factory.mktemp("copied")
    with chronicled(home, public_url=LIVE) as (desk, _):
        make(desk, root / PREFIX, "https://copy.example/board")
    return root


@pytest.fixture(scope="module")
def address(root: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/{PREFIX}/"
        server.shutdown()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[[str], Page]]:
    """Opens a page; afterwards no request failed, none left the folder, and nothing was logged as an error."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page, wrong = context.new_page(), []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    # What a page that is left no longer waits for is no failure.
    page.on("requestfailed", lambda one: wrong.append(one.url) if one.failure != "net::ERR_ABORTED" else None)
    page.on("response", lambda answer: wrong.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    page.on(
        "request", lambda one: wrong.append(one.url) if not one.url.startswith((address, "blob:", "data:")) else None
    )

    def visit(path: str) -> Page:
        page.goto(address + path)
        return page

    yield visit
    context.close()
    assert wrong == []


def test_the_table_sorts_filters_and_is_saved_as_on_a_live_board(visit: Callable[[str], Page]) -> None:
    page = visit("")
    names = page.locator("tbody th.model")
    expect(names).to_have_count(3)
    expect(names.first).to_have_text(CHILD)
    expect(page.locator(".clue-past")).to_contain_text("line 6")
    page.get_by_role("button", name="Biomedical").click()
    expect(names).to_have_text([CHILD])
    page = visit("index.html?sort=mednli&cols=all")
    expect(names.nth(1)).to_have_text(BASE)
    page.get_by_text("Download", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Parquet").click()
    assert Path(saved.value.path()).read_bytes()[:4] == b"PAR1"
    page = visit("?view=published")
    expect(names).to_have_count(25)


def test_every_page_works_and_leads_to_the_others(visit: Callable[[str], Page]) -> None:
    page = visit("")
    page.get_by_role("link", name=CHILD).click()
    expect(page.locator("h1")).to_have_text(CHILD)
    expect(page.get_by_text("Against its base model")).to_be_visible()
    page.get_by_role("link", name="Compare with its base").click()
    expect(page.get_by_text("In plain words")).to_be_visible()
    expect(page.get_by_text("+4.0 points").first).to_be_visible()
    for link, shown in (
        ("Does training help?", "All pairs, all scores"),
        ("Plot", "Level 1 and level 2"),
        ("About", "MIMIC"),
    ):
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=link).click()
        expect(page.get_by_text(shown).first).to_be_visible()
    page.get_by_role("navigation", name="More").get_by_role("link", name="Data and interface").click()
    expect(page.get_by_role("link", name="measured.parquet")).to_be_visible()
    expect(page.get_by_role("link", name="The live board")).to_have_attribute("href", f"{LIVE}/")


def test_any_models_are_compared_in_the_browser_by_their_scores(visit: Callable[[str], Page]) -> None:
    page = visit("compare.html?view=published&m=Mistral-7B-Instruct-v0.2&m=BioMistral-7B&m=zephyr-7b-beta")
    expect(page.get_by_text("In plain words")).to_be_visible()
    expect(page.get_by_text("cannot be compared").or_(page.get_by_text("not judged")).first).to_be_visible()


def test_what_is_not_there_is_said(visit: Callable[[str], Page]) -> None:
    page = visit(f"model.html?id={GONE}")
    expect(page.get_by_text("There is no such model on the board.")).to_be_visible()
    expect(page.get_by_role("link", name="Submit a model")).to_have_attribute("href", f"{LIVE}/submit")
    page = visit(f"model.html?id={HOSTILE.replace(chr(0), '%00').replace('&', '%26').replace('<', '%3C')}")
    expect(page.locator("h1")).to_contain_text("evil/<b>")


def test_the_same_state_gives_the_same_bytes_and_a_newer_one_takes_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "site"
    with chronicled(tmp_path, published=False) as (desk, ledger):
        make(desk, folder)
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        make(desk, folder)
        assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
        ledger.withdraw("a", actor="ann", reason="again")
        make(desk, folder)
    mark = json.loads((folder / "snapshot.json").read_text())
    assert mark["ledger"]["number"] == LINES + 1 and sorted(path.name for path in folder.parent.iterdir()) == ["site"]
    for name, digest in mark["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    (folder / "own.txt").write_text("mine")
    with chronicled(tmp_path / "out", published=False) as (desk, _), pytest.raises(OperatorFault, match="own.txt"):
        make(desk, folder)
    assert (folder / "own.txt").read_text() == "mine"


def test_pages_name_nothing_outside_the_folder_and_allow_no_other_script(root: Path) -> None:
    folder = root / PREFIX
    pages = sorted(folder.glob("*.html"))
    assert [page.name for page in pages] == [
        "about.html", "compare.html", "delta.html", "files.html", "index.html", "model.html", "plot.html",
    ]  # fmt: skip
    for page in pages:
        html = page.read_text()
        assert not re.findall(r'(?:href|src|action)=\\?"/', html), page.name
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
        assert policy and "unsafe" not in policy[1] and "default-src 'none'" in policy[1]
        for link in re.findall(r'(?:href|src)="(?!https?:|mailto:|#)([^"?#]+)', html):
            assert (folder / link).is_file(), f"{page.name} {link}"
    assert "sdk: static" in (folder / "README.md").read_text()
    feed = ElementTree.parse(folder / "feed.atom").getroot()
    check_atom(feed)
    assert feed.findtext(f"{{{ATOM}}}id") == "tag:board.example,2026:clue/feed"
    assert "https://copy.example/board/model.html?id=" in (folder / "feed.atom").read_text()
