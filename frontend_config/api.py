"""The read-only interface under /v1: JSON with an ETag for everybody who asks."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from backend.domain import Edition, Provenance
from backend.submission import Submission
from frontend_config.answers import OPEN_TO_ALL, Answer, KeptAnswers
from frontend_config.columns import task_titles
from frontend_config.desk import Desk
from frontend_config.health import DEGRADED, health_payload
from frontend_config.payload import leaderboard_payload
from frontend_config.queue_payload import queue_payload, surroundings
from frontend_config.submission_payload import Surroundings, whole_submission_payload
from frontend_config.task_payload import tasks_payload

HISTORY_PAGE = 50
HISTORY_MOST = 100_000
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, OPTIONS",
    "Access-Control-Allow-Headers": "If-None-Match",
    "Access-Control-Max-Age": "86400",
}


def build_api(desk: Desk) -> FastAPI:
    """The application behind /v1; it reads from the desk and changes nothing."""
    api = FastAPI(title="CLUE Leaderboard", version="1", docs_url=None, redoc_url=None)
    _add_board(api, desk)
    _add_queue(api, desk)
    _add_manners(api)
    return api


def _add_board(api: FastAPI, desk: Desk) -> None:
    boards = KeptAnswers(desk.version)
    tasks = Answer.of_json(tasks_payload(desk.tasks))

    @api.get("/leaderboard.json")
    def leaderboard(
        request: Request, provenance: Provenance = Provenance.MEASURED, edition: Edition = Edition.FULL
    ) -> Response:
        """One view of the board by columns: values, and for scores their intervals, n and why one is missing."""

        def make() -> Answer:
            return Answer.of_json(
                leaderboard_payload(desk.standings(provenance, edition), desk.tasks, provenance, edition)
            )

        return _reply(request, boards.get((provenance, edition), make))

    @api.get("/tasks")
    def task_list(request: Request) -> Response:
        """The tasks, their metrics, and an invented specimen of each."""
        return _reply(request, tasks)


def _add_queue(api: FastAPI, desk: Desk) -> None:
    titles = task_titles(desk.tasks)

    def around(found: Sequence[Submission]) -> Surroundings:
        return surroundings(found, desk.waiting(), desk.estimates(), titles)

    @api.get("/queue")
    def queue(request: Request, history: Annotated[int, Query(ge=0, le=HISTORY_MOST)] = HISTORY_PAGE) -> Response:
        """What runs, what waits in the order it is taken, and the newest `history` of what has ended."""
        found = desk.submissions()
        content = queue_payload(found, desk.pulse(), around(found), history=history)
        return _reply(request, Answer.of_json(content))

    @api.get("/submissions/{submission_id}")
    def submission(request: Request, submission_id: str) -> Response:
        """One submission, wherever it stands, with everything that befell it."""
        found = desk.submissions()
        wanted = next((each for each in found if each.id == submission_id), None)
        if wanted is None:
            raise HTTPException(404, "There is no submission with this id.")
        content = whole_submission_payload(wanted, around(found), desk.events(submission_id))
        return _reply(request, Answer.of_json(content))

    @api.head("/health", include_in_schema=False)
    @api.get("/health")
    def health(request: Request) -> Response:
        """503 with the reason when the ledger is broken or no worker was seen in the last two minutes, else 200."""
        content = health_payload(desk.pulse(), desk.vitals())
        return _reply(request, Answer.of_json(content), status=503 if content["status"] == DEGRADED else 200)


def _add_manners(api: FastAPI) -> None:
    @api.exception_handler(RequestValidationError)
    def unfit(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        sentence = f"The parameter {first['loc'][-1]} does not fit: {first['msg']}."
        return _reply(request, Answer.of_json({"error": sentence}), status=422)

    @api.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        return _reply(request, Answer.of_json({"error": error.detail}), status=error.status_code)

    @api.get("/{path:path}", include_in_schema=False)
    def nowhere(path: str) -> Response:
        raise HTTPException(404, "There is nothing at this address.")

    @api.options("/{path:path}", include_in_schema=False)
    def preflight(path: str) -> Response:
        return Response(status_code=204, headers=OPEN_TO_ALL | PREFLIGHT)


def _reply(request: Request, answer: Answer, *, status: int = 200) -> Response:
    return answer.respond(request, status=status, headers=OPEN_TO_ALL)
