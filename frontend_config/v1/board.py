"""The board and its tasks under /v1."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from backend.domain import Edition, Provenance
from frontend_config.assets import FOREVER
from frontend_config.boards import BoardForm, Boards
from frontend_config.desk import Desk
from frontend_config.representations import OPEN_TO_ALL, Representation
from frontend_config.task_payload import tasks_payload

Hidden = Query(include_in_schema=False)
Parts = Literal[BoardForm.WHOLE, BoardForm.FIRST, BoardForm.LATER]


def router(desk: Desk, boards: Boards) -> APIRouter:
    """Answers that are made once for each state of the board."""
    routes = APIRouter(tags=["Board"])
    tasks = Representation.of_json(tasks_payload(desk.tasks))

    @routes.get("/leaderboard", include_in_schema=False)
    @routes.get("/leaderboard.json")
    def leaderboard(
        request: Request,
        provenance: Provenance = Provenance.MEASURED,
        edition: Edition = Edition.FULL,
        part: Annotated[Parts, Hidden] = BoardForm.WHOLE,
        digest: Annotated[str, Hidden] = "",
    ) -> Response:
        """One view of the board by columns: values, and for scores their intervals, n and why one is missing."""
        found = boards.answer(part, provenance, edition)
        kept = {"Cache-Control": FOREVER} if digest == found.digest else {}
        return found.respond(request, headers=OPEN_TO_ALL | kept)

    @routes.get("/leaderboard.csv")
    def leaderboard_csv(
        request: Request, provenance: Provenance = Provenance.MEASURED, edition: Edition = Edition.FULL
    ) -> Response:
        """The same view as CSV, a row for each model and every column there is; safe to open in a spreadsheet."""
        return _file(boards, BoardForm.CSV, provenance, edition, request)

    @routes.get("/leaderboard.parquet")
    def leaderboard_parquet(
        request: Request, provenance: Provenance = Provenance.MEASURED, edition: Edition = Edition.FULL
    ) -> Response:
        """The same table as Parquet; its metadata name view and licence."""
        return _file(boards, BoardForm.PARQUET, provenance, edition, request)

    @routes.get("/tasks")
    def task_list(request: Request) -> Response:
        """The tasks, their metrics, and an invented specimen of each."""
        return tasks.respond(request, headers=OPEN_TO_ALL)

    return routes


def _file(boards: Boards, form: BoardForm, provenance: Provenance, edition: Edition, request: Request) -> Response:
    """The view to keep, in a file that is named after it."""
    name = f"clue-{provenance.value}-{edition.value}.{form.value}"
    told = {"Content-Disposition": f'attachment; filename="{name}"'}
    return boards.answer(form, provenance, edition).respond(request, headers=OPEN_TO_ALL | told)
