"""Whatever a repository does between check and download, nothing is opened that was not announced and looked at."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from backend.domain import Model
from backend.errors import FailureCode, ModelFault, PassingFault
from backend.hub import download, fetch, look_up
from backend.settings import Settings
from tests.corpus.attack import Attack, Outcome
from tests.corpus.repositories import NAME, REPOSITORIES, Play, small
from tests.loopback.hub import LoopbackHub
from tests.loopback.serving import serve

FLOOD = 200 << 20
ASKED = {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    return small(tmp_path / "repository", tiny_model)


@pytest.mark.parametrize("attack", REPOSITORIES, ids=str)
def test_what_is_played_between_check_and_download_ends_as_it_should(
    attack: Attack[Play], hub: LoopbackHub, folder: Path, tmp_path: Path
) -> None:
    model = Model(hub_id=NAME, revision=hub.add(NAME, folder))
    attack.how(hub, folder, model)
    cache, begun = tmp_path / "cache", time.monotonic()
    if attack.expected is Outcome.IGNORED:
        look_up(NAME, max_gb=1)
        got = download(model, cache, max_gb=1)
        assert {path.name for path in got.iterdir()} - {"chat_template.jinja"} == ASKED
        asked = {request.partition("/resolve/")[2] for request in hub.requests} - {""}
        assert asked == {f"{model.revision}/{name}" for name in (*ASKED, "chat_template.jinja")}
    elif attack.expected is Outcome.RETRIED:
        with pytest.raises(PassingFault) as passing:
            download(model, cache, max_gb=1)
        assert passing.value.code is FailureCode.DOWNLOAD_ERROR
    else:
        with pytest.raises(ModelFault) as caught:
            download(look_up(NAME, model.revision, max_gb=1), cache, max_gb=1)
        assert caught.value.code is attack.expected and str(caught.value).isascii()
    assert time.monotonic() - begun < 60
    outside = {path.name for path in tmp_path.iterdir()} - {"cache", "repository"}
    assert outside == set() and not [path for path in cache.rglob("*") if path.suffix in {".py", ".bin"}]


@dataclass
class Elsewhere:
    """Another server: it keeps what it was told, and sends a small file or one of 200 MB, whatever was announced."""

    floods: bool = False
    heard: list[dict[str, str]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)

    def app(self) -> ASGIApp:
        return Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        self.heard.append(dict(request.headers))
        return StreamingResponse(self._flood()) if self.floods else Response(b"{}")

    async def _flood(self) -> AsyncIterator[bytes]:
        number = len(self.sent)
        self.sent.append(0)
        while self.sent[number] < FLOOD:
            self.sent[number] += 1 << 20
            yield bytes(1 << 20)
            await asyncio.sleep(0)  # or the server never learns that nobody listens


def test_a_file_sent_by_another_host_is_held_to_its_digest_and_gets_no_token(
    hub: LoopbackHub, folder: Path, tmp_path: Path
) -> None:
    model = Model(hub_id=NAME, revision=hub.add(NAME, folder))
    other = Elsewhere()
    with serve(other.app()) as address:
        hub.elsewhere = address
        with pytest.raises(PassingFault):
            download(model, tmp_path / "cache", max_gb=1)
    assert other.heard and not any("authorization" in headers for headers in other.heard)


def test_a_file_without_an_end_does_not_fill_the_disk(hub: LoopbackHub, folder: Path, tmp_path: Path) -> None:
    model = Model(hub_id=NAME, revision=hub.add(NAME, folder))
    other, settings = Elsewhere(floods=True), Settings(home=tmp_path / "home", min_free_gb=0)
    with serve(other.app()) as address:
        hub.elsewhere = address
        with pytest.raises(PassingFault):
            fetch(model, settings, Event(), lambda done, total: None)
    assert other.sent and max(other.sent) < FLOOD, "the client broke off, for the file could not grow"
    assert sum(path.stat().st_size for path in (tmp_path / "home").rglob("*") if path.is_file()) < FLOOD
