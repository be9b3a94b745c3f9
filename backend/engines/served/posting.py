"""Posts what a run asks thousands of times, through aiohttp: a quarter of the processor time that httpx2 takes."""

from collections.abc import Callable, Mapping
from ssl import SSLContext
from typing import TYPE_CHECKING
from urllib.request import getproxies

import aiohttp
import httpx2

if TYPE_CHECKING:
    from backend.engines.served.connections import EgressCheck

SUCCESS = range(200, 300)
CODED = frozenset({"content-encoding", "content-length", "transfer-encoding"})  # undone by whoever read the answer


class Poster:
    """Posts to where `check` lets it, with these headers; what comes back is in the words of httpx2."""

    def __init__(self, headers: Mapping[str, str], check: "EgressCheck", trusted: Callable[[], SSLContext]) -> None:
        self._headers, self._check, self._trusted = dict(headers), check, trusted
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, httpx2.URL] = {}

    async def post(self, url: str, body: bytes) -> bytes:
        """What the server answers with success; httpx2's HTTPStatusError, ConnectError or ReadError otherwise."""
        to = self._urls.get(url) or self._urls.setdefault(url, httpx2.URL(url))
        self._check(to)
        self._session = self._session or self._open()
        try:
            async with self._session.post(url, data=body, headers=self._headers, allow_redirects=False) as reply:
                content = await reply.read()
        except aiohttp.ClientConnectorError as error:
            raise httpx2.ConnectError(type(error).__name__) from None
        except aiohttp.ClientError as error:
            raise httpx2.ReadError(type(error).__name__) from None
        if reply.status not in SUCCESS:
            headers = {name: value for name, value in reply.headers.items() if name.lower() not in CODED}
            asked = httpx2.Request("POST", to, content=body)
            httpx2.Response(reply.status, headers=headers, content=content, request=asked).raise_for_status()
        return content

    async def close(self) -> None:
        """Its connections are closed."""
        if self._session:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        # As many connections as there are requests: their number is limited elsewhere, and their time by whoever asks.
        # Asked to trust the environment, aiohttp would also look for passwords in .netrc.
        pool = aiohttp.TCPConnector(limit=0, ssl=self._trusted())
        return aiohttp.ClientSession(
            connector=pool, timeout=aiohttp.ClientTimeout(total=None, connect=None), trust_env=bool(getproxies())
        )
