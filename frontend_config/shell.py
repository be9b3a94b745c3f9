"""The frame is written into Gradio's HTML before it leaves."""

import re
from collections.abc import Callable, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontend_config.frame import FOOTER, Frame, Place
from frontend_config.guard.headers import page_policy

PREVIEW_TAGS = re.compile(rb'<meta\s+(?:property|name)="(?:og|twitter):[^>]*?/>\s*')
INLINE = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
MANIFEST = b'<link rel="manifest" href="/manifest.json" />'


class Shell:
    """ASGI middleware that puts the site's frame around the HTML of the known places and passes all else through."""

    def __init__(self, app: ASGIApp, *, frame: Frame, places: Sequence[Place]) -> None:
        self.app = app
        self.around = frame
        self.places = {place.path: place for place in places}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        place = self.places.get(scope.get("path", "").rstrip("/") or "/")
        if scope["type"] != "http" or scope["method"] != "GET" or place is None:
            await self.app(scope, receive, send)
            return
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        # What the address asks for is read in the browser alone, so nothing of it gets into HTML whose scripts may run.
        asked = {**scope, "headers": plain, "query_string": b""}
        await self.app(asked, receive, _Rewriter(send, lambda html: self.frame(html, place)))

    def frame(self, html: bytes, place: Place) -> bytes:
        """The page with our title, styles and icon in its head, header before and footer after Gradio's own part."""
        html = PREVIEW_TAGS.sub(b"", html).replace(MANIFEST, b"")
        html = html.replace(b"<head>", b"<head>" + self.around.head_within_gradio(place).encode(), 1)
        html = html.replace(b"<gradio-app", self.around.header(place).encode() + b"<gradio-app", 1)
        return html.replace(b"</gradio-app>", b"</gradio-app>" + FOOTER.encode(), 1)


def gradio_policy(html: str) -> str:
    """The policy of a page that Gradio makes."""
    return page_policy(INLINE.findall(html), of_gradio=True)


class _Rewriter:
    """Holds an HTML answer back until it is whole, then sends it rewritten; anything else goes straight on."""

    def __init__(self, send: Send, rewrite: Callable[[bytes], bytes]) -> None:
        self.send = send
        self.rewrite = rewrite
        self.start: Message | None = None
        self.parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self.start = message
        elif message["type"] == "http.response.body" and self.start is not None:
            self.parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._finish(self.start)
        else:
            await self.send(message)

    async def _finish(self, start: Message) -> None:
        body = self.rewrite(b"".join(self.parts))
        headers = MutableHeaders(scope=start)
        headers["Content-Length"] = str(len(body))
        headers["Content-Security-Policy"] = gradio_policy(body.decode())
        headers["Cache-Control"] = "no-cache"
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body})


def _is_page(start: Message) -> bool:
    return start["status"] == 200 and Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")
