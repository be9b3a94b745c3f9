"""What no request may do, whatever page it is for: only what is listed is there, and only for whom it is meant."""

import asyncio
import logging

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.settings import Settings
from frontend_config.guard.callers import relayed
from frontend_config.guard.headers import Manners
from frontend_config.guard.hosts import Hosts
from frontend_config.guard.rates import Rates
from frontend_config.guard.ways import SAFE, Way, Ways
from frontend_config.representations import OPEN_TO_ALL

LARGEST_BODY = 64 * 1024
LONGEST_ADDRESS = 8 * 1024
BODY_SECONDS = 20.0
UNNAMED = (
    "This page does not answer under this name. Its operator can add the name to CLUE_HOSTS, or set CLUE_PUBLIC_URL."
)
NOWHERE = "There is nothing at this address."
OTHER_WAY = "This address does not take {method}. Ask with {allowed}."
FOREIGN = "The request was not accepted: it was made by a page of another site. Open this page itself and try again."
TOO_LARGE = "The request is larger than anything this page asks for."
TOO_LONG = "The address is longer than anything this page asks for."
NO_FILES = "This page takes no files."
NO_JSON = "This address takes JSON only. Send it with the header Content-Type: application/json."
TOO_MANY = "Too many requests came from you within a minute. Wait {seconds} seconds and try again."
_LOG = logging.getLogger(__name__)


class Guard:
    """ASGI middleware that lets pass what is listed in `ways`, and gives every answer the headers it must carry."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: Settings,
        ways: Ways,
        rates: Rates,
        manners: Manners,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self.app = app
        self.ways = ways
        self.rates = rates
        self.manners = manners
        self.body_seconds = body_seconds
        self.hosts = Hosts(settings)
        self._unnamed_proxy = not settings.proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        way = self.ways.find(scope["path"], scope["method"])

        async def mannered(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.manners.add(message, way)
            await send(message)

        refusal = self._refusal(scope, way)
        if refusal is not None:
            await refusal(scope, receive, mannered)
        else:
            await self.app(scope, self._heard(scope, receive), mannered)

    def _heard(self, scope: Scope, receive: Receive) -> Receive:
        return receive if scope["method"] in SAFE else _bounded(receive, self.body_seconds)

    def _refusal(self, scope: Scope, way: Way | None) -> JSONResponse | None:
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_ADDRESS:
            return _refused(414, TOO_LONG, way)
        if not self.hosts.answers_to(scope):
            return _refused(421, UNNAMED, way)
        if way is None:
            return self._no_way(scope)
        changes = scope["method"] not in SAFE
        if (changes or way.own_pages) and self.hosts.is_foreign(scope):
            return _refused(403, FOREIGN, way)
        return self._odd_body(scope, way) or self._too_many(scope, way)

    def _no_way(self, scope: Scope) -> JSONResponse:
        allowed = ", ".join(self.ways.methods(scope["path"]))
        if not allowed:
            return _refused(404, NOWHERE, None)
        sentence = OTHER_WAY.format(method=scope["method"][:20], allowed=allowed)
        return _refused(405, sentence, None, {"Allow": allowed})

    def _odd_body(self, scope: Scope, way: Way) -> JSONResponse | None:
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            return _refused(413, TOO_LARGE, way)
        if scope["method"] in SAFE:
            return None
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind.startswith("multipart/"):
            return _refused(415, NO_FILES, way)
        if way.json and kind != "application/json":
            return _refused(415, NO_JSON, way)
        return None

    def _too_many(self, scope: Scope, way: Way) -> JSONResponse | None:
        if self._unnamed_proxy and relayed(scope):
            self._unnamed_proxy = False  # once is enough
            _LOG.warning(
                "requests come through a proxy that CLUE_PROXIES does not name; the limits count all who use it as one",
                extra={"address": (scope.get("client") or ("",))[0]},
            )
        seconds = self.rates.pause(scope, way.rate)
        if seconds is None:
            return None
        return _refused(429, TOO_MANY.format(seconds=seconds), way, {"Retry-After": str(seconds)})


def _refused(status: int, sentence: str, way: Way | None, headers: dict[str, str] | None = None) -> JSONResponse:
    told = OPEN_TO_ALL if way is not None and way.to_all else {}
    return JSONResponse({"error": sentence}, status, {**told, **(headers or {}), "Cache-Control": "no-store"})


def _bounded(receive: Receive, seconds: float) -> Receive:
    """The same messages, until the body is larger or slower than any that this page asks for."""
    loop = asyncio.get_running_loop()
    latest = loop.time() + seconds
    seen, whole = 0, False

    async def bounded() -> Message:
        nonlocal seen, whole
        if whole:
            return await receive()
        try:
            async with asyncio.timeout_at(latest):
                message = await receive()
        except TimeoutError:
            return {"type": "http.disconnect"}
        seen += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        return {"type": "http.disconnect"} if seen > LARGEST_BODY else message

    return bounded
