"""What no request may do, whatever page it is for: send much, or leave a file on this server."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 64 * 1024
NO_UPLOADS = frozenset({"/gradio_api/upload", "/gradio_api/upload_progress"})
MANNERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin"}


class Guard:
    """ASGI middleware that refuses uploads and bodies over 64 kB, and adds the headers every answer carries."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = _refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self.app(scope, _counted(receive), _with_manners(send))


def _refusal(scope: Scope) -> JSONResponse | None:
    if scope["path"].rstrip("/") in NO_UPLOADS:
        return JSONResponse({"error": "This page takes no files."}, 403)
    length = Headers(scope=scope).get("content-length", "0")
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return JSONResponse({"error": "The request is larger than anything this page asks for."}, 413)
    return None


def _counted(receive: Receive) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > LARGEST_BODY:
            return {"type": "http.disconnect"}
        return message

    return counted


def _with_manners(send: Send) -> Send:
    async def mannered(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in MANNERS.items():
                headers.setdefault(name, value)
        await send(message)

    return mannered
