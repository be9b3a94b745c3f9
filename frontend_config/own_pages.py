"""Pages that are only read: whole HTML of ours, there at once and without Gradio."""

from collections.abc import Callable
from functools import cache

from fastapi import APIRouter, Request, Response

from frontend_config.answers import Answer
from frontend_config.frame import POLICY, Frame, Place


def own_page(frame: Frame, place: Place, content: Callable[[], str]) -> APIRouter:
    """Serves the page, made when it is first asked for, at its address with and without a slash at the end."""
    routes = APIRouter()

    @cache
    def page() -> Answer:
        return Answer(frame.page(place, content()).encode(), "text/html; charset=utf-8")

    address = place.path.rstrip("/")

    @routes.api_route(address, methods=["GET", "HEAD"], include_in_schema=False)
    @routes.api_route(f"{address}/", methods=["GET", "HEAD"], include_in_schema=False)
    def own(request: Request) -> Response:
        return page().respond(request, headers={"Content-Security-Policy": POLICY})

    return routes
