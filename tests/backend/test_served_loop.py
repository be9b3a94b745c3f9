"""The loop in which a server is asked, and what its connections do beside the straight way."""

import asyncio
import time
from collections.abc import Callable
from threading import Event
from threading import enumerate as threads

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from backend.engines.served.connections import Connections, allow_all
from backend.engines.served.loop import Loop
from tests.loopback.serving import serve


async def _nothing() -> None:
    pass


def test_what_landed_before_a_failure_is_handed_over_before_it_raises() -> None:
    async def work(hand_over: Callable[[int], None]) -> None:
        hand_over(1)
        hand_over(2)
        raise LookupError

    loop = Loop(Event())
    answers = loop.stream(work)
    assert [next(answers), next(answers)] == [1, 2]
    with pytest.raises(LookupError):
        next(answers)
    loop.close(_nothing())


def test_no_thread_outlives_the_loop() -> None:
    before, begun = set(threads()), Event()

    def slow() -> None:
        begun.set()
        time.sleep(0.3)

    async def work(hand_over: Callable[[int], None]) -> None:
        thread = asyncio.create_task(asyncio.to_thread(slow))
        await asyncio.to_thread(begun.wait)
        hand_over(1)
        await thread

    loop = Loop(Event())
    assert next(loop.stream(work)) == 1
    loop.close(_nothing())
    assert set(threads()) <= before


@pytest.mark.parametrize("proxy", [False, True])
def test_a_post_arrives_through_a_redirect_and_where_proxies_are_named(
    proxy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(request: Request) -> JSONResponse:
        return JSONResponse({"was": await request.json(), "key": request.headers.get("authorization")})

    async def elsewhere(request: Request) -> RedirectResponse:
        return RedirectResponse("/there", 307)

    if proxy:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    routes = [Route("/there", answer, methods=["POST"]), Route("/here", elsewhere, methods=["POST"])]
    loop = Loop(Event())
    with serve(Starlette(routes=routes)) as url:
        connections = Connections(url, "key", allow_all)

        async def ask(path: str) -> object:
            with connections.one() as connection:
                return await connection.post(url + path, {"q": "é"})

        expected = {"was": {"q": "é"}, "key": "Bearer key"}
        assert [loop.result(ask(path)) for path in ("/there", "/here", "/there")] == [expected] * 3
        loop.close(connections.close())
