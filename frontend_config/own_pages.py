"""Pages that call no function of the server: whole HTML of ours, there at once and without Gradio."""

from collections.abc import Callable
from functools import lru_cache

from fastapi import APIRouter, Request, Response

from frontend_config.citation import Around
from frontend_config.frame import Frame, Place
from frontend_config.representations import Representation

Content = Callable[[], str]
Surroundings = Callable[[Request], Around]
HELD = 4


def own_page(
    frame: Frame, place: Place, content: Content, around: Surroundings = lambda request: Around()
) -> APIRouter:
    """Serves the page at its address with and without a slash at the end, made when it is first asked for.

    It is made again whenever `around`, what stands around its content on a visit, is something else.
    """
    routes = APIRouter()
    headers = {"Content-Security-Policy": frame.policy(place)}

    @lru_cache(maxsize=HELD)
    def page(surroundings: Around) -> Representation:
        return Representation(frame.page(place, content(), surroundings).encode(), "text/html; charset=utf-8")

    def own(request: Request) -> Response:
        return page(around(request)).respond(request, headers=headers)

    for address in sorted({place.path, f"{place.path.rstrip('/')}/"}):
        routes.add_api_route(address, own, methods=["GET", "HEAD"], include_in_schema=False)
    return routes
