"""The form: a model is named here, looked at while it is typed, and joins the queue, or one sentence says why not."""

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from backend.domain import Edition
from backend.errors import Declined, HubSpared, NotSignedIn, PassingFault
from backend.submission import Check, Outlook
from frontend_config.desk import Desk
from frontend_config.identity import Caller, Door, closed_sentence, door, submitter
from frontend_config.island import heading, island_in_gradio, part_of_gradio
from frontend_config.receipt_payload import receipt_payload
from frontend_config.row_addresses import RowAddresses
from frontend_config.submission_form import LONGEST, read_form
from frontend_config.submission_payload import estimate_payload, receipt_address
from frontend_config.words import notice, prose

FEWEST_LETTERS = 3
Payload = dict[str, Any]
Handler = Callable[..., Payload]


def build(desk: Desk, static: str) -> None:
    """Fills the submit page: the form where somebody can be known, a sentence where nobody can."""
    part_of_gradio(heading("Submit a model", "Any open model on the Hugging Face Hub with safetensors weights."))
    if door(desk.settings) is Door.CLOSED:
        part_of_gradio(f'<p class="clue-note" role="status">{_code_marks(closed_sentence(desk.settings))}</p>')
        return
    if door(desk.settings) is Door.SIGN_IN:
        part_of_gradio(_way_in(desk.settings.provider_name))
    island_in_gradio("submit", static, [submit_handler(desk), preflight_handler(desk), suggest_handler(desk)])
    gr.Markdown(prose("submit"), elem_classes="clue-prose")


def submit_handler(desk: Desk) -> Handler:
    """What happens on Submit: the receipt, or the sentence that says why there is none."""

    def submit(wish: Any, request: gr.Request) -> Payload:
        try:
            person = submitter(desk.settings, Caller.of(request))
            receipt = desk.submit(read_form(wish), person.subject)
        except NotSignedIn as refusal:
            return {"declined": str(refusal), "signed_out": True}
        except Declined as refusal:
            return {"declined": str(refusal)}
        return {"receipt": receipt_payload(desk, receipt)}

    return submit


def preflight_handler(desk: Desk) -> Handler:
    """What the form would meet if it were submitted as it stands; nothing is stored."""
    addresses = RowAddresses(desk)

    def preflight(wish: Any, request: gr.Request) -> Payload:
        try:
            person = submitter(desk.settings, Caller.of(request))
            form = read_form(wish)
        except Declined as refusal:
            return {"declined": str(refusal)}
        return outlook_payload(desk.preflight(form, person.subject), form.edition, addresses)

    return preflight


def suggest_handler(desk: Desk) -> Handler:
    """Models that the Hub's search finds for what was typed; when it cannot be asked, a sentence and none."""

    def suggest(words: Any, request: gr.Request) -> Payload:
        try:
            person = submitter(desk.settings, Caller.of(request))
        except Declined:
            return {"found": [], "said": None}
        typed = _speakable(words) if isinstance(words, str) else ""
        if not FEWEST_LETTERS <= len(typed) <= LONGEST:
            return {"found": [], "said": None}
        try:
            found = desk.suggest(typed, person.subject)
        except HubSpared:
            return {"found": [], "said": notice("suggestions paused")}
        except PassingFault:
            return {"found": [], "said": notice("no suggestions")}
        return {"found": [{"id": each.hub_id, "downloads": each.downloads} for each in found], "said": None}

    return suggest


def outlook_payload(outlook: Outlook, edition: Edition, addresses: RowAddresses) -> Payload:
    """The outlook as plain data."""
    return {
        "checks": [_check(check, edition, addresses) for check in outlook.checks],
        "refused": outlook.refused,
        "base_model": outlook.base_model,
        "position": outlook.position,
        "estimate": estimate_payload(outlook.estimate),
    }


def _speakable(words: str) -> str:
    """The words without what nobody can type or send on: controls and halves of letters."""
    return "".join(each if each.isprintable() else " " for each in words).strip()


def _check(check: Check, edition: Edition, addresses: RowAddresses) -> Payload:
    link = None
    if check.submission_id:
        link = addresses.of(check.submission_id, edition) or receipt_address(check.submission_id)
    return {"title": check.title, "finding": check.finding, "sentence": check.sentence, "link": link}


def _way_in(provider: str) -> str:
    """The way to the provider, as HTML; the frame shows it to those who are not signed in."""
    words = escape(notice("sign in to submit").format(provider=provider))
    button = f'<a class="clue-button" href="/signin">{words}</a>'
    meaning, framed = notice("sign in meaning"), notice("sign in framed")
    return f'<div class="clue-door">{button}<p>{meaning}</p><p class="clue-framed">{framed}</p></div>'


def _code_marks(sentence: str) -> str:
    parts = escape(sentence).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
