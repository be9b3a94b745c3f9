"""Agents have four tools, over the protocol's own client and real HTTP, and no other way in."""

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from mcp import ClientSession, types
from mcp.client.streamable_http import streamable_http_client

from backend.domain import Provenance
from backend.submission import Submission
from frontend_config.agents.board import MOST_ROWS
from frontend_config.site import build_pages, build_site
from frontend_config.v1.manners import BROKEN

from . import records
from .publications import HUB_ID, SECRET, ledger, numbered
from .serving import Shelf, serving

TOOLS = {"query_leaderboard", "model_details", "compare_models", "submission_status"}
PATH = "/gradio_api/mcp/"
BOTH = {"Accept": "application/json, text/event-stream"}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
LARGEST = 60_000
GENERAL = "ward/general-8b-instruct"


@dataclass
class Site:
    shelf: Shelf
    address: str

    def ask(self, tool: str, **arguments: Any) -> types.CallToolResult:
        called: types.CallToolResult = self._in_session(lambda session: session.call_tool(tool, arguments))
        return called

    def read(self, tool: str, **arguments: Any) -> Any:
        answer = self.ask(tool, **arguments)
        assert not answer.isError, said(answer)
        assert len(said(answer)) < LARGEST
        return json.loads(said(answer))

    def refused(self, tool: str, **arguments: Any) -> str:
        answer = self.ask(tool, **arguments)
        assert answer.isError
        return said(answer)

    def listed(self) -> types.ListToolsResult:
        listed: types.ListToolsResult = self._in_session(lambda session: session.list_tools())
        return listed

    def _in_session(self, deed: Any) -> Any:
        """In a thread of its own: a browser of another test may have left a running loop in this one."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, self._with(deed)).result()

    async def _with(self, deed: Any) -> Any:
        async with (
            streamable_http_client(self.address + PATH) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            greeting = await session.initialize()
            assert greeting.capabilities.resources is None and greeting.capabilities.prompts is None
            assert greeting.instructions and "null was not measured" in greeting.instructions
            return await deed(session)


def said(answer: types.CallToolResult) -> str:
    (content,) = answer.content
    assert isinstance(content, types.TextContent)
    return content.text


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    rows = numbered()
    shelf = Shelf(measured=rows, publications=ledger(rows), ranges={"mednli": {11: (1, 3)}})
    with serving(build_site(shelf.desk())) as address:
        yield Site(shelf, address)


def test_there_are_four_tools_and_they_are_the_only_named_endpoints(site: Site) -> None:
    listed = site.listed().tools
    assert {tool.name for tool in listed} == TOOLS
    handlers = build_pages(Shelf().desk(), "/static").fns.values()
    assert {str(handler.api_name) for handler in handlers if handler.api_visibility != "private"} == TOOLS


def test_each_tool_says_what_it_is_for_and_what_each_argument_means(site: Site) -> None:
    for tool in site.listed().tools:
        assert tool.description and "CLUE Leaderboard" in tool.description
        assert tool.annotations and tool.annotations.readOnlyHint
        assert tool.inputSchema["additionalProperties"] is False
        for name, about in tool.inputSchema["properties"].items():
            assert len(about["description"]) > 20, name
            assert about.keys() & {"type", "enum"}, name
    board = next(tool for tool in site.listed().tools if tool.name == "query_leaderboard").inputSchema["properties"]
    assert board["view"]["enum"] == ["measured", "published", "rehearsal"]
    assert {"overall", "level_2", "medisumcode"} <= set(board["sort_by"]["enum"])


def test_rows_come_best_first_with_intervals_reasons_and_rank_ranges(site: Site) -> None:
    told = site.read("query_leaderboard", sort_by="mednli", metrics=True)
    values = [row["scores"]["mednli"]["value"] for row in told["rows"]]
    known = [value for value in values if value is not None]
    assert values == sorted(known, reverse=True) + [None] * (len(values) - len(known))
    first = next(row for row in told["rows"] if row["name"] == HUB_ID)["scores"]
    assert first["mednli"]["rank_range"] == [1, 3]
    assert "mednli.accuracy" in first and first["mednli"]["low"] < first["mednli"]["value"] < first["mednli"]["high"]
    missing = [row["scores"]["mednli"] for row in told["rows"] if row["scores"]["mednli"]["value"] is None]
    assert missing and all(score["missing"] for score in missing)


def test_a_long_board_is_read_page_by_page_and_filtered(site: Site) -> None:
    names, offset = [], 0
    while offset is not None:
        told = site.read("query_leaderboard", limit=4, offset=offset)
        names += [row["name"] for row in told["rows"]]
        offset = told["next_offset"]
    assert len(names) == len(set(names)) == told["rows_found"] == len(site.shelf.measured)
    wanted = site.read("query_leaderboard", training="biomedical", name_contains="WARD", max_billions=10)["rows"]
    assert [row["name"] for row in wanted] == [HUB_ID]


def test_a_large_board_answers_in_a_bounded_text() -> None:
    (row, *_) = records.MEASURED
    assert row.model is not None
    shelf = Shelf(measured=tuple(
        replace(row, number=number, label=f"a/{'long-' * 15}{number}", model=replace(row.model, hub_id=f"a/{number}"))
        for number in range(1, 400)
    ))  # fmt: skip
    with serving(build_site(shelf.desk())) as address:
        told = Site(shelf, address).read("query_leaderboard", limit=MOST_ROWS)
    assert (len(told["rows"]), told["next_offset"]) == (25, 25)


def test_the_numbers_are_those_of_the_interface(site: Site) -> None:
    told = site.read("model_details", model=HUB_ID, metrics=True)
    row = httpx.get(f"{site.address}/v1/row", params={"id": HUB_ID}).json()
    assert {cell["name"]: cell["value"] for cell in told["scores"]} == {
        cell["name"]: cell["value"] and round(cell["value"], 2) for cell in row["cells"]
    }
    assert told["ledger"] == row["ledger"] and told["reproduce"] == row["reproduce"]
    assert {line["status"] for line in told["history"]} == {"stands", "withdrawn", "superseded"}
    published = site.read("model_details", model=records.PUBLISHED[0].label, view="published")
    assert published["view"] == Provenance.PUBLISHED and published["protocols"]


def test_two_models_are_compared_with_a_sentence_for_each_pair(site: Site) -> None:
    told = site.read("compare_models", models=[HUB_ID, GENERAL])
    row = httpx.get(f"{site.address}/v1/compare", params={"m": [HUB_ID, GENERAL]}).json()
    sentences = {cell["name"]: cell["pairs"][0]["sentence"] for cell in row["cells"] if cell["part_of"] is None}
    assert {cell["name"]: cell["pairs"][0]["sentence"] for cell in told["cells"]} == sentences


def test_a_submission_is_found_by_id_and_by_model_and_its_log_and_submitter_stay_on_the_page(site: Site) -> None:
    for submission in site.shelf.submissions:
        (told,) = site.read("submission_status", submission=submission.id)["submissions"]
        assert (told["model"], told["status"]) == (submission.model.hub_id, submission.status)
        assert "submitter" not in told and "log" not in (told["failure"] or {})
        if submission.failure_log:
            assert submission.failure_log.split("\n")[-1] not in json.dumps(told)
    named = site.read("submission_status", submission=site.shelf.submissions[0].model.hub_id.upper())
    assert site.shelf.submissions[0].id in {each["id"] for each in named["submissions"]}


def test_nonsense_gets_a_sentence(site: Site) -> None:
    assert "limit must be from 1 to 25" in site.refused("query_leaderboard", limit=26)
    assert "from 1 to 10" in site.refused("query_leaderboard", limit=11, metrics=True)
    assert "With metrics, two" in site.refused(
        "compare_models", models=[HUB_ID, GENERAL, "harbour/notes-70b"], metrics=True
    )
    assert "offset must be 0 or more" in site.refused("query_leaderboard", offset=-1)
    assert "is not one of" in site.refused("query_leaderboard", sort_by="beauty")
    assert "'view' was unexpected" in site.refused("submission_status", submission="x", view="measured")
    assert "No model of this name" in site.refused("model_details", model="nobody/nothing")
    assert "'model' is a required property" in site.refused("model_details")
    assert "No model of this view is called x" in site.refused("compare_models", models=["x", HUB_ID])
    assert "two" in site.refused("compare_models", models=[HUB_ID, HUB_ID])
    assert "There is no submission" in site.refused("submission_status", submission="../../etc/passwd")
    assert "Unknown tool" in site.refused("submit", model_id="owner/name")
    assert site.shelf.taken == []


def test_a_failure_of_ours_tells_nothing_of_it(site: Site) -> None:
    shelf = Shelf(measured=numbered())

    def broken() -> list[Submission]:
        raise OSError(f"/srv/{SECRET}/queue.sqlite")

    desk = replace(shelf.desk(), submissions=broken)
    with serving(build_site(desk)) as address:
        assert Site(shelf, address).refused("submission_status", submission="s0001") == BROKEN


def test_hostile_names_are_plain_text_and_no_machine_is_named(site: Site) -> None:
    raw = said(site.ask("query_leaderboard", limit=25))
    assert raw.isascii() and "\\u202e" in raw
    assert records.IMAGE in {row["label"] for row in json.loads(raw)["rows"]}
    for row in site.shelf.measured:
        details = said(site.ask("model_details", model=row.label, metrics=True))
        assert SECRET not in details and "slept well" not in details


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PATH), ("DELETE", PATH), ("PUT", PATH), ("OPTIONS", PATH), ("POST", "/gradio_api/mcp"),
        ("POST", f"{PATH}http"), ("GET", f"{PATH}sse"), ("POST", f"{PATH}messages/"), ("GET", f"{PATH}schema"),
        ("POST", "/gradio_api/call/query_leaderboard"), ("POST", "/gradio_api/run/query_leaderboard"),
        ("POST", "/gradio_api/queue/join"), ("GET", "/gradio_api/info"), ("GET", "/gradio_api/openapi.json"),
    ],
)  # fmt: skip
def test_no_stream_no_session_and_no_other_address(site: Site, method: str, path: str) -> None:
    answer = httpx.request(method, site.address + path, headers=BOTH, json=PING)
    assert answer.status_code in (404, 405)


def test_each_request_is_answered_at_once_and_keeps_nothing(site: Site) -> None:
    begun = time.monotonic()
    for body in (
        PING,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 1, "result": {}},
        {"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe", "params": {"uri": "x://y"}},
        {"jsonrpc": "2.0", "id": 1, "method": "logging/setLevel", "params": {"level": "debug"}},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 1, "_meta": {"progressToken": "x"}}},
        [PING] * 100,
    ):
        answer = httpx.post(site.address + PATH, headers=BOTH | {"Mcp-Session-Id": "x"}, json=body, timeout=5)
        assert answer.status_code in (200, 202, 400)
        assert "mcp-session-id" not in answer.headers and "event-stream" not in answer.headers.get("content-type", "")
    deep = httpx.post(site.address + PATH, headers=BOTH | {"Content-Type": "application/json"}, content="[" * 60_000)
    assert deep.status_code in (400, 500) and "Traceback" not in deep.text
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("method", ["resources/read", "prompts/get", "resources/list", "prompts/list"])
def test_nothing_makes_the_server_ask_itself(site: Site, method: str) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"uri": "x://y", "name": "x"}}
    answer = httpx.post(site.address + PATH, headers=BOTH | {"Host": "localhost:9"}, json=body)
    assert answer.json()["error"] == {"code": types.METHOD_NOT_FOUND, "message": "Method not found"}


def test_no_foreign_page_no_foreign_name_and_nobody_too_often(site: Site) -> None:
    def ask(**headers: str) -> int:
        return httpx.post(site.address + PATH, headers=BOTH | headers, json=PING).status_code

    assert [ask(), ask(Origin="https://evil.example"), ask(Origin="null"), ask(Host="evil.example")] == [
        200,
        403,
        403,
        421,
    ]
    assert httpx.post(site.address + PATH, headers=BOTH, content=b"{}").status_code == 415
    large = PING | {"params": {"x": "x" * 70_000}}
    assert httpx.post(site.address + PATH, headers=BOTH, json=large).status_code == 413
    client = TestClient(build_site(Shelf().desk()), base_url="http://127.0.0.1", client=("203.0.113.9", 50_000))
    with client:
        statuses = [client.post(PATH, headers=BOTH, json=PING).status_code for _ in range(241)]
    assert (statuses.count(200), statuses[-1]) == (240, 429)
