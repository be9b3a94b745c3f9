"""The interface under /v1: JSON with an ETag for everybody who asks, and one address that takes submissions."""

from fastapi import FastAPI

from frontend_config.boards import Boards
from frontend_config.desk import Desk
from frontend_config.v1 import board, compare, copies, delta, examples, models, moments, queue, runs, submissions
from frontend_config.v1.description import describe
from frontend_config.v1.looking_back import LookingBack
from frontend_config.v1.manners import HeadAsGet, add_manners

DATED_PARTS = (models.router, compare.router, delta.router)
PARTS = (
    moments.router,
    models.router,
    runs.router,
    examples.router,
    compare.router,
    delta.router,
    queue.router,
    submissions.router,
    copies.router,
)


def build_api(desk: Desk, boards: Boards | None = None) -> FastAPI:
    """The application behind /v1; it reads from the desk, and submits. `boards` are those of the same desk."""
    api = FastAPI(title="CLUE Leaderboard", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    api.include_router(board.router(desk, boards or Boards(desk)))
    for part in PARTS:
        api.include_router(part(desk))
    describe(api)
    add_manners(api)
    api.add_middleware(LookingBack, desk=desk, build=past_api)
    api.add_middleware(HeadAsGet)
    return api


def past_api(desk: Desk) -> FastAPI:
    """The part of it that tells of the board, over the desk of an earlier moment."""
    api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    api.include_router(board.router(desk, Boards(desk)))
    for part in DATED_PARTS:
        api.include_router(part(desk))
    add_manners(api)
    return api
