"""The queue: what runs, what waits, and everything that has ever ended, with each person's own buttons."""

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from backend.errors import Declined, OperatorFault, UsageError
from backend.submission import Submission
from frontend_config.desk import Desk
from frontend_config.identity import Caller, Door, door, submitter
from frontend_config.island import heading, island_in_gradio, part_of_gradio
from frontend_config.words import notice

LONGEST = 2000


def build(desk: Desk, static: str) -> None:
    """Fills the queue page; its rows come from /v1/queue once it is in the browser."""
    part_of_gradio(heading("Queue", "Every submission and where it stands. Nothing is ever removed from this list."))
    island_in_gradio("queue", static, [who_handler(desk), act_handler(desk)])


def who_handler(desk: Desk) -> Callable[..., dict[str, str | bool | None]]:
    """Tells the browser under which key it may act here, so that it knows which buttons to show.

    That alone gives no right, and no subject ever goes there.
    """

    def who(nothing: Any, request: gr.Request) -> dict[str, str | bool | None]:
        try:
            person = submitter(desk.settings, Caller.of(request)).subject
            return {"person": desk.people(person).key, "operator": desk.is_operator(person), "hint": None}
        except Declined:
            return {
                "person": None,
                "operator": False,
                "hint": notice("sign in to act") if door(desk.settings) is Door.SIGN_IN else None,
            }

    return who


def act_handler(desk: Desk) -> Callable[..., dict[str, bool | str]]:
    """Cancel, Retry and Withdraw: who asks is decided anew, and the queue's rules have the last word."""

    def act(wish: Any, request: gr.Request) -> dict[str, bool | str]:
        try:
            person = submitter(desk.settings, Caller.of(request))
            return {"done": True, "sentence": carry_out(desk, wish, person.subject)}
        except UsageError as refusal:
            return {"done": False, "sentence": str(refusal)}
        except OperatorFault as fault:
            return {"done": False, "sentence": fault.public}

    return act


def carry_out(desk: Desk, wish: Any, person: str) -> str:
    """Does what was asked for and says so; UsageError when it may not be, or is nothing this page offers."""
    deed, submission_id, reason = _read(wish)
    ways: Mapping[str, Callable[[], Submission]] = {
        "cancel": lambda: desk.cancel(submission_id, person),
        "retry": lambda: desk.retry(submission_id, person),
        "withdraw": lambda: desk.withdraw(submission_id, person, reason),
    }
    if deed not in ways:
        raise UsageError(notice("unreadable wish"))
    return f"{ways[deed]().model.hub_id}: {notice(f'{deed} done')}"


def _read(wish: Any) -> tuple[str, str, str]:
    parts = [wish.get(name, "") for name in ("deed", "id", "reason")] if isinstance(wish, dict) else []
    if not parts or not all(isinstance(part, str) and len(part) <= LONGEST for part in parts):
        raise UsageError(notice("unreadable wish"))
    deed, submission_id, reason = parts
    if not (submission_id.isascii() and submission_id.isprintable()):  # no id has what no file can hold
        raise UsageError(notice("unreadable wish"))
    return deed, submission_id, reason
