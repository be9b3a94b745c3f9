"""The receipt as plain data, for the page and for programs."""

from typing import Any

from backend.submission import Receipt
from frontend_config.desk import Desk
from frontend_config.submission_payload import estimate_payload, receipt_address


def receipt_payload(desk: Desk, receipt: Receipt) -> dict[str, Any]:
    """What was stored and where it stands, the sentence, its place, when it is expected to begin and to end.

    `left` is what the person has left of a week's quotas.
    """
    stored = receipt.submission
    estimates = desk.estimates(desk.submissions(), desk.waiting(), desk.pulse())
    return {
        "id": stored.id,
        "address": receipt_address(stored.id),
        "model": stored.model.hub_id,
        "revision": stored.model.revision,
        "edition": stored.edition,
        "status": stored.status,
        "sentence": receipt.sentence,
        "position": receipt.position,
        "estimate": estimate_payload(estimates.get(stored.id)),
        "left": [
            {
                "left": each.left,
                "most": each.most,
                "credentialed": each.credentialed,
                "next_at": each.next_at.isoformat() if each.next_at else None,
            }
            for each in receipt.left
        ],
    }
