"""Desks over the board as it stood earlier, the few that were asked for last."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from threading import Lock
from typing import Generic, TypeVar

from backend.domain import Edition, Provenance, Standing
from frontend_config.desk import Desk
from storage.moments import Moment
from storage.score_rows import Publication

Thing = TypeVar("Thing")
DESKS = 4
MOST_KEPT = 4_000_000


class Kept(Generic[Thing]):
    """What was made of the board at the moments that were asked for last; only a ledger's own lines can be among them,
    so that a thousand dates cost no more than the lines they lead to."""

    def __init__(self, make: Callable[[Moment], Thing], most: int = DESKS) -> None:
        self._make, self._most = make, most
        self._things: OrderedDict[str, Thing] = OrderedDict()
        self._lock = Lock()

    def at(self, moment: Moment) -> Thing:
        """What is made of this moment, now or at an earlier question."""
        with self._lock:
            if moment.snapshot not in self._things:
                self._things[moment.snapshot] = self._make(moment)
            self._things.move_to_end(moment.snapshot)
            while len(self._things) > self._most:
                self._things.popitem(last=False)
            return self._things[moment.snapshot]


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
