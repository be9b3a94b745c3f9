"""The board as it stood on an earlier day: on the page, under /v1, and in what is cited."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import httpx
import pytest
from playwright.sync_api import expect

from backend.errors import UsageError
from frontend_config.exports.atom import ATOM
from frontend_config.site import build_site
from storage.ledger import Ledger
from tests.storage.records import toy_result

from .chronicles import BASE, CHILD, GONE, HOSTILE, LINES, chronicled
from .conftest import Opener
from .reading import wait_until_at_rest
from .serving import serving

BOARD = "/v1/leaderboard.json"


class Dated:
    """A running site over a ledger of its own."""

    def __init__(self, address: str, ledger: Ledger) -> None:
        self.address, self.ledger = address, ledger
        self.client = httpx.Client(base_url=address, trust_env=False, timeout=20)

    def get(self, path: str, **asked: str) -> httpx.Response:
        return self.client.get(path, params=asked or None)

    def rows(self, **asked: str) -> dict[str, float]:
        told = self.get(BOARD, **asked).raise_for_status().json()
        (overall,) = (column["values"] for column in told["columns"] if column["name"] == "overall")
        return dict(zip(told["names"], overall, strict=True))


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dated]:
    home = tmp_path_factory.mktemp("dated")
    with (
        chronicled(home, public_url="https://board.example/clue") as (desk, ledger),
        serving(build_site(desk)) as address,
    ):
        yield Dated(address, ledger)


def test_every_form_of_the_board_can_be_had_as_of_a_day_a_line_or_a_snapshot(dated: Dated) -> None:
    now, then = dated.rows(), dated.rows(as_of="2025-04-02")
    assert then == {BASE: 30.0, CHILD: 32.0, GONE: 45.0} and GONE not in now and now[CHILD] == 34.0
    named = dated.get("/v1/moment", as_of="3").json()
    assert (named["results_since"], named["withdrawals_since"], named["at"]) == (2, 1, "2025-04-02T12:00:00+00:00")
    for asked in ("3", named["snapshot"]):
        assert dated.rows(as_of=asked) == then
    text = dated.get("/v1/leaderboard.csv", as_of="3").text
    assert GONE in text and GONE not in dated.get("/v1/leaderboard.csv").text
    assert dated.get("/v1/leaderboard.parquet", as_of="3").content[:4] == b"PAR1"
    (pair,) = dated.get("/v1/delta", as_of="3").json()["pairs"]
    assert pair["cells"]["overall"]["difference"] == pytest.approx(2.0)
    compared = httpx.QueryParams([("m", CHILD), ("m", GONE), ("as_of", "3")])
    assert dated.client.get("/v1/compare", params=compared).status_code == 200
    assert dated.get("/v1/row", id=GONE).status_code == 404
    row = dated.get("/v1/row", id=CHILD, as_of="3").json()
    assert [(line["number"], line["status"]) for line in row["history"]] == [(2, "stands")]
    assert [line["status"] for line in dated.get("/v1/row", id=CHILD).json()["history"]] == ["stands", "superseded"]


def test_ranks_of_the_past_have_no_range_and_say_why(dated: Dated) -> None:
    assert dated.get(BOARD).json()["ranges"]["overall"]
    then = dated.get(BOARD, as_of="5").json()
    assert then["ranges"] == {} and "today's board only" in then["no_range"]


def test_what_is_the_board_of_now_is_answered_by_it(dated: Dated) -> None:
    assert dated.get(BOARD, as_of=str(LINES)).headers["ETag"] == dated.get(BOARD).headers["ETag"]


@pytest.mark.parametrize("asked", ["yesterday", "2025-02-30", "9999-01-01", "900", "000003-000000000000"])
def test_nonsense_is_a_sentence_in_the_interface_and_above_todays_board(dated: Dated, asked: str) -> None:
    refused = dated.get(BOARD, as_of=asked)
    assert refused.status_code == 422 and refused.json()["error"].endswith(".")
    html = dated.get("/", as_of=asked).text
    assert "This is today’s board." in html and "clue-as-of" not in html and "clueEarly" in html


def test_what_is_asked_is_text_in_the_page(dated: Dated) -> None:
    html = dated.get("/", as_of='"><script>alert(1)</script>').text
    assert "<script>alert" not in html and "&lt;script&gt;" in html


def test_many_dates_hold_neither_memory_nor_the_present_up(dated: Dated) -> None:
    days = [f"20{10 + number // 336:02}-{1 + number // 28 % 12:02}-{1 + number % 28:02}" for number in range(300)]
    with ThreadPoolExecutor(40) as people:
        asked = [people.submit(dated.get, BOARD, as_of=each) for each in (*days, *map(str, range(1, LINES)))]
        started = time.monotonic()
        live = dated.get(BOARD)
        took = time.monotonic() - started
        statuses = {one.result().status_code for one in asked}
    assert live.status_code == 200 and statuses <= {200, 503} and took < 10


def test_a_page_shows_the_past_says_so_and_carries_it_on(dated: Dated, visit: Opener) -> None:
    page = visit("/?as_of=2025-04-02&sort=-mednli", address=dated.address)
    expect(page.locator("tbody th.model")).to_have_text([GONE, CHILD, BASE])
    said = page.locator(".clue-past")
    expect(said).to_contain_text("Board as of 2 April 2025, line 3; 2 results and 1 withdrawal came since.")
    page.locator("tbody th.model a").nth(1).click()
    expect(page.locator("h1")).to_have_text(CHILD)
    expect(page.get_by_text("One result was published of this model.")).to_be_visible()
    assert "as_of=2025-04-02" in page.url
    page.get_by_role("link", name="Does training help?").click()
    expect(page.locator("svg.chart").first).to_be_visible()
    assert page.url.endswith("/delta?as_of=2025-04-02")
    page.get_by_role("link", name="Show today’s").click()
    expect(page.locator(".clue-past")).to_have_count(0)


def test_a_choice_keeps_the_day_in_the_address(dated: Dated, visit: Opener) -> None:
    page = visit("/?as_of=3", address=dated.address)
    page.get_by_role("button", name="All metrics").click()
    expect(page.locator("tbody th.model")).to_have_count(3)
    assert "as_of=3" in page.url and "cols=" in page.url


def test_a_cited_snapshot_shows_what_was_cited(dated: Dated, visit: Opener) -> None:
    page = visit("/", address=dated.address)
    wait_until_at_rest(page)
    cited = page.locator("[data-snapshot]")
    name = cited.inner_text()
    bib = dated.get(page.locator("[data-bibtex]").get_attribute("href") or "").text
    assert f"@misc{{clue-board-{name}," in bib
    assert f"https://board.example/clue/?as_of={name}" in bib
    before = dated.rows()
    dated.ledger.append("new", toy_result("quill/newer-1b"))
    try:
        assert dated.rows(as_of=name) == before
        page.goto(f"{dated.address}/?as_of={name}")
        expect(page.locator(".clue-past")).to_contain_text("1 result came since")
    finally:
        dated.ledger.withdraw("new", actor="ann", reason="only a test")


def test_the_feed_is_atom_and_tells_of_every_line(dated: Dated, visit: Opener) -> None:
    answer = dated.get("/v1/feed.atom")
    assert answer.headers["Content-Type"].startswith("application/atom+xml") and answer.headers["ETag"]
    feed = ElementTree.fromstring(answer.content)
    entries = feed.findall(f"{{{ATOM}}}entry")
    titles = [entry.findtext(f"{{{ATOM}}}title") or "" for entry in entries][-LINES:]
    clean = HOSTILE.replace("\0", "\ufffd")
    assert titles == [
        f"New result: {clean}", f"Corrected: {CHILD}", f"Withdrawn: {GONE}", f"New result: {GONE}",
        f"New result: {CHILD}", f"New result: {BASE}",
    ]  # fmt: skip
    check_atom(feed)
    ids = [entry.findtext(f"{{{ATOM}}}id") or "" for entry in entries]
    assert all(one.startswith("tag:board.example,2026:clue/ledger/") for one in ids)
    for entry in entries:
        (link,) = entry.findall(f"{{{ATOM}}}link")
        assert (link.get("href") or "").startswith("https://board.example/clue/model?id=")
    assert (
        "wrong template" in answer.text and '<link rel="alternate" type="application/atom+xml"' in dated.get("/").text
    )


def check_atom(feed: ElementTree.Element) -> None:
    """What RFC 4287 asks of a feed and its entries: what must be there once, different ids, moments in UTC."""
    once = ("id", "title", "updated")
    entries = feed.findall(f"{{{ATOM}}}entry")
    for each in (feed, *entries):
        for name in once:
            assert len(each.findall(f"{{{ATOM}}}{name}")) == 1, name
        moments = [each.findtext(f"{{{ATOM}}}{name}") for name in ("updated", "published")]
        assert all(one is None or one.endswith("Z") for one in moments)
        kinds = [(link.get("rel"), link.get("type"), link.get("hreflang")) for link in each.findall(f"{{{ATOM}}}link")]
        assert len(set(kinds)) == len(kinds) and "alternate" in {kind[0] for kind in kinds}
    assert feed.find(f"{{{ATOM}}}author/{{{ATOM}}}name") is not None
    ids = [one.text for one in feed.iter(f"{{{ATOM}}}id")]
    assert len(set(ids)) == len(ids)


def test_a_board_without_a_ledger_has_no_past() -> None:
    from frontend_config.chronicle import Unwritten

    assert Unwritten().moment().number == 0
    with pytest.raises(UsageError):
        Unwritten().moment("2025-04-02")
