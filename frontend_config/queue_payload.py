"""The queue as plain data: what runs, what waits and in which order, and everything that has ever ended."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backend.submission import AT_WORK, PUBLISHED, Estimate, PublicPerson, Pulse, Submission
from frontend_config.desk import nobody_met
from frontend_config.submission_payload import WAITING, Surroundings, submission_payload


def queue_payload(
    submissions: Sequence[Submission], pulse: Pulse, around: Surroundings, *, history: int
) -> dict[str, Any]:
    """The whole queue; of what has ended the last `history`, with the number there are in all."""
    places = around.places
    ended = [each for each in submissions if not each.status.open]
    ended.sort(key=lambda each: each.updated_at, reverse=True)
    queue = [each for each in submissions if each.status in WAITING]
    queue.sort(key=lambda each: (places.get(each.id, len(places) + 1), each.created_at))
    return {
        "worker": worker_payload(pulse),
        "running": [submission_payload(each, around) for each in submissions if each.status in AT_WORK],
        "waiting": [submission_payload(each, around) for each in queue],
        "history": [submission_payload(each, around) for each in ended[:history]],
        "history_total": len(ended),
    }


def surroundings(
    submissions: Sequence[Submission],
    waiting: Sequence[str],
    estimates: Mapping[str, Estimate],
    titles: Mapping[str, str],
    people: Callable[[str], PublicPerson] = nobody_met,
) -> Surroundings:
    """What the payload of each of these submissions says of the others."""
    published = (each for each in submissions if each.status in PUBLISHED)
    return Surroundings(
        places=positions(waiting),
        estimates=estimates,
        replaced={each.supersedes: each.id for each in published if each.supersedes},
        titles=titles,
        people=people,
    )


def positions(waiting: Sequence[str]) -> dict[str, int]:
    """The place of each waiting id, 1 is next."""
    return {submission_id: place for place, submission_id in enumerate(waiting, start=1)}


def worker_payload(pulse: Pulse) -> dict[str, Any]:
    """When the worker was last seen, whether that is recent, and why and since when it pauses if it does.

    `operator_pause` is what the operator decided, `paused` what passes by itself.
    """
    by_hand = pulse.operator_pause
    return {
        "seen_at": None if pulse.seen_at is None else pulse.seen_at.isoformat(),
        "alive": pulse.alive,
        "paused": pulse.paused,
        "paused_at": pulse.paused_at.isoformat() if pulse.paused and pulse.paused_at else None,
        "operator_pause": None
        if by_hand is None
        else {
            "reason": by_hand.reason,
            "since": by_hand.since.isoformat(),
            "until": by_hand.until.isoformat() if by_hand.until else None,
        },
    }
