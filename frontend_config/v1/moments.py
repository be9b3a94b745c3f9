"""Moments of the board under /v1: what state it is in, how to cite that, and the news of it as an Atom feed."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from backend.errors import UsageError
from frontend_config.desk import Desk
from frontend_config.exports.atom import MEDIA_TYPE, MOST_NEWS, Where, atom_feed
from frontend_config.exports.bibtex import BIBTEX, board_bibtex
from frontend_config.moment_payload import moment_payload
from frontend_config.representations import OPEN_TO_ALL, KeptRepresentations, Representation
from storage.moments import LONGEST, Moment

AsOf = Annotated[str | None, Query(max_length=LONGEST)]
FROM_V1 = "../"


def router(desk: Desk) -> APIRouter:
    """Answers of a few hundred bytes, and a feed that is made once for each state of the board."""
    routes = APIRouter(tags=["Board"])
    kept = KeptRepresentations(desk.version)
    site = desk.settings.public_url

    def moment(asked: str | None) -> Moment:
        try:
            return desk.chronicle.moment(asked or None)
        except UsageError as nonsense:
            raise HTTPException(422, str(nonsense)) from nonsense

    @routes.get("/moment")
    def state(request: Request, as_of: AsOf = None) -> Response:
        """Which state of the board a day, a line or a snapshot's name means, by its citable name, and what came since.

        Without `as_of` the state it is in now.
        """
        return Representation.of_json(moment_payload(moment(as_of))).respond(request, headers=OPEN_TO_ALL)

    @routes.get("/board.bib")
    def cite_board(request: Request, as_of: AsOf = None) -> Response:
        """How to cite the paper and a state of the whole board, so that it can be seen again."""
        found = moment(as_of)
        page = site and f"{site.rstrip('/')}/?as_of={quote(found.snapshot)}"
        named = {"Content-Disposition": f'attachment; filename="clue-{found.snapshot}.bib"'}
        return Representation(board_bibtex(found, page).encode(), BIBTEX).respond(request, headers=OPEN_TO_ALL | named)

    @routes.get("/feed.atom")
    def feed(request: Request) -> Response:
        """What was published, corrected and withdrawn lately, an entry for each line of the ledger, newest first."""

        def make() -> Representation:
            base = f"{site.rstrip('/')}/" if site else FROM_V1
            where = Where(site=site, base=base, own=f"{base}v1/feed.atom")
            return Representation(atom_feed(desk.chronicle.news(MOST_NEWS), desk.tasks, where), MEDIA_TYPE)

        return kept.get("feed", make).respond(request, headers=OPEN_TO_ALL)

    return routes
