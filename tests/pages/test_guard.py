"""Who may ask for what is there: by which names, from which pages, how often; and what every answer carries."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.types import Scope
from starlette.websockets import WebSocketDisconnect

from backend.settings import Settings, read_settings
from frontend_config.guard import Guard
from frontend_config.guard.counters import BoundedCounters
from frontend_config.guard.headers import Manners
from frontend_config.guard.hosts import Hosts
from frontend_config.guard.rates import PER_ADDRESS, PER_PERSON, Rate, Rates
from frontend_config.impatience import Impatient
from frontend_config.serving import server_config
from frontend_config.site import build_site, public_ways
from frontend_config.turnstile import Turnstile
from tests.loopback.serving import serve

from .serving import Shelf

HERE, STRANGER = "127.0.0.1", "203.0.113.9"
SERVER = Settings(host="0.0.0.0", public_url="https://board.example", hosts=("intra.example",), proxies=("10.0.0.0/8",))
SPACE = Settings(on_space=True, public_url="https://owner-clue.hf.space")
ELSEWHERE = {"Origin": "https://evil.example"}


@pytest.fixture(scope="module")
def board() -> Any:
    return build_site(Shelf(settings=SERVER).desk())


def asking(site: Any, base: str = "https://board.example", client: str = STRANGER) -> TestClient:
    return TestClient(site, base_url=base, client=(client, 50_000), raise_server_exceptions=False)


def scope(client: str = STRANGER, **headers: str) -> dict[str, Any]:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "client": (client, 1), "server": (HERE, 7860), "headers": named}


def nobody(asked: Scope) -> None:
    """No request is known to be anybody's."""


@pytest.mark.parametrize(
    "host", ["board.example", "BOARD.example.:443", "intra.example:8443", "localhost:1", "[::1]:80"]
)
def test_the_page_answers_to_its_own_names(board: Any, host: str) -> None:
    assert asking(board).get("/v1/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example"}, {"Host": "board.example.evil.example"}, {"Host": "evil@board.example"},
        {"Host": ""}, {"Host": "203.0.113.80"}, {"Host": "board.example", "X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Host": "board.example, evil.example"},
    ],
    ids=str,
)  # fmt: skip
def test_a_name_of_somebody_else_is_sent_away_with_a_sentence(board: Any, headers: dict[str, str]) -> None:
    answer = asking(board).get("/", headers=headers)
    assert answer.status_code == 421 and "CLUE_HOSTS" in answer.json()["error"]


@given(st.text())
def test_no_text_but_its_names_is_a_name_of_the_page(host: str) -> None:
    hosts = Hosts(SERVER)
    told = scope(host="x") | {"headers": [(b"host", host.encode(errors="replace"))]}
    assert not hosts.answers_to(told) or host.lower().startswith(("board.", "intra.", "localhost", HERE, "[::1]"))


def test_the_address_that_was_reached_is_a_name_and_no_other_address_is() -> None:
    hosts = Hosts(Settings(host="0.0.0.0"))
    for server, host, known in (("192.0.2.1", "192.0.2.1:7860", True), ("192.0.2.1", "192.0.2.2:7860", False)):
        assert hosts.answers_to(scope(host=host) | {"server": (server, 7860)}) is known


