"""A desk over the board as it stood earlier."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from backend.domain import Edition, Provenance, Standing
from frontend_config.desk import Desk
from storage.moments import Moment
from storage.score_rows import Publication

MOST_KEPT = 4_000_000


def desk_at(desk: Desk, moment: Moment) -> Desk:
    """The desk as it would tell of the board then: rows and publications up to that line, and what had retired them.

    Ranks have no ranges, which are only worked out for the board of today; differences are judged by what is kept.
    """
    chronicle, line = desk.chronicle, moment.number

    @cache
    def standings(provenance: Provenance, edition: Edition) -> Sequence[Standing]:
        return chronicle.standings(provenance, edition, line=line)

    def publication(number: int) -> Publication | None:
        found = desk.publication(number) if number <= line else None
        return found and _as_of(found, line)

    def publications(hub_id: str) -> list[Publication]:
        return [_as_of(each, line) for each in desk.publications(hub_id) if each.number <= line]

    return replace(
        desk,
        version=lambda: moment.snapshot,
        standings=standings,
        ranges=lambda edition: {},
        publication=publication,
        publications=publications,
        as_of=moment,
        most_kept=MOST_KEPT,
    )


def _as_of(found: Publication, line: int) -> Publication:
    later = found.retired is not None and found.retired.by > line
    return replace(found, retired=None) if later else found
