"""Copies of the whole board to take along, and the terms they may be used under."""

from dataclasses import asdict
from functools import partial

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from backend.domain import Edition, Provenance
from frontend_config.desk import Desk
from frontend_config.exports.record_files import records_zip
from frontend_config.licence import licence_payload
from frontend_config.representations import OPEN_TO_ALL, PARQUET, ZIP, KeptRepresentations, Representation
from storage.snapshot_shelf import MANIFEST, shelved, shelved_bytes


def router(desk: Desk) -> APIRouter:
    """Answers that are read from the snapshots in this program's home, or made once for each state of the board."""
    routes = APIRouter(tags=["Copies"])
    folder = desk.settings.home / "snapshots"
    kept = KeptRepresentations(desk.version)
    terms = Representation.of_json(licence_payload())

    @routes.get("/snapshots")
    def snapshots(request: Request) -> Response:
        """The snapshots kept here, newest first: the ledger's line each stands at, and its files with digests."""
        found = [
            {**asdict(one), "links": [f"/v1/snapshots/{one.name}/{file}" for file in (*one.files, MANIFEST)]}
            for one in shelved(folder)
        ]
        return Representation.of_json({"snapshots": found}).respond(request, headers=OPEN_TO_ALL)

    @routes.get("/snapshots/{snapshot}/{file}")
    def snapshot_file(request: Request, snapshot: str, file: str) -> Response:
        """One file of a snapshot, the same bytes for as long as it is kept."""
        found = shelved_bytes(folder, snapshot, file)
        if found is None:
            raise HTTPException(404, "There is no such file of a snapshot. /v1/snapshots lists what is kept.")
        kind = PARQUET if file.endswith(".parquet") else "application/json"
        return Representation(found, kind).respond(request, headers=OPEN_TO_ALL)

    @routes.get("/every_eval_ever.zip")
    def every_record(request: Request) -> Response:
        """The Every Eval Ever records of all rows measured in full, each at the path its datastore keeps it under."""
        name = {"Content-Disposition": 'attachment; filename="clue-every-eval-ever.zip"'}
        return kept.get("records", partial(_all_records, desk)).respond(request, headers=OPEN_TO_ALL | name)

    @routes.get("/licence")
    def licence(request: Request) -> Response:
        """The terms under which the numbers may be used: those measured here, and those the authors published."""
        return terms.respond(request, headers=OPEN_TO_ALL)

    return routes


def _all_records(desk: Desk) -> Representation:
    rows = desk.standings(Provenance.MEASURED, Edition.FULL)
    found = (desk.publication(number) for number in sorted({row.number for row in rows}))
    return Representation(records_zip(filter(None, found), desk.tasks, desk.settings.public_url), ZIP)
