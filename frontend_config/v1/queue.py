"""The queue, single submissions and the health of it all under /v1."""

from collections.abc import Sequence
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from backend.submission import Pulse, Status, Submission
from frontend_config.columns import task_titles
from frontend_config.desk import Desk
from frontend_config.health import DEGRADED, health_payload
from frontend_config.queue_payload import queue_payload, surroundings, worker_payload
from frontend_config.representations import OPEN_TO_ALL, Representation
from frontend_config.row_addresses import RowAddresses
from frontend_config.submission_payload import Surroundings, whole_submission_payload

HISTORY_PAGE = 50
HISTORY_MOST = 100_000


def router(desk: Desk) -> APIRouter:
    """Answers that are made anew each time, with an ETag that stays while nothing changes."""
    routes = APIRouter()
    titles = task_titles(desk.tasks)
    rows = RowAddresses(desk)

    def around(found: Sequence[Submission], pulse: Pulse) -> Surroundings:
        waiting = desk.waiting()
        return surroundings(found, waiting, desk.estimates(found, waiting, pulse), titles, cache(desk.people))

    @routes.get("/queue", tags=["Queue"])
    def queue(request: Request, history: Annotated[int, Query(ge=0, le=HISTORY_MOST)] = HISTORY_PAGE) -> Response:
        """What runs, what waits in the order it is taken, and the newest `history` of what has ended."""
        found, pulse = desk.submissions(), desk.pulse()
        content = queue_payload(found, pulse, around(found, pulse), history=history)
        return Representation.of_json(content).respond(request, headers=OPEN_TO_ALL)

    @routes.get("/submissions/{submission_id}", tags=["Queue"])
    def submission(request: Request, submission_id: str) -> Response:
        """One submission with everything that befell it; while work is to come, also how the worker is."""
        found = desk.submissions()
        wanted = next((each for each in found if each.id == submission_id), None)
        if wanted is None:
            raise HTTPException(404, "There is no submission with this id.")
        pulse = desk.pulse()
        row = rows.of(submission_id, wanted.edition) if wanted.status is Status.FINISHED else None
        content = whole_submission_payload(wanted, around(found, pulse), desk.events(submission_id), row)
        if wanted.status.open:
            content["worker"] = worker_payload(pulse)
        return Representation.of_json(content).respond(request, headers=OPEN_TO_ALL)

    @routes.get("/health", tags=["Service"])
    def health(request: Request) -> Response:
        """503 with the reason when the ledger is broken or no worker was seen in the last two minutes, else 200."""
        content = health_payload(desk.pulse(), desk.vitals())
        status = 503 if content["status"] == DEGRADED else 200
        return Representation.of_json(content).respond(request, status=status, headers=OPEN_TO_ALL)

    return routes
