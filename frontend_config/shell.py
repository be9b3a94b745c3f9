"""What surrounds every page: title, header, navigation and footer, written into Gradio's HTML before it leaves."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAME = "CLUE Leaderboard"
ABOUT = "How good are language models at clinical work, and does medical training help? Measured on the CLUE benchmark."
PREVIEW_TAGS = re.compile(rb'<meta\s+(?:property|name)="(?:og|twitter):[^>]*?/>\s*')
MANIFEST = b'<link rel="manifest" href="/manifest.json" />'
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self' https://huggingface.co https://*.hf.space",
    )
)

MARK = (
    '<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false">'
    '<rect x="2" y="13" width="4.5" height="8" rx="1.2"/><rect x="9.75" y="8" width="4.5" height="13" rx="1.2"/>'
    '<rect x="17.5" y="3" width="4.5" height="18" rx="1.2"/></svg>'
)
SUN_AND_MOON = (
    '<svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" focusable="false">'
    '<circle cx="12" cy="12" r="8.5" fill="none" stroke="currentColor" stroke-width="1.8"/>'
    '<path d="M12 3.5a8.5 8.5 0 0 1 0 17z" fill="currentColor"/></svg>'
)
FIRST_LIGHT = """
(() => {
  let wish = new URLSearchParams(location.search).get("__theme");
  try { wish ??= localStorage.getItem("clue-theme"); } catch { wish ??= null; }
  const dark = wish === "dark" || (wish !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A page: its address, its title, and whether the navigation names it.

    `modules` are what it runs, the first at once and with it the others; `sheets` the style sheets they ask for.
    """

    path: str
    title: str
    listed: bool = True
    modules: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()


class Shell:
    """ASGI middleware that puts the site's frame around the HTML of the known places and passes all else through."""

    def __init__(self, app: ASGIApp, *, places: Sequence[Place], static: str) -> None:
        self.app = app
        self.places = {place.path: place for place in places}
        self.static = static

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        place = self.places.get(scope.get("path", "").rstrip("/") or "/")
        if scope["type"] != "http" or scope["method"] != "GET" or place is None:
            await self.app(scope, receive, send)
            return
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self.app({**scope, "headers": plain}, receive, _Rewriter(send, lambda html: self.frame(html, place)))

    def frame(self, html: bytes, place: Place) -> bytes:
        """The page with our title, styles and icon in its head, header before and footer after Gradio's own part."""
        html = PREVIEW_TAGS.sub(b"", html).replace(MANIFEST, b"")
        html = html.replace(b"<head>", b"<head>" + self._head(place).encode(), 1)
        html = html.replace(b"<gradio-app", self._header(place).encode() + b"<gradio-app", 1)
        return html.replace(b"</gradio-app>", b"</gradio-app>" + FOOTER.encode(), 1)

    def _head(self, place: Place) -> str:
        title = escape(page_title(place))
        early = "".join(f'<link rel="modulepreload" href="{self.static}/{name}">' for name in place.modules[1:])
        early += "".join(
            f'<link rel="preload" as="fetch" crossorigin href="{self.static}/{name}">' for name in place.sheets
        )
        scripts = "".join(
            f'<script type="module" src="{self.static}/{name}"></script>' for name in ("site.js", *place.modules[:1])
        )
        return (
            f'<meta charset="utf-8"><title>{title}</title>'
            f'<meta name="description" content="{escape(ABOUT)}">'
            f'<meta property="og:title" content="{title}"><meta property="og:type" content="website">'
            '<meta name="color-scheme" content="light dark">'
            f'<link rel="icon" type="image/svg+xml" href="{self.static}/favicon.svg">'
            f'<link rel="stylesheet" href="{self.static}/site.css">'
            f"<script>{FIRST_LIGHT}</script>"
            f"{early}{scripts}"
        )

    def _header(self, here: Place) -> str:
        links = "".join(
            f'<a href="{place.path}"{" aria-current=page" if place == here else ""}>{escape(place.title)}</a>'
            for place in self.places.values()
            if place.listed
        )
        return (
            f'<a class="clue-skip" href="{here.path}#content">Skip to the content</a>'
            '<header class="clue-header"><div class="clue-bar">'
            f'<a class="clue-brand" href="/">{MARK}<span>CLUE <b>Leaderboard</b></span></a>'
            f'<nav aria-label="Pages">{links}</nav>'
            '<button type="button" class="clue-theme" aria-label="Dark colours" aria-pressed="false">'
            f"{SUN_AND_MOON}</button>"
            '</div></header><a id="content" tabindex="-1"></a>'
        )


FOOTER = (
    '<footer class="clue-footer"><div class="clue-bar"><p>Clinical Language Understanding Evaluation, '
    '<a href="https://arxiv.org/abs/2404.04067" rel="noopener">arXiv 2404.04067</a>. '
    "A research tool: no score here clears a model for use with patients.</p>"
    '<p><a href="/v1/leaderboard.json">Data</a><a href="/v1/openapi.json">Interface</a><a href="/about">About</a></p>'
    "</div></footer>"
)


def page_title(place: Place) -> str:
    """What the browser's tab says."""
    return NAME if place.path == "/" else f"{place.title} · {NAME}"


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
        headers["Content-Security-Policy"] = POLICY
        headers["Cache-Control"] = "no-cache"
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body})


def _is_page(start: Message) -> bool:
    return start["status"] == 200 and Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")
