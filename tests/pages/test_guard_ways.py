"""Every address that the site's applications know is listed with what it is for, or the guard says it is not there."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from gradio.routes import App
from starlette.routing import BaseRoute, Mount

from backend.settings import Settings
from frontend_config.guard import NOWHERE
from frontend_config.site import build_pages, build_site, public_ways
from frontend_config.v1.description import openapi

from .serving import Shelf, ask_island, serving

# What Gradio may be asked for. All else that it offers is in KNOWN, so that what an upgrade adds is looked at once.
OF_GRADIO = {
    "GET /", "HEAD /", "GET /submit", "GET /submit/", "GET /queue", "GET /queue/",
    "GET /submission", "GET /submission/",
    "GET /theme.css", "GET /favicon.ico", "POST /gradio_api/component_server/",
}  # fmt: skip
# Of its MCP server, which is an application of its own below that address, this much.
OF_MCP = {"POST /gradio_api/mcp/"}
KNOWN = Path(__file__).with_name("gradio_routes.txt")
ANY = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
TOOLS = {"query_leaderboard", "model_details", "compare_models", "submission_status"}
FUNCTIONS = {"submit": {"submit", "preflight", "suggest"}, "queue": {"who", "act"}, "submission": {"who", "act"}}


def addresses(routes: Sequence[BaseRoute], above: str = "") -> Iterator[str]:
    """Method and address of all that these routes take, and of all that is mounted below them."""
    for route in iter_route_contexts(routes):
        assert route.path is not None, f"a route of a kind that this test cannot read: {route}"
        path = above + route.path
        below = list(route.route.routes or ()) if isinstance(route.route, Mount) else None
        if below:
            yield from addresses(below, path)
        else:
            methods = getattr(route, "methods", None) or ANY
            yield from (f"{method} {path if below is None else path + '/{path:path}'}" for method in methods)


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "x", re.sub(r"\{\w+:path\}", "x/y", path))


@pytest.fixture(scope="module")
def site() -> Any:
    return build_site(Shelf().desk())


@pytest.fixture(scope="module")
def stranger(site: Any) -> TestClient:
    return TestClient(site, base_url="http://127.0.0.1", client=("203.0.113.9", 50_000), follow_redirects=False)


def gradio_in(site: Any) -> App:
    (found,) = [each.app for each in site.routes if isinstance(each, Mount) and isinstance(each.app, App)]
    return found


def test_what_gradio_offers_is_closed_but_for_what_its_pages_need(site: Any, stranger: TestClient) -> None:
    offered = sorted(set(addresses(gradio_in(site).routes)))
    assert offered == KNOWN.read_text(encoding="utf-8").splitlines(), "look at what is new, then list it"
    reached = set()
    for each in offered:
        method, _, path = each.partition(" ")
        if public_ways(Settings()).find(filled(path), method):
            reached.add(each)
            continue
        answer = stranger.request(method, filled(path))
        assert answer.status_code in (404, 405), each
        if method != "HEAD":
            said = answer.json()["error"]
            assert said == NOWHERE or said.startswith("This address does not take"), each
    assert reached == OF_GRADIO


def test_what_we_offer_ourselves_is_listed_with_what_it_is_for(site: Any) -> None:
    gradio = gradio_in(site)
    ours = set(addresses([each for each in site.routes if getattr(each, "app", None) is not gradio]))
    ways = public_ways(Settings())
    for each in ours:
        method, _, path = each.partition(" ")
        way = ways.find(filled(path), method)
        assert way is not None and len(way.purpose) > 10, each
    listed = {f"{method} {way.path}" for way in ways.all for method in way.methods}
    gone = {each for each in listed if each.startswith("POST")} - ours - OF_GRADIO - OF_MCP
    assert gone == set(), "what is listed and not there any more"


def test_each_address_of_the_interface_is_described(site: Any) -> None:
    api: Any
    (api,) = [each.app for each in site.routes if isinstance(each, Mount) and each.path == "/v1"]
    described = {f"{way.upper()} {path}" for path, ways in openapi(api)["paths"].items() for way in ways}
    spoken = {re.sub(r":path\}", "}", each) for each in addresses(api.routes)}
    assert spoken - described == {"GET /leaderboard", "GET /{path}", "OPTIONS /{path}"}


def test_what_an_upgrade_adds_stays_closed() -> None:
    site = build_site(Shelf().desk())
    gradio_in(site).add_api_route("/gradio_api/new", lambda: "open", methods=["GET", "POST"])
    client = TestClient(site, base_url="http://127.0.0.1")
    assert {client.get("/gradio_api/new").status_code, client.post("/gradio_api/new").status_code} == {404}


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/component_server", "//gradio_api/component_server/", "/gradio_api//component_server/",
        "/GRADIO_API/component_server/", "/gradio_api/component_server/x",
        "/gradio_api/component_server/%2e%2e/upload", "/gradio_api/upload/", "/theme.css/", "/assets/x/y",
        "/static/clue/", "/metrics/", "/submit/x", "/m/only-one",
    ],
)  # fmt: skip
def test_no_other_spelling_leads_anywhere(site: Any, stranger: TestClient, path: str) -> None:
    first = min(gradio_in(site).get_blocks().blocks)
    answer = stranger.post(path, json={"data": 1, "component_id": first, "fn_name": "submit", "session_hash": "x"})
    assert answer.status_code in (404, 405)


def test_the_functions_of_gradios_pages_are_these_and_nothing_runs_by_number() -> None:
    pages = build_pages(Shelf().desk(), "/static")
    found = {
        (block.elem_id, name)
        for block in pages.blocks.values()
        for name in dir(block)
        if getattr(getattr(block, name, None), "_is_server_fn", False)
    }
    assert found == {(f"island-{page}", name) for page, names in FUNCTIONS.items() for name in names}
    assert {str(handler.api_name) for handler in pages.fns.values()} == TOOLS


def test_each_function_asks_who_calls_it() -> None:
    shelf = Shelf()
    with serving(build_site(shelf.desk())) as address:
        for page, names in FUNCTIONS.items():
            for name in names:
                wish = {"model": "owner/name", "edition": "full", "deed": "cancel", "id": "s0007", "reason": ""}
                answer = ask_island(address, page, name, wish, **{"X-Forwarded-For": "203.0.113.9"})
                told = answer.json()
                assert answer.status_code == 200
                assert "declined" in told or told.get("person", 1) is None or not told.get("done", True) or (
                    told == {"found": [], "said": None}
                ), (name, told)  # fmt: skip
    assert shelf.taken == []
