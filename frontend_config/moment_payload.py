"""A moment of the board in words and as data, and how to cite it."""

from datetime import date, timedelta
from typing import Any

from frontend_config.words import notice
from storage.moments import Moment


def moment_payload(moment: Moment) -> dict[str, Any]:
    """What state of the board this is, and what came since."""
    return {
        "snapshot": moment.snapshot,
        "number": moment.number,
        "hash": moment.hash,
        "at": moment.at.isoformat() if moment.at else None,
        "results_since": moment.results_since,
        "withdrawals_since": moment.withdrawals_since,
        "sentence": sentence_of(moment),
        "link": f"/?as_of={moment.snapshot}",
        "bibtex": f"/v1/board.bib?as_of={moment.snapshot}",
    }


def sentence_of(moment: Moment) -> str:
    """Of which day the board is, its line, and how much came since."""
    line = f"line {moment.number}" if moment.number else "before the first line"
    day = day_of(moment)
    words = "past" if not moment.is_now else "past without news"
    return notice(words).format(day=written(day) if day else "its first day", line=line, since=_since(moment))


def day_of(moment: Moment) -> date | None:
    """The day that was asked for, else that of the moment's line, in UTC; None before the first line."""
    if moment.end:
        return (moment.end - timedelta(days=1)).date()
    return moment.at.date() if moment.at else None


def written(day: date) -> str:
    """1 October 2026."""
    return f"{day.day} {day:%B %Y}"


def _since(moment: Moment) -> str:
    told = (_counted(moment.results_since, "result"), _counted(moment.withdrawals_since, "withdrawal"))
    return " and ".join(filter(None, told))


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}" if number else ""
