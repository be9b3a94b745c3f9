"""How /v1 answers whatever is asked of it: refusals are a sentence in JSON, and every address has a head."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontend_config.representations import OPEN_TO_ALL, Representation

PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "If-None-Match",
    "Access-Control-Max-Age": "86400",
}
OTHER_WAY = "This address does not take {method}. Ask with {allowed}."
BROKEN = "Something went wrong on our side and was logged. Try again in a minute."


class HeadAsGet:
    """ASGI middleware that answers HEAD with the status and headers that GET would have, and no body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**scope, "method": "GET"}, receive, send_head)


def add_manners(api: FastAPI) -> None:
    """Refusals are JSON with an `error` afterwards, unknown addresses are 404, and browsers elsewhere may ask."""

    @api.exception_handler(RequestValidationError)
    def unfit(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        sentence = f"The parameter {first['loc'][-1]} does not fit: {first['msg']}."
        return _refused(request, 422, sentence)

    @api.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        allowed = (error.headers or {}).get("Allow", "GET")
        sentence = (
            OTHER_WAY.format(method=request.method, allowed=allowed) if error.status_code == 405 else error.detail
        )
        answer = _refused(request, error.status_code, sentence)
        answer.headers.update(error.headers or {})
        return answer

    @api.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        return _refused(request, 500, BROKEN)

    @api.get("/{path:path}", include_in_schema=False)
    def nowhere(path: str) -> Response:
        raise HTTPException(404, "There is nothing at this address.")

    @api.options("/{path:path}", include_in_schema=False)
    def preflight(path: str) -> Response:
        return Response(status_code=204, headers=OPEN_TO_ALL | PREFLIGHT)


def _refused(request: Request, status: int, sentence: str) -> Response:
    return Representation.of_json({"error": sentence}).respond(request, status=status, headers=OPEN_TO_ALL)
