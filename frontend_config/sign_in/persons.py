"""From what a provider says of somebody to the person we know: a subject that stays, and a name that can be shown."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from backend.submission import LOCAL_USER, OPERATOR, SYSTEM, Person

LONGEST_SUBJECT = 255  # OpenID Connect Core 1.0, section 2
LONGEST_NAME = 64
CLAIMS = ("preferred_username", "nickname", "name")
NAMELESS = "no name"
RESERVED = (LOCAL_USER, OPERATOR, SYSTEM, NAMELESS)


def person_from(issuer: str, claims: Mapping[str, Any]) -> Person | None:
    """The person whom a provider's claims tell of; None when they state no subject that OpenID Connect allows.

    The subject is issuer, `#` and `sub`: no issuer has a fragment, so two providers never name the same one.
    """
    sub = claims.get("sub")
    if not isinstance(sub, str) or not 0 < len(sub) <= LONGEST_SUBJECT or not (sub.isascii() and sub.isprintable()):
        return None
    names = (readable(claims.get(claim)) for claim in CLAIMS)
    return Person(f"{issuer.rstrip('/')}#{sub}", next(filter(None, names), NAMELESS))


def is_named(claims: Mapping[str, Any]) -> bool:
    """Whether the claims hold a name that can be shown."""
    return any(readable(claims.get(claim)) for claim in CLAIMS)


def is_reserved(name: str) -> bool:
    """Whether the program uses this name, or one that looks like it, for itself."""
    return _folded(name) in {_folded(each) for each in RESERVED}


def readable(claimed: object) -> str:
    """At most 64 characters of the name, without controls, directions and invisible ones; of an e-mail address the part
    before the @, since names are shown to everybody. Empty when nothing is left."""
    text = unicodedata.normalize("NFC", claimed[: 4 * LONGEST_NAME]) if isinstance(claimed, str) else ""
    shown = "".join(each if unicodedata.category(each)[0] not in "CZ" else " " for each in text)
    seen = " ".join(shown.split())
    return (seen.partition("@")[0].strip() or seen)[:LONGEST_NAME].strip()


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
