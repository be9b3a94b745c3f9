"""The news of the board as an Atom feed (RFC 4287): an entry for each line of the ledger."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

from backend.domain import Edition, Task
from frontend_config.columns import BENCHMARK, task_titles
from frontend_config.history_payload import scores_of
from storage.moments import News
from storage.score_rows import Publication

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
MOST_NEWS = 50
ATOM = "http://www.w3.org/2005/Atom"
TITLE = "CLUE Leaderboard"
MEANS = {"overall": "Overall", "level_1": "Level 1", "level_2": "Level 2"}
BEFORE_ALL = "1970-01-01T00:00:00Z"
# What no XML document may hold, not even written as a number (XML 1.0, section 2.2).
UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a feed is read and what it is of.

    `site` is the address of the board that it tells of, None if nobody stated one; `base` the address that links begin
    with, ending in a slash, absolute or as seen from the feed; `own` is the feed's, `page` a model's below `base`.
    """

    site: str | None
    base: str
    own: str
    page: str = "model"


def atom_feed(news: Sequence[News], tasks: Sequence[Task], where: Where) -> bytes:
    """The feed of these lines, the last first, as XML.

    Ids are `tag:` addresses (RFC 4151) made of the board's host, the line's number and its hash, so they stay when
    texts change, and are the same in the feed of a copy.
    """
    authority = f"{urlsplit(where.site or '').hostname or 'localhost'},2026"
    feed = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": "en"})
    _text(feed, "id", f"tag:{authority}:clue/feed")
    _text(feed, "title", TITLE)
    _text(feed, "subtitle", "Results published, corrected and withdrawn.")
    _text(feed, "updated", _moment(max(one.at for one in news)) if news else BEFORE_ALL)
    _text(ElementTree.SubElement(feed, "author"), "name", TITLE)
    ElementTree.SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": where.own})
    ElementTree.SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": where.base})
    for one in news:
        entry = ElementTree.SubElement(feed, "entry")
        _text(entry, "id", f"tag:{authority}:clue/ledger/{one.number}/{one.hash[:12]}")
        _tell(entry, one, tasks, f"{where.base}{where.page}")
    ElementTree.indent(feed, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(feed, encoding="unicode")}\n'.encode()


def _tell(entry: ElementTree.Element, one: News, tasks: Sequence[Task], page: str) -> None:
    found = one.publication
    name = found.result.model.hub_id if found else "a model"
    rehearsal = " (rehearsal)" if found and found.result.edition is Edition.REHEARSAL else ""
    _text(entry, "title", f"{_deed(one)}: {name}{rehearsal}")
    _text(entry, "updated", _moment(one.at))
    _text(entry, "published", _moment(one.at))
    view = {"view": Edition.REHEARSAL.value} if rehearsal else {}
    query = urlencode({"id": name.encode(errors="replace"), **view}, quote_via=quote)
    ElementTree.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": f"{page}?{query}"})
    ElementTree.SubElement(entry, "category", {"term": _deed(one).lower().replace(" ", "-")})
    _text(entry, "summary", _summary(one, found, tasks))


def _deed(one: News) -> str:
    if one.withdraws:
        return "Withdrawn"
    return "Corrected" if one.retired else "New result"


def _summary(one: News, found: Publication | None, tasks: Sequence[Task]) -> str:
    reason = f" {one.retired.reason.rstrip('.')}." if one.retired and one.retired.reason else ""
    if one.withdraws and one.retired:
        return f"Line {one.number} of the ledger takes line {one.retired.number} off the board.{reason}"
    scores = _scores(found, tasks) if found else ""
    instead = f" It takes the place of line {one.retired.number}.{reason}" if one.retired else ""
    return f"{scores} Line {one.number} of the ledger.{instead}".strip()


def _scores(found: Publication, tasks: Sequence[Task]) -> str:
    titles = MEANS | {task.name: task.title for task in BENCHMARK} | task_titles(tasks)
    told = scores_of(found.result)
    known = [f"{title} {told[name]:.1f}" for name, title in titles.items() if told.get(name) is not None]
    return f"In percent: {', '.join(known)}." if known else "No task could be measured."


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = UNFIT.sub("\ufffd", text)
