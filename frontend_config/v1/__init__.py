"""The read-only interface under /v1: JSON with an ETag for everybody who asks."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from frontend_config.answers import OPEN_TO_ALL, Answer
from frontend_config.desk import Desk
from frontend_config.v1 import board, examples, models, queue, runs

PARTS = (board.router, queue.router, models.router, runs.router, examples.router)
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, OPTIONS",
    "Access-Control-Allow-Headers": "If-None-Match",
    "Access-Control-Max-Age": "86400",
}


def build_api(desk: Desk) -> FastAPI:
    """The application behind /v1; it reads from the desk and changes nothing."""
    api = FastAPI(title="CLUE Leaderboard", version="1", docs_url=None, redoc_url=None)
    for part in PARTS:
        api.include_router(part(desk))
    _add_manners(api)
    return api


def _add_manners(api: FastAPI) -> None:
    @api.exception_handler(RequestValidationError)
    def unfit(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        sentence = f"The parameter {first['loc'][-1]} does not fit: {first['msg']}."
        return _refused(request, 422, sentence)

    @api.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        return _refused(request, error.status_code, error.detail)

    @api.get("/{path:path}", include_in_schema=False)
    def nowhere(path: str) -> Response:
        raise HTTPException(404, "There is nothing at this address.")

    @api.options("/{path:path}", include_in_schema=False)
    def preflight(path: str) -> Response:
        return Response(status_code=204, headers=OPEN_TO_ALL | PREFLIGHT)


def _refused(request: Request, status: int, sentence: str) -> Response:
    return Answer.of_json({"error": sentence}).respond(request, status=status, headers=OPEN_TO_ALL)
