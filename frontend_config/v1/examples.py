"""What a model was asked and wrote, under /v1: open tasks only, decided here for whoever asks."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from backend.domain import Edition
from backend.errors import CredentialedText, NotKept
from frontend_config.desk import Desk
from frontend_config.examples_payload import Correctness, Search, examples_payload
from frontend_config.guard.callers import counted_as
from frontend_config.representations import OPEN_TO_ALL, Representation
from frontend_config.turnstile import Turnstile
from frontend_config.words import notice
from storage.answered import Answered
from storage.score_rows import Publication

INSIDE = 4
MOST = 50
LONGEST = 200


def router(desk: Desk) -> APIRouter:
    """Answers that are made anew each time from runs of which the desk holds the last few."""
    routes = APIRouter(tags=["Models"])
    tasks = {task.name: task for task in desk.tasks}
    turnstile = Turnstile(INSIDE, notice("busy reading"))

    @routes.get("/models/{org}/{name}/examples/{task}")
    def examples(
        request: Request,
        org: str,
        name: str,
        task: str,
        edition: Edition = Edition.FULL,
        run: int | None = None,
        q: Annotated[str, Query(max_length=LONGEST)] = "",
        verdict: Correctness | None = None,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 10,
    ) -> Response:
        """Prompts, answers, references and verdicts of one task, of the newest run or of a line of the ledger.

        403 for a task whose texts are credentialed, and nothing is read for it.
        """
        if task not in tasks:
            raise HTTPException(404, "The benchmark has no such task.")
        publication = _standing(desk, f"{org}/{name}", edition, run)
        search = Search(words=q, verdict=verdict, offset=offset, limit=limit)
        invented = publication.result.edition is Edition.REHEARSAL
        with turnstile.passed(counted_as(request.scope)):
            told = examples_payload(tasks[task], _answered(desk, publication, task), search, invented=invented)
            answer = Representation.of_json({"run": publication.number, **told})
            return answer.respond(request, headers=OPEN_TO_ALL)

    return routes


def _standing(desk: Desk, hub_id: str, edition: Edition, run: int | None) -> Publication:
    """The newest result of this edition, or the one on this line; 404 when it does not stand."""
    for publication in desk.publications(hub_id):
        wanted = publication.number == run if run is not None else publication.result.edition is edition
        if wanted and publication.retired is None:
            return publication
    raise HTTPException(404, notice("no such model"))


def _answered(desk: Desk, publication: Publication, task: str) -> Sequence[Answered]:
    """What was asked and written; 403 for texts that may not be shown, 404 for those that were not kept."""
    try:
        return desk.answered(publication, task)
    except CredentialedText as policy:
        raise HTTPException(403, str(policy)) from None
    except NotKept as reason:
        raise HTTPException(404, str(reason)) from None
