"""Moments of the board's past: what stood at a line of the ledger, and which line a date or a snapshot's name means."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from backend.errors import UsageError
from storage.entries import GENESIS
from storage.score_rows import Publication, Retired
from storage.snapshot_shelf import snapshot_name

LONGEST = 40
_NUMBER = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SNAPSHOT = re.compile(r"(\d{6,9})-([0-9a-f]{12})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The board as it stood after a line of the ledger, which `hash` closes; number 0 is before the first.

    `results_since` and `withdrawals_since` count what came after it. `end` is the end of the day that was asked for.
    """

    number: int = 0
    hash: str = GENESIS
    at: datetime | None = None
    end: datetime | None = None
    results_since: int = 0
    withdrawals_since: int = 0

    @property
    def snapshot(self) -> str:
        """What this state of the board is cited by; nothing else ever has this name."""
        return snapshot_name(self.number, self.hash)

    @property
    def is_now(self) -> bool:
        """Whether nothing came since."""
        return not (self.results_since or self.withdrawals_since)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A line of the ledger as readers are told of it: the result that it published, or withdrew, and what it retired.

    `publication` is None where a withdrawn line holds no result that can be read.
    """

    number: int
    hash: str
    at: datetime
    publication: Publication | None
    retired: Retired | None = None

    @property
    def withdraws(self) -> bool:
        """Whether the line takes a result back."""
        return self.retired is not None and self.retired.withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for: a line by its number, with the beginning of its hash if that is known, or a day's end."""

    number: int | None = None
    hash: str = ""
    end: datetime | None = None


def read_wanted(asked: str, now: datetime) -> Wanted:
    """What `asked` means: a line's number, a snapshot's name, or a day in UTC, written 2026-10-01.

    UsageError for anything else, and for a day that has not come.
    """
    text = asked.strip()
    if _NUMBER.fullmatch(text):
        return Wanted(number=int(text))
    if named := _SNAPSHOT.fullmatch(text):
        return Wanted(number=int(named[1]), hash=named[2])
    if not _DAY.fullmatch(text):
        raise _nonsense(text)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _nonsense(text) from None
    if day > now.astimezone(UTC).date():
        raise UsageError(f"{text} has not come yet. Name a day up to today.")
    return Wanted(end=datetime.combine(day, time(), UTC) + timedelta(days=1))


def require_line(wanted: Wanted, asked: str, lines: int, found: str | None) -> None:
    """UsageError unless the line that is wanted is one of the ledger's `lines`, with the hash that was asked for."""
    if found is None:
        raise UsageError(f"There is no line {wanted.number}: the ledger has {lines} so far.")
    if not found.startswith(wanted.hash):
        raise UsageError(f"No state of this board is called {asked.strip()}: line {wanted.number} has another hash.")


def _nonsense(text: str) -> UsageError:
    return UsageError(
        f"“{text[:LONGEST]}” is no moment of this board. Name a day like 2026-10-01, a line of the ledger like 17, "
        "or a snapshot like 000017-0f1e2d3c4b5a."
    )
