"""Servers of every dialect that the endpoint engine speaks, and the answers that are expected of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from backend.domain import ModelClient, Prompt
from backend.engines.endpoint import ENGINE
from backend.settings import Settings
from tests.backend.asking import served
from tests.loopback.openai import OpenAIServer
from tests.loopback.tgi import TgiServer

Server = TgiServer | OpenAIServer


def last_line(text: str) -> str:
    """An answer that tells which question it belongs to."""
    return f"echo: {text.removesuffix('### Answer' + chr(10)).strip().splitlines()[-1]}"


DIALECTS: dict[str, tuple[Callable[[], Server], str]] = {
    "tgi-generate": (lambda: TgiServer(last_line, has_chat=False), ""),
    "tgi-generate-by-url": (lambda: TgiServer(last_line), "/generate"),
    "tgi-chat": (lambda: TgiServer(last_line), ""),
    "openai": (lambda: OpenAIServer(last_line), ""),
    "openai-by-url": (lambda: OpenAIServer(last_line), "/v1"),
    "completions": (lambda: OpenAIServer(last_line, has_chat=False), ""),
    "completions-by-url": (lambda: OpenAIServer(last_line), "/v1/completions"),
}
DIRECT = {"tgi-generate-by-url": "tgi-generate", "openai-by-url": "openai", "completions-by-url": "completions"}


@contextmanager
def opened(server: Server, settings: Settings, path: str = "", halt: Event | None = None) -> Iterator[ModelClient]:
    """The server as the engine sees it; it counts what it is asked from then on."""
    with server.serving() as url, ENGINE.open(served(url + path), settings, halt or Event()) as client:
        server.faults.requests = 0
        yield client


def expected(asked: Prompt) -> str:
    """The answer that belongs to the prompt."""
    return f"echo: {asked.messages[-1].content.strip().splitlines()[-1]}"
