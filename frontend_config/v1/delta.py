"""What biomedical training changed, under /v1."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from backend.domain import Edition, Provenance, Standing
from backend.errors import UsageError
from frontend_config.bases import bases_of
from frontend_config.comparison_payload import WORDS
from frontend_config.delta_payload import delta_payload
from frontend_config.desk import Desk
from frontend_config.guard.callers import counted_as
from frontend_config.representations import OPEN_TO_ALL, KeptRepresentations, Representation
from frontend_config.turnstile import Turnstile
from frontend_config.views import Views
from frontend_config.words import notice

INSIDE = 4
WISHES = 100
BETWEEN = "~"


def router(desk: Desk) -> APIRouter:
    """Answers that are made when they are first asked for, and the newest of them held."""
    routes = APIRouter(tags=["Comparison"])
    views = Views(desk)
    answers = KeptRepresentations(desk.version, most_bytes=desk.most_kept)
    turnstile = Turnstile(INSIDE, notice("busy", WORDS))

    @routes.get("/delta")
    def delta(
        request: Request,
        base: Annotated[list[str] | None, Query(max_length=WISHES)] = None,
        provenance: Provenance = Provenance.MEASURED,
        edition: Edition = Edition.FULL,
    ) -> Response:
        """Each biomedical model less its base, with 95 % intervals where judged answers are kept.

        MODEL~BASE in `base` chooses among several bases of a model.
        """
        wished = dict(one.split(BETWEEN, 1) for one in base or () if BETWEEN in one)
        if len(wished) < len(base or ()):
            raise HTTPException(422, notice("unfit base", WORDS))
        if wished:
            wished = _beside_the_default(views.of(provenance, edition).named(), provenance, wished)

        def make() -> Representation:
            return Representation.of_json(
                delta_payload(desk, provenance, edition, views.of(provenance, edition).named(), wished)
            )

        key = (provenance, edition, tuple(sorted(wished.items())))
        answer = answers.held(key)
        if answer is None:
            with turnstile.passed(counted_as(request.scope)):
                try:
                    answer = answers.get(key, make)
                except UsageError as unfit:
                    raise HTTPException(422, str(unfit)) from unfit
        return answer.respond(request, headers=OPEN_TO_ALL)

    return routes


def _beside_the_default(
    rows: Mapping[str, Standing], provenance: Provenance, wished: Mapping[str, str]
) -> dict[str, str]:
    """The wishes that change anything, so that one answer is made and held for all the ways to ask for it."""
    try:
        paired, _ = bases_of(rows, provenance, wished)
    except UsageError as unfit:
        raise HTTPException(422, str(unfit)) from unfit
    return {one.name: one.base for one in paired if one.base != one.bases[0]}
