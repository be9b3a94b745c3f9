"""How much of a week's quotas a person has used: a window that slides, counted in the transaction that admits."""

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosql

from backend.submission import Left
from storage.rows import moment

WEEK_SECONDS = 7 * 24 * 3600
_QUERIES: Any = aiosql.from_path(Path(__file__).parent / "sql" / "people.sql", "sqlite3", mandatory_parameters=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """How many submissions one person may have in seven days, in all and with credentialed tasks.

    `credentialed` is whether the one that is asked for has such tasks.
    """

    most: int
    most_credentialed: int
    credentialed: bool


class WeekFull(OverflowError):
    """The person has used up a week's quota; `left` says which and until when."""

    def __init__(self, left: Sequence[Left]) -> None:
        super().__init__("a week's submissions are used up")
        self.left = tuple(left)


def admit(db: sqlite3.Connection, submission_id: str, subject: str, weekly: Weekly, now: float) -> None:
    """The submission counts from now on; WeekFull, and nothing is written, when the quota has no room for it."""
    found = left_of(db, subject, weekly, now)
    if any(each.left == 0 for each in found):
        raise WeekFull(found)
    _QUERIES.insert_admission(db, id=submission_id, subject=subject, now=now, credentialed=int(weekly.credentialed))


def left_of(db: sqlite3.Connection, subject: str, weekly: Weekly, now: float) -> tuple[Left, ...]:
    """What the person has left of all, and where that matters of those with credentialed tasks."""
    counted = list(_QUERIES.counted(db, subject=subject, since=now - WEEK_SECONDS))
    found = [_left([row["at"] for row in counted], weekly.most)]
    if weekly.credentialed:
        found.append(
            _left([row["at"] for row in counted if row["credentialed"]], weekly.most_credentialed, credentialed=True)
        )
    return tuple(found)


def _left(used: Sequence[float], most: int, *, credentialed: bool = False) -> Left:
    """`used` are moments, oldest first. There is one more once so few count that the rest leaves room for it."""
    freeing = used[max(0, len(used) - most)] + WEEK_SECONDS if used else None
    return Left(
        left=max(0, most - len(used)),
        most=most,
        next_at=None if freeing is None else moment(math.ceil(freeing)),  # a whole second, and not before it is so
        credentialed=credentialed,
    )
