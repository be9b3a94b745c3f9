"""Runs an ASGI app on a free loopback port for as long as a `with` block lasts."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

START_SECONDS = 60.0
STOP_SECONDS = 5.0


def listen() -> socket.socket:
    """A free loopback port that is held, for an app that must know its own address before it is made."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    return listener


def address_of(listener: socket.socket) -> str:
    """The base URL of what will answer there."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def serve(app: ASGIApp, listener: socket.socket | None = None, **options: Any) -> Iterator[str]:
    """The app answers at the yielded base URL (no trailing slash) inside the block; afterwards the port is closed.

    The server says nothing and knows no lifespan unless uvicorn's `options` tell otherwise. Handlers still running at
    the end of the block are cancelled. Raises RuntimeError if the server does not start.
    """
    listener = listener or listen()
    port = listener.getsockname()[1]
    usual = {"lifespan": "off", "log_config": None, "log_level": 60}
    config = uvicorn.Config(app, http=_ResettableProtocol, ws="none", access_log=False, **(usual | options))
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name=f"loopback:{port}", daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield address_of(listener)
    finally:
        server.should_exit = True
        server.force_exit = config.lifespan == "off"
        thread.join(STOP_SECONDS)
        listener.close()


def reset_connection(scope: Scope) -> None:
    """The client of this request sees its connection reset; nothing more reaches it."""
    transport: asyncio.Transport = scope["state"]["transport"]
    peer = transport.get_extra_info("socket")
    if peer is not None:  # already gone when the client hung up first
        # Lingering for zero seconds turns the close into a TCP reset.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the loopback server did not start")
        time.sleep(0.005)


class _ResettableProtocol(H11Protocol):
    """Hands each request its transport, without which an app could never reset a connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}
