"""Rows of the board compared with each other under /v1."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from backend.domain import Edition, Provenance, Standing
from frontend_config.comparison_payload import WORDS, comparison_payload
from frontend_config.desk import Desk
from frontend_config.guard.callers import counted_as
from frontend_config.representations import OPEN_TO_ALL, KeptRepresentations, Representation
from frontend_config.turnstile import Turnstile
from frontend_config.views import Views
from frontend_config.words import notice

FEWEST, MOST = 2, 4
INSIDE = 4


def router(desk: Desk) -> APIRouter:
    """Answers that are made when they are first asked for, and the newest of them held."""
    routes = APIRouter(tags=["Comparison"])
    views = Views(desk)
    answers = KeptRepresentations(desk.version, most_bytes=desk.most_kept)
    turnstile = Turnstile(INSIDE, notice("busy", WORDS))

    def chosen(provenance: Provenance, edition: Edition, wanted: Iterable[str]) -> dict[str, Standing]:
        view, found = views.of(provenance, edition), {}
        for name in wanted:
            place = view.find(name)
            if place is None:
                raise HTTPException(404, notice("unknown model", WORDS).format(name=name[:100]))
            found[view.names[place]] = view.rows[place]
        return found

    @routes.get("/compare")
    def compare(
        request: Request,
        m: Annotated[list[str] | None, Query()] = None,
        provenance: Provenance = Provenance.MEASURED,
        edition: Edition = Edition.FULL,
    ) -> Response:
        """Two to four models: scores, differences with 95 % intervals, and what can be said of each pair."""
        wanted = dict.fromkeys(m or ())
        if not FEWEST <= len(wanted) <= MOST:
            raise HTTPException(422, notice("too few models", WORDS))
        models = chosen(provenance, edition, wanted)
        if len(models) < FEWEST:
            raise HTTPException(422, notice("too few models", WORDS))
        key = (provenance, edition, tuple(models))
        answer = answers.held(key)
        if answer is None:
            with turnstile.passed(counted_as(request.scope)):
                answer = answers.get(
                    key, lambda: Representation.of_json(comparison_payload(desk, provenance, edition, models))
                )
        return answer.respond(request, headers=OPEN_TO_ALL)

    return routes
