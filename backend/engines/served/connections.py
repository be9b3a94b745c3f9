"""The connections to a server: each request has one to itself, and the next one takes it over."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from contextvars import ContextVar
from functools import cache, cached_property
from ssl import SSLContext
from typing import TYPE_CHECKING, Any

import httpx2
from huggingface_hub import AsyncInferenceClient, get_async_session, set_async_client_factory

from backend.errors import NotApproved

if TYPE_CHECKING:
    from backend.engines.served.posting import Poster

ONE = httpx2.Limits(max_connections=1)
JSON = {"content-type": "application/json"}
NO_TOKEN = "none"  # the client would send this machine's Hub token in its place
EgressCheck = Callable[[httpx2.URL], object]
"""Is asked before a request is sent, and raises where nothing may be sent to that address."""


def allow_all(url: httpx2.URL) -> None:
    """Anything may be sent there."""


def _allow_nothing(url: httpx2.URL) -> None:
    raise NotApproved("Nobody said what this request carries, so it was not sent.")


# Of the request at hand. A variable of the context, as huggingface_hub makes its clients itself and when it likes.
_EGRESS_CHECK: ContextVar[EgressCheck] = ContextVar("egress_check", default=_allow_nothing)


class Connection:
    """One kept-alive connection: `inference` speaks the dialects that huggingface_hub knows, `http` plain HTTP.

    `post` shares its connections with all others: it is what a run asks thousands of times.
    """

    def __init__(self, root: str, token: str | None, poster: "Poster") -> None:
        self._root, self._token, self._poster = root, token, poster
        self._opened = AsyncExitStack()

    @cached_property
    def inference(self) -> AsyncInferenceClient:
        """Without a timeout: whoever asks limits the whole time, however slowly an answer drips."""
        client = AsyncInferenceClient(base_url=self._root, token=self._token or NO_TOKEN)
        self._opened.push_async_callback(client.close)
        return client

    @cached_property
    def http(self) -> httpx2.AsyncClient:
        """Without a timeout too."""
        client = get_async_session()
        self._opened.push_async_callback(client.aclose)
        client.headers.update(_bearer(self._token))
        return client

    async def post(self, url: str, body: Mapping[str, Any]) -> Any:
        """The JSON that the server answers; httpx2's HTTPError, or ValueError, if it does not answer with any."""
        asked = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            answer = await self._poster.post(url, asked)
        except httpx2.HTTPStatusError as error:
            if not error.response.is_redirect:
                raise
            answer = (await self.http.post(url, content=asked, headers=JSON)).raise_for_status().content
        return json.loads(answer)

    async def close(self) -> None:
        """The connection is closed."""
        await self._opened.aclose()


class Connections:
    """As many connections as were ever in use at once, the last used first.

    One pool of n connections would look at all n of them at the begin and end of every request, which at 64 in flight
    takes as long as the rest of the client together. `check` raises for an address to which nothing may be sent; it is
    asked before every request, those that a redirect asks for too.
    """

    def __init__(self, root: str, token: str | None, check: EgressCheck) -> None:
        from backend.engines.served.posting import Poster  # aiohttp, which no command needs that asks no server

        set_async_client_factory(_one_connection)
        self._poster = Poster(JSON | _bearer(token), check, _certificates)
        self._root, self._token, self._check = root, token, check
        self._all: list[Connection] = []
        self._free: list[Connection] = []

    @contextmanager
    def one(self) -> Iterator[Connection]:
        """A connection that nobody else uses inside the block."""
        connection = self._free.pop() if self._free else self._open()
        before = _EGRESS_CHECK.set(self._check)
        try:
            yield connection
        finally:
            _EGRESS_CHECK.reset(before)
            self._free.append(connection)

    async def close(self) -> None:
        """All are closed."""
        await self._poster.close()
        for connection in self._all:
            await connection.close()

    def _open(self) -> Connection:
        self._all.append(Connection(self._root, self._token, self._poster))
        return self._all[-1]


def _bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _one_connection() -> httpx2.AsyncClient:
    hooks = {"request": [_check_egress]}
    return httpx2.AsyncClient(
        verify=_certificates(), follow_redirects=True, timeout=None, limits=ONE, event_hooks=hooks
    )


async def _check_egress(request: httpx2.Request) -> None:
    _EGRESS_CHECK.get()(request.url)


@cache
def _certificates() -> SSLContext:
    # Reading them takes 30 ms, as long as everything else about a connection takes 0.1.
    return httpx2.create_ssl_context()
