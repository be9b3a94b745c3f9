"""The views of the board as answers, in every form they are asked for in."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from backend.domain import Edition, Provenance
from frontend_config.board_parts import first_part, later_part
from frontend_config.desk import Desk
from frontend_config.flat_table import csv_text, flat_table
from frontend_config.licence import licence_note
from frontend_config.payload import leaderboard_payload
from frontend_config.representations import PARQUET, KeptRepresentations, Representation
from frontend_config.words import notice

Payload = Mapping[str, Any]


class BoardForm(StrEnum):
    """As what a view is told; the two parts together say the same as the whole."""

    WHOLE = "whole"
    FIRST = "first"
    LATER = "later"
    CSV = "csv"
    PARQUET = "parquet"


class Boards:
    """Answers that are made once for each state of the board."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept = KeptRepresentations(desk.version, most_bytes=desk.most_kept)

    def answer(self, form: BoardForm, provenance: Provenance, edition: Edition) -> Representation:
        """The view in this form. Two parts that belong together say the same `state`; the first names in `later` the
        digest of the other.
        """
        key = (form, provenance, edition)
        if form in (BoardForm.FIRST, BoardForm.LATER):
            return self._kept.get_with(key, lambda: self._parts(provenance, edition))
        return self._kept.get(key, lambda: _made(form, self._payload(provenance, edition)))

    def held(self, form: BoardForm, provenance: Provenance, edition: Edition) -> Representation | None:
        """The same if it is there already and still tells what is so."""
        return self._kept.held((form, provenance, edition))

    def _payload(self, provenance: Provenance, edition: Edition) -> Payload:
        ranges = self._desk.ranges(edition) if provenance is Provenance.MEASURED else None
        standings = self._desk.standings(provenance, edition)
        payload = leaderboard_payload(standings, self._desk.tasks, provenance, edition, ranges=ranges)
        past = self._desk.as_of is not None and provenance is Provenance.MEASURED
        return payload | {"no_range": notice("past no range")} if past else payload

    def _parts(self, provenance: Provenance, edition: Edition) -> dict[object, Representation]:
        payload = self._payload(provenance, edition)
        told = first_part(payload)
        state = Representation.of_json(told).digest
        later = Representation.of_json({**later_part(payload), "state": state})
        first = Representation.of_json({**told, "state": state, "later": later.digest})
        return {(BoardForm.FIRST, provenance, edition): first, (BoardForm.LATER, provenance, edition): later}


def _made(form: BoardForm, payload: Payload) -> Representation:
    if form is BoardForm.CSV:
        return Representation(csv_text(flat_table(payload)).encode(), "text/csv; charset=utf-8")
    if form is BoardForm.PARQUET:
        from storage.parquet import parquet_bytes  # with it comes DuckDB, which only those need who ask for this

        notes = {"view": payload["view"], "licence": licence_note(Provenance(payload["provenance"]))}
        return Representation(parquet_bytes(flat_table(payload), notes), PARQUET)
    return Representation.of_json(payload)
