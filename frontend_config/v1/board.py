"""The board and its tasks under /v1."""

from fastapi import APIRouter, Request, Response

from backend.domain import Edition, Provenance
from frontend_config.answers import OPEN_TO_ALL, Answer, KeptAnswers
from frontend_config.desk import Desk
from frontend_config.payload import leaderboard_payload
from frontend_config.task_payload import tasks_payload


def router(desk: Desk) -> APIRouter:
    """Answers that are made once for each state of the board."""
    routes = APIRouter()
    boards = KeptAnswers(desk.version)
    tasks = Answer.of_json(tasks_payload(desk.tasks))

    @routes.get("/leaderboard.json")
    def leaderboard(
        request: Request, provenance: Provenance = Provenance.MEASURED, edition: Edition = Edition.FULL
    ) -> Response:
        """One view of the board by columns: values, and for scores their intervals, n and why one is missing."""

        def make() -> Answer:
            standings = desk.standings(provenance, edition)
            ranges = desk.ranges(edition) if provenance is Provenance.MEASURED else None
            return Answer.of_json(leaderboard_payload(standings, desk.tasks, provenance, edition, ranges=ranges))

        return boards.get((provenance, edition), make).respond(request, headers=OPEN_TO_ALL)

    @routes.get("/tasks")
    def task_list(request: Request) -> Response:
        """The tasks, their metrics, and an invented specimen of each."""
        return tasks.respond(request, headers=OPEN_TO_ALL)

    return routes
