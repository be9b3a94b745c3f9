"""Two hundred open pages ask again and again while the program is stopped and started: all of them get on."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.journeys.program import START_SECONDS, running

PAGES = 200
EVERY_SECONDS = 1.0
ASK_FOR = 90.0


async def keep_asking(
    client: httpx.AsyncClient, address: str, phases: dict[str, set[int]], now: list[str], page: int
) -> None:
    """Notes in each phase that this page got an answer; a broken connection is tried again, as a page does."""
    while now[0] != "over":
        try:
            answer = await client.get(f"{address}/v1/queue")
            if answer.status_code == 200:
                phases[now[0]].add(page)
        except httpx.TransportError:
            phases["refused"].add(page)
        await asyncio.sleep(EVERY_SECONDS)


async def everybody(phases: dict[str, set[int]], phase: str, seconds: float) -> None:
    """Returns once every page was in this phase, or when that took too long."""
    for _ in range(int(seconds * 10)):
        if len(phases[phase]) == PAGES:
            return
        await asyncio.sleep(0.1)


@pytest.mark.timeout(600)
def test_after_a_restart_with_many_open_pages_every_one_of_them_is_answered_again(tmp_path: Path) -> None:
    phases: dict[str, set[int]] = {name: set() for name in ("before", "away", "after", "over", "refused")}
    now = ["before"]

    async def watch() -> None:
        limits = httpx.Limits(max_connections=PAGES, max_keepalive_connections=PAGES)
        with running(tmp_path / "var") as first:
            port = first.address.rpartition(":")[2]
            async with httpx.AsyncClient(limits=limits, timeout=START_SECONDS, trust_env=False) as client:
                pages = [
                    asyncio.create_task(keep_asking(client, first.address, phases, now, page)) for page in range(PAGES)
                ]
                await everybody(phases, "before", ASK_FOR)
                left = await asyncio.to_thread(first.stop)
                assert left == []
                now[0] = "away"
                await everybody(phases, "refused", ASK_FOR)
                again = running(tmp_path / "var", CLUE_PORT=port)
                await asyncio.to_thread(again.__enter__)
                try:
                    now[0] = "after"
                    await everybody(phases, "after", ASK_FOR)
                finally:
                    now[0] = "over"
                    await asyncio.gather(*pages)
                    await asyncio.to_thread(again.__exit__, None, None, None)

    with ThreadPoolExecutor(1) as elsewhere:  # an earlier test's browser keeps a loop in this thread
        elsewhere.submit(asyncio.run, watch()).result()
    everyone = set(range(PAGES))
    assert phases["before"] == phases["refused"] == phases["after"] == everyone
