"""Whatever of /v1 tells of the board can be asked as of an earlier moment, by `as_of` in the address."""

import re
from asyncio import Semaphore
from collections.abc import Callable
from threading import Lock

from cachetools import LRUCache, cached
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.errors import UsageError
from frontend_config.desk import Desk
from frontend_config.past import desk_at
from frontend_config.representations import OPEN_TO_ALL, Representation
from frontend_config.words import notice

AS_OF = "as_of"
DATED = re.compile(r"/(?:leaderboard(?:\.\w+)?|delta|compare|row|row\.csv|models|models/[^/]+/[^/]+(?:/scores)?)")
MOMENTS = 4
AT_ONCE = 2
MOST_WAITING = 30


class LookingBack:
    """ASGI middleware that has `as_of` answered by an application over the board of that moment, two at a time.

    Who finds too many waiting is sent away for a few seconds, so that the present never waits for the past.
    """

    def __init__(self, app: ASGIApp, *, desk: Desk, build: Callable[[Desk], ASGIApp]) -> None:
        self.app = app
        self._chronicle = desk.chronicle
        # Many dates lead to one line, and only the lines asked for last are held: a thousand dates cost no memory.
        kept: LRUCache[str, ASGIApp] = LRUCache(MOMENTS)
        self._app_at = cached(kept, key=lambda moment: moment.snapshot, lock=Lock())(
            lambda moment: build(desk_at(desk, moment))
        )
        self._free = Semaphore(AT_ONCE)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        asked = _asked(scope)
        if asked is None:
            await self.app(scope, receive, send)
            return
        try:
            moment = await run_in_threadpool(self._chronicle.moment, asked)
        except UsageError as nonsense:
            await _refused(422, str(nonsense))(scope, receive, send)
            return
        if moment.is_now:
            await self.app(scope, receive, send)
        elif self._waiting >= MOST_WAITING:
            await _refused(503, notice("busy past"), {"Retry-After": "3"})(scope, receive, send)
        else:
            self._waiting += 1
            try:
                async with self._free:
                    app = await run_in_threadpool(self._app_at, moment)
                    await app(scope, receive, send)
            finally:
                self._waiting -= 1


def is_dated(path: str) -> bool:
    """Whether what is told at this path of the interface can be asked as of a moment."""
    return DATED.fullmatch(path) is not None


def _asked(scope: Scope) -> str | None:
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return QueryParams(scope["query_string"]).get(AS_OF) or None if is_dated(path) else None


def _refused(status: int, sentence: str, more: dict[str, str] | None = None) -> ASGIApp:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        answer = Representation.of_json({"error": sentence})
        response = answer.respond(Request(scope), status=status, headers=OPEN_TO_ALL | (more or {}))
        await response(scope, receive, send)

    return refuse
