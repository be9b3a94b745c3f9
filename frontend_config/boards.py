"""The views of the board as answers, in every form they are asked for in."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from backend.domain import Edition, Provenance
from frontend_config.answers import PARQUET, Answer, KeptAnswers
from frontend_config.board_parts import first_part, later_part
from frontend_config.desk import Desk
from frontend_config.flat_table import csv_text, flat_table
from frontend_config.licence import licence_note
from frontend_config.payload import leaderboard_payload
from frontend_config.words import notice

Payload = Mapping[str, Any]


class Form(StrEnum):
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
        self._kept = KeptAnswers(desk.version, most_bytes=desk.most_kept)

    def answer(self, form: Form, provenance: Provenance, edition: Edition) -> Answer:
        """The view in this form. Two parts that belong together say the same `state`; the first names in `later` the
        digest of the other.
        """
        key = (form, provenance, edition)
        if form in (Form.FIRST, Form.LATER):
            return self._kept.get_with(key, lambda: self._parts(provenance, edition))
        return self._kept.get(key, lambda: _made(form, self._payload(provenance, edition)))

    def held(self, form: Form, provenance: Provenance, edition: Edition) -> Answer | None:
        """The same if it is there already and still tells what is so."""
        return self._kept.held((form, provenance, edition))

    def _payload(self, provenance: Provenance, edition: Edition) -> Payload:
        ranges = self._desk.ranges(edition) if provenance is Provenance.MEASURED else None
        standings = self._desk.standings(provenance, edition)
        payload = leaderboard_payload(standings, self._desk.tasks, provenance, edition, ranges=ranges)
        past = self._desk.as_of is not None and provenance is Provenance.MEASURED
        return payload | {"no_range": notice("past no range")} if past else payload

    def _parts(self, provenance: Provenance, edition: Edition) -> dict[object, Answer]:
        payload = self._payload(provenance, edition)
        told = first_part(payload)
        state = Answer.of_json(told).digest
        later = Answer.of_json({**later_part(payload), "state": state})
        first = Answer.of_json({**told, "state": state, "later": later.digest})
        return {(Form.FIRST, provenance, edition): first, (Form.LATER, provenance, edition): later}


def _made(form: Form, payload: Payload) -> Answer:
    if form is Form.CSV:
        return Answer(csv_text(flat_table(payload)).encode(), "text/csv; charset=utf-8")
    if form is Form.PARQUET:
        from storage.parquet import parquet_bytes  # with it comes DuckDB, which only those need who ask for this

        notes = {"view": payload["view"], "licence": licence_note(Provenance(payload["provenance"]))}
        return Answer(parquet_bytes(flat_table(payload), notes), PARQUET)
    return Answer.of_json(payload)
