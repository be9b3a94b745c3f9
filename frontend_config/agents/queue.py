"""Where submissions stand, as agents are told of it."""

from collections.abc import Sequence
from typing import Any

from backend.errors import UsageError
from backend.submission import Status, Submission
from frontend_config.agents.board import WORDS
from frontend_config.columns import task_titles
from frontend_config.desk import Desk
from frontend_config.queue_payload import surroundings, worker_payload
from frontend_config.row_addresses import RowAddresses
from frontend_config.submission_payload import receipt_address, whole_submission_payload
from frontend_config.words import notice

MOST_TOLD, MOST_EVENTS = 5, 10
UNTOLD = frozenset({"submitter", "deeds"})


def submission_answer(desk: Desk, rows: RowAddresses, wanted: str) -> dict[str, Any]:
    """The submission of this id, or the newest of this model; UsageError when there is none.

    Who submitted, and lines of the model's log, are on the page only.
    """
    submissions = desk.submissions()
    found = _found(submissions, wanted.strip())[:MOST_TOLD]
    if not found:
        raise UsageError(notice("no such submission", WORDS))
    pulse, waiting = desk.pulse(), desk.waiting()
    titles = task_titles(desk.tasks)
    around = surroundings(submissions, waiting, desk.estimates(submissions, waiting, pulse), titles)
    told = []
    for each in found:
        row = rows.of(each.id, each.edition) if each.status is Status.FINISHED else None
        one = whole_submission_payload(each, around, desk.events(each.id)[-MOST_EVENTS:], row)
        if one["failure"] is not None:
            del one["failure"]["log"]
        kept = {name: value for name, value in one.items() if name not in UNTOLD}
        told.append(kept | {"page": receipt_address(each.id)})
    return {
        "how_to_read": notice("strangers", WORDS),
        "site": desk.settings.public_url,
        "worker": worker_payload(pulse),
        "submissions": told,
    }


def _found(submissions: Sequence[Submission], wanted: str) -> list[Submission]:
    by_id = [each for each in submissions if each.id == wanted]
    return by_id or [each for each in submissions if each.model.hub_id.lower() == wanted.lower()]
