"""The board and its tasks under /v1."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from backend.domain import Edition, Provenance
from frontend_config.answers import OPEN_TO_ALL, PARQUET, Answer, KeptAnswers
from frontend_config.desk import Desk
from frontend_config.flat_table import csv_text, flat_table
from frontend_config.licence import licence_note
from frontend_config.payload import leaderboard_payload
from frontend_config.task_payload import tasks_payload

Make = Callable[[dict[str, Any]], Answer]


def router(desk: Desk) -> APIRouter:
    """Answers that are made once for each state of the board."""
    routes = APIRouter(tags=["Board"])
    boards = KeptAnswers(desk.version)
    tasks = Answer.of_json(tasks_payload(desk.tasks))

    def answer(form: str, make: Make, provenance: Provenance, edition: Edition) -> Answer:
        def of_view() -> Answer:
            standings = desk.standings(provenance, edition)
            ranges = desk.ranges(edition) if provenance is Provenance.MEASURED else None
            return make(leaderboard_payload(standings, desk.tasks, provenance, edition, ranges=ranges))

        return boards.get((form, provenance, edition), of_view)

    @routes.get("/leaderboard", include_in_schema=False)
    @routes.get("/leaderboard.json")
    def leaderboard(
        request: Request, provenance: Provenance = Provenance.MEASURED, edition: Edition = Edition.FULL
    ) -> Response:
        """One view of the board by columns: values, and for scores their intervals, n and why one is missing."""
        return answer("json", Answer.of_json, provenance, edition).respond(request, headers=OPEN_TO_ALL)

    @routes.get("/leaderboard.csv")
    def leaderboard_csv(
        request: Request, provenance: Provenance = Provenance.MEASURED, edition: Edition = Edition.FULL
    ) -> Response:
        """The same view as CSV, a row for each model and every column there is; safe to open in a spreadsheet."""
        found = answer("csv", _as_csv, provenance, edition)
        return found.respond(request, headers=OPEN_TO_ALL | _named(provenance, edition, "csv"))

    @routes.get("/leaderboard.parquet")
    def leaderboard_parquet(
        request: Request, provenance: Provenance = Provenance.MEASURED, edition: Edition = Edition.FULL
    ) -> Response:
        """The same table as Parquet; its metadata name view and licence."""
        found = answer("parquet", _as_parquet, provenance, edition)
        return found.respond(request, headers=OPEN_TO_ALL | _named(provenance, edition, "parquet"))

    @routes.get("/tasks")
    def task_list(request: Request) -> Response:
        """The tasks, their metrics, and an invented specimen of each."""
        return tasks.respond(request, headers=OPEN_TO_ALL)

    return routes


def _as_csv(payload: dict[str, Any]) -> Answer:
    return Answer(csv_text(flat_table(payload)).encode(), "text/csv; charset=utf-8")


def _as_parquet(payload: dict[str, Any]) -> Answer:
    from storage.parquet import parquet_bytes  # with it comes DuckDB, which only those need who ask for this

    notes = {"view": payload["view"], "licence": licence_note(Provenance(payload["provenance"]))}
    return Answer(parquet_bytes(flat_table(payload), notes), PARQUET)


def _named(provenance: Provenance, edition: Edition, kind: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="clue-{provenance.value}-{edition.value}.{kind}"'}
