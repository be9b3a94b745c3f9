"""What takes long is made for a few at a time and once for all who ask for the same, and nobody else waits for it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

from fastapi.testclient import TestClient
from playwright.sync_api import Page, Route

from backend.comparison import Compared
from backend.domain import Domain, Model, Standing
from backend.statistics import RowPair
from frontend_config.v1 import build_api, examples
from storage.answered import Answered
from storage.score_rows import Publication

from . import records
from .conftest import Opener
from .publications import HUB_ID, ledger, numbered
from .serving import Shelf


def test_many_who_read_examples_leave_the_queue_to_others() -> None:
    enough, inside = Event(), []

    def slow(publication: Publication, task: str) -> Sequence[Answered]:
        inside.append(task)
        assert enough.wait(30)
        return []

    desk = replace(Shelf(publications=ledger(numbered())).desk(), answered=slow)
    client = TestClient(build_api(desk), client=("127.0.0.1", 50_000))
    address = f"/models/{HUB_ID}/examples/meqsum"
    with ThreadPoolExecutor(examples.INSIDE) as readers:
        waiting = [readers.submit(client.get, address) for _ in range(examples.INSIDE)]
        while len(inside) < examples.INSIDE:
            assert not any(one.done() for one in waiting)
        turned_away = client.get(address)
        assert client.get("/queue").status_code == 200
        enough.set()
        assert {one.result().status_code for one in waiting} == {200}
    assert (turned_away.status_code, turned_away.headers["Retry-After"]) == (503, "3")
    assert "few seconds" in turned_away.json()["error"] and client.get(address).status_code == 200


def test_all_ways_to_ask_for_the_same_differences_are_one_computation() -> None:
    asked: list[Sequence[RowPair]] = []

    def compare(rows: Sequence[Standing], pairs: Sequence[RowPair], *, metrics: bool = True) -> Compared:
        asked.append(pairs)
        return Compared(pairs=pairs)

    def row(hub_id: str, number: int, engine: str = "transformers", base: str | None = None) -> Standing:
        model = Model(hub_id=hub_id, revision=str(number), base_model=base)
        domain = Domain.BIOMEDICAL if base else Domain.GENERAL
        return replace(records.MEASURED[0], label=hub_id, model=model, number=number, engine=engine,
                       base_model=base, domain=domain)  # fmt: skip

    rows = (row("a/base", 1), row("a/base", 2, engine="endpoint"), row("b/med", 3, base="a/base"))
    client = TestClient(build_api(replace(Shelf(measured=rows).desk(), compare=compare)))
    (pair,) = client.get("/delta").json()["pairs"]
    default, other = (one["name"] for one in pair["bases"])
    for _ in range(2):
        assert client.get("/delta", params={"base": f"b/med~{default}"}).json()["pairs"] == [pair]
    assert len(asked) == 1
    (chosen,) = client.get("/delta", params={"base": f"b/med~{other}"}).json()["pairs"]
    assert chosen["base"]["name"] == other and len(asked) == 2


def test_a_page_that_is_sent_away_comes_back_when_it_was_told_to(visit: Opener) -> None:
    page: Page = visit("/about", refused=True)
    answers = [503, 503, 200]

    def busy(route: Route) -> None:
        status = answers.pop(0)
        route.fulfill(status=status, headers={"Retry-After": "0.01"} if status == 503 else {}, json={"rows": 3})

    page.route("**/v1/busy", busy)
    body = """async () => {
        const entry = document.querySelector('script[src$="/site.js"]').src;
        const { Feed } = await import(entry.replace("site.js", "common/feed.js"));
        const feed = new Feed("/v1/busy");
        await feed.refresh();
        return feed.data;
    }"""
    assert page.evaluate(body) == {"rows": 3} and answers == []