@pytest.mark.parametrize("path", ["/v1/submissions", "/gradio_api/component_server/"])
@pytest.mark.parametrize(
    "headers",
    [
        ELSEWHERE, {"Origin": "null"}, {"Origin": "https://board.example.evil.example"}, {"Origin": "http://["},
        {"Origin": "https://board.example:444"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)  # fmt: skip
def test_no_page_of_another_origin_changes_anything(board: Any, path: str, headers: dict[str, str]) -> None:
    answer = asking(board).post(path, json={}, headers=headers)
    assert answer.status_code == 403 and "a page of another site" in answer.json()["error"]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "path", ["/", "/submit", "/v1/queue", "/v1/submissions", "/gradio_api/queue/join", "/theme.css"]
)
def test_no_answer_lets_another_origin_read_what_is_somebodys(board: Any, method: str, path: str) -> None:
    asked = ELSEWHERE | {"Access-Control-Request-Method": method}
    answer = asking(board).request(method, path, headers=asked)
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers.get("access-control-allow-origin") in (("*", None) if path.startswith("/v1/") else (None,))


def test_behind_a_proxy_that_renames_the_host_the_public_origin_is_its_own(board: Any) -> None:
    answer = asking(board).post(
        "/v1/submissions", json={}, headers={"Host": "127.0.0.1:7860", "Origin": "https://board.example"}
    )
    assert "another site" not in answer.json()["error"]


@pytest.fixture(scope="module")
def broken() -> Any:
    def fails() -> Any:
        raise RuntimeError("a secret")

    return build_site(replace(Shelf(settings=SERVER).desk(), submissions=fails))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200), ("/submit", 200), ("/about", 200), ("/v1/tasks", 200), ("/v1/none", 404), ("/none", 404),
        ("/theme.css", 200), ("/metrics", 500), ("/v1/queue", 500), ("/m/a/b", 302), ("/" + "x" * 9_000, 414),
        ("/config", 404),
    ],
)  # fmt: skip
def test_every_answer_carries_the_headers(broken: Any, path: str, status: int) -> None:
    answer = asking(broken).get(path, follow_redirects=False)
    told = answer.headers
    assert answer.status_code == status and "a secret" not in answer.text
    assert told["X-Content-Type-Options"] == "nosniff" and "camera=()" in told["Permissions-Policy"]
    assert told["Strict-Transport-Security"].startswith("max-age=") and told["Cross-Origin-Opener-Policy"]
    assert "default-src 'none'" in told["Content-Security-Policy"] and told["Referrer-Policy"]
    assert "frame-ancestors 'none'" in told["Content-Security-Policy"]
    scripts = [part for part in told["Content-Security-Policy"].split("; ") if part.startswith("script-src")]
    assert not any("unsafe-inline" in part or "data:" in part or "*" in part for part in scripts)


def test_only_the_hub_may_frame_a_space_and_only_https_is_promised_for_good() -> None:
    space = Manners(SPACE).alone()
    assert space["content-security-policy"].endswith("; frame-ancestors https://huggingface.co")
    assert "strict-transport-security" in space
    plain = Manners(Settings(host="0.0.0.0")).alone()
    assert "strict-transport-security" not in plain and "cross-origin-opener-policy" not in plain


def test_who_asks_too_often_is_told_when_to_come_back_and_others_are_not(board: Any) -> None:
    most = int(PER_ADDRESS[Rate.POST].partition("/")[0])
    loud, quiet = asking(board, client="198.51.100.1"), asking(board, client="198.51.100.2")
    answers = [loud.post("/v1/submissions", json={}) for _ in range(most + 1)]
    assert [each.status_code for each in answers[:-1]] == [403] * most
    assert answers[-1].status_code == 429 and "Too many requests" in answers[-1].json()["error"]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert quiet.post("/v1/submissions", json={}).status_code == 403
    assert loud.get("/v1/health").status_code == 200, "what is only read is counted apart"


def test_behind_a_named_proxy_each_client_is_counted_and_nobody_can_choose_an_address(board: Any) -> None:
    seen = set()
    for number in range(130):
        told = {"X-Forwarded-For": f"192.0.2.{number}, 198.51.100.77"}  # the proxy adds what it saw
        seen.add(asking(board, client="10.1.2.3").post("/v1/submissions", json={}, headers=told).status_code)
    assert seen == {403, 429}
    free = {"X-Forwarded-For": "198.51.100.78"}
    assert asking(board, client="10.1.2.3").post("/v1/submissions", json={}, headers=free).status_code == 403
    forged = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in range(130)]
    liar = asking(board, client="198.51.100.9")
    codes = {liar.post("/v1/submissions", json={}, headers=each).status_code for each in forged}
    assert codes == {403, 429}, "who is no proxy is not believed"


def test_a_person_is_counted_wherever_the_requests_come_from() -> None:
    few = dict.fromkeys(Rate, "2/minute")
    rates = Rates(lambda scope: "ada", per_person={Rate.POST: "3/minute"}, per_address=few)
    passed = [rates.pause(scope(f"198.51.100.{number}"), Rate.POST) for number in range(4)]
    assert passed[:3] == [None] * 3 and passed[3]
    assert rates.pause(scope("198.51.100.9"), Rate.READ) is None


def test_a_household_is_one_address_and_this_machine_is_not_counted_unless_it_asks_for_others() -> None:
    rates = Rates(nobody, per_address=dict.fromkeys(Rate, "1/minute"))
    assert rates.pause(scope("2001:db8::1"), Rate.POST) is None
    assert rates.pause(scope("2001:db8::ffff:2"), Rate.POST)
    assert rates.pause(scope("2001:db8:0:1::1"), Rate.POST) is None
    assert [rates.pause(scope(HERE), Rate.POST) for _ in range(5)] == [None] * 5
    assert [bool(rates.pause(scope(HERE, x_forwarded_for="192.0.2.1"), Rate.POST)) for _ in range(2)] == [False, True]


