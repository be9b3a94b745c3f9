"""What somebody wants submitted, read from what a browser or a program sent."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from backend.domain import Domain, Edition
from backend.errors import Declined
from backend.submission import SubmissionForm
from frontend_config.words import notice

FIELDS = ("model", "revision", "edition", "base", "domain")
MEMBERS = ("model", "revision", "edition", "base_model", "domain")
LONGEST = 2000
Choice = TypeVar("Choice", bound=StrEnum)


def read_form(wish: Any) -> SubmissionForm:
    """What was typed, without surrounding spaces, empty fields as None; Declined when it is no such form."""
    typed = {name: wish.get(name, "") for name in FIELDS} if isinstance(wish, Mapping) else {}
    if not typed or not all(isinstance(text, str) and len(text) <= LONGEST for text in typed.values()):
        raise Declined(notice("unreadable form"))
    try:
        return SubmissionForm(
            model_id=typed["model"].strip(),
            edition=Edition(typed["edition"]),
            domain=Domain(typed["domain"]) if typed["domain"] else None,
            base_model=typed["base"].strip() or None,
            revision=typed["revision"].strip() or None,
        )
    except ValueError:
        raise Declined(notice("unreadable form")) from None


def read_body(body: bytes) -> SubmissionForm:
    """What a program sent as JSON; Declined names the member that does not fit. null is the same as not stated."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Declined(notice("no json object"))
    told = {name: value for name, value in found.items() if value is not None}
    for name in found:
        if name not in MEMBERS:
            raise Declined(notice("unknown member").format(name=ascii(name[:100]), known=", ".join(MEMBERS)))
    for name, value in told.items():
        if not isinstance(value, str) or len(value) > LONGEST:
            raise Declined(notice("member no text").format(name=name, most=LONGEST))
    if not told.get("model", "").strip():
        raise Declined(notice("no model named"))
    edition = _one_of(Edition, "edition", told.get("edition") or Edition.FULL)
    domain = _one_of(Domain, "domain", told["domain"]) if told.get("domain") else None
    return SubmissionForm(
        model_id=told["model"].strip(),
        edition=edition,
        domain=domain,
        base_model=told.get("base_model", "").strip() or None,
        revision=told.get("revision", "").strip() or None,
    )


def _one_of(choices: type[Choice], name: str, told: str) -> Choice:
    try:
        return choices(told)
    except ValueError:
        raise Declined(notice("member no choice").format(name=name, choices=" or ".join(choices))) from None
