"""A model: its scores among all others, its history, how to make them again, and what to take away."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from frontend_config.island import island

# Which row of the board it is stands in the address, and all it shows comes from /v1.
CONTENT = island("model")


def short_links() -> APIRouter:
    """/m/owner/name leads to the page of that model, in the view that the address names."""
    routes = APIRouter()

    @routes.get("/m/{org}/{name}", include_in_schema=False)
    def to_model(request: Request, org: str, name: str) -> Response:
        view = request.query_params.get("view")
        named = f"&view={quote(view, safe='')}" if view else ""
        return RedirectResponse(f"/model?id={quote(f'{org}/{name}')}{named}", status_code=302)

    return routes