def test_what_is_counted_takes_no_more_room_however_many_ask() -> None:
    now = [1000.0]
    counters = BoundedCounters(most=100, clock=lambda: now[0])
    assert [counters.incr("ada", 60), counters.incr("ada", 60)] == [1, 2]
    now[0] += 61
    assert counters.incr("ada", 60) == 1
    for number in range(1000):
        counters.incr(str(number), 60)
    assert counters.reset() == 100


def test_every_kind_of_request_has_a_limit_and_what_posts_the_tightest() -> None:
    amounts = {rate: int(PER_ADDRESS[rate].partition("/")[0]) for rate in Rate}
    assert min(amounts, key=amounts.__getitem__) in (Rate.POST, Rate.COSTLY)
    assert all(int(text.partition("/")[0]) <= amounts[rate] for rate, text in PER_PERSON.items())
    assert Rate.POST in PER_PERSON


def test_one_caller_leaves_half_of_the_places_to_others() -> None:
    turnstile = Turnstile(4, "Busy.")
    with turnstile.passed("a"), turnstile.passed("a"):
        with pytest.raises(HTTPException), turnstile.passed("a"):
            pass
        with turnstile.passed("b"), turnstile.passed("c"), pytest.raises(HTTPException), turnstile.passed("d"):
            pass
    with turnstile.passed("a"), turnstile.passed(None), turnstile.passed(None), turnstile.passed(None):
        pass


def test_websockets_are_closed(board: Any) -> None:
    with pytest.raises(WebSocketDisconnect) as closed, asking(board).websocket_connect("/gradio_api/queue/join"):
        pass
    assert closed.value.code == 1008


def talk(address: str, *parts: bytes) -> bytes:
    """All that the server answers to these parts, half a second apart."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        for part in parts:
            line.sendall(part)
            time.sleep(0.5)
        answer = b""
        while more := line.recv(65536):
            answer += more
    return answer


def test_a_body_that_trickles_is_given_up() -> None:
    app = FastAPI()

    @app.post("/v1/submissions")
    async def take(asked: dict[str, Any]) -> str:
        return "taken"

    settings = Settings()
    guard = Guard(
        app,
        settings=settings,
        ways=public_ways(settings),
        rates=Rates(nobody),
        manners=Manners(settings),
        body_seconds=0.2,
    )
    head = (
        b"POST /v1/submissions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
    )
    with serve(guard) as address:
        assert b"taken" in talk(address, head + b"Content-Length: 2\r\n\r\n{}")
        assert b"taken" not in talk(address, head + b"Content-Length: 9\r\n\r\n{", b"}")


class Quick(Impatient):
    head_seconds = 0.2


@pytest.fixture
def running() -> Any:
    async def app(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    config = server_config(app, Settings())  # type: ignore[arg-type]
    config.http, config.lifespan = Quick, "off"
    listener = socket.create_server((HERE, 0))
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://{HERE}:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(5)


def test_a_head_that_trickles_or_has_no_end_is_cut_off(running: str) -> None:
    whole = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert talk(running, whole).endswith(b"ok")
    assert b"ok" not in talk(running, whole[:20])
    assert b"400" in talk(running, b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000)
    answer = httpx.get(running, headers={"Connection": "Upgrade", "Upgrade": "websocket"})
    assert (answer.text, "server" in answer.headers) == ("ok", False)


def test_the_server_believes_no_forwarded_header_by_itself(running: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    assert not server_config(FastAPI(), Settings()).proxy_headers


def test_hosts_and_proxies_are_lists_and_a_space_knows_its_own() -> None:
    told = read_settings({"CLUE_HOSTS": "a.example, b.example", "CLUE_PROXIES": "10.0.0.0/8,127.0.0.1"})
    assert told.hosts == ("a.example", "b.example") and told.proxies == ("10.0.0.0/8", "127.0.0.1/32")
    space = read_settings({"SPACE_ID": "o/c", "SPACE_HOST": "o-c.hf.space,clue.example"})
    assert space.public_url == "https://o-c.hf.space" and space.hosts == ("o-c.hf.space", "clue.example")
    assert "10.0.0.0/8" in space.proxies
