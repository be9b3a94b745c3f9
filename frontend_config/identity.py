"""Who is submitting: decided from the server's side of a request, never from a field of the form."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

import gradio as gr
from gradio import oauth
from starlette.requests import Request

from backend.errors import NotAllowed, NotSignedIn
from backend.settings import LOOPBACK, Settings
from backend.submission import LOCAL_USER, OPERATOR, SYSTEM
from frontend_config.words import notice

OWN_SITES = (None, "same-origin", "none")
RESERVED = (LOCAL_USER, OPERATOR, SYSTEM)
RELAYED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Door(StrEnum):
    """How people get in: by the Space's sign-in, by sitting at the machine, or not at all."""

    SIGN_IN = "sign in"
    LOCAL = "local"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Caller:
    """What the connection says of a request: the client's address and the headers that name hosts.

    `site` is what the browser says of the page that asks (Sec-Fetch-Site): no page can write that header itself.
    """

    address: str | None
    host: str
    origin: str | None
    relayed: bool
    site: str | None = None

    @classmethod
    def of(cls, request: gr.Request | Request) -> "Caller":
        """The caller of a handler, Gradio's or our own."""
        headers = request.headers
        return cls(
            address=request.client.host if request.client else None,
            host=headers.get("host", ""),
            origin=headers.get("origin"),
            relayed=any(name in headers for name in RELAYED),
            site=headers.get("sec-fetch-site"),
        )


def door(settings: Settings) -> Door:
    """How submitting is open on this page."""
    if settings.on_space:
        return Door.SIGN_IN if oauth.OAUTH_CLIENT_ID else Door.CLOSED
    return Door.LOCAL if settings.on_loopback else Door.CLOSED


def closed_sentence(settings: Settings) -> str:
    """Why nobody can submit here, and who can change that."""
    return notice("space without sign-in" if settings.on_space else "closed")


def submitter(settings: Settings, caller: Caller, profile: gr.OAuthProfile | None) -> str:
    """The name a submission is kept under; NotSignedIn or NotAllowed when the request gives no right to one.

    Locally the client must sit on this machine, have asked for it by a loopback name, and come from its own page:
    a foreign page in the same browser, or a name that was pointed here, is refused. A signed-in person's session comes
    along with requests of foreign pages too, so those are refused as well.
    """
    way = door(settings)
    if caller.site not in OWN_SITES or (way is Door.SIGN_IN and caller.site is None and not _from_own_page(caller)):
        raise NotAllowed(notice("foreign page"))
    if way is Door.SIGN_IN:
        if profile is None:
            raise NotSignedIn(notice("sign in first"))
        if profile.username in RESERVED:
            raise NotAllowed(notice("reserved name"))
        return profile.username
    if way is Door.CLOSED:
        raise NotAllowed(closed_sentence(settings))
    if not _from_here(caller):
        raise NotAllowed(notice("refused"))
    return LOCAL_USER


def signed_in(request: Request) -> gr.OAuthProfile | None:
    """Who signed in with the browser that asks, for addresses of our own; None when nobody did, or too long ago."""
    known = oauth._get_valid_oauth_info_from_session(request.scope.get("session", {}))
    return gr.OAuthProfile(known["userinfo"]) if known else None


def _from_here(caller: Caller) -> bool:
    by_name = _is_loopback(caller.address) and _hostname(caller.host) in LOOPBACK
    return not caller.relayed and by_name and _from_own_page(caller)


def _from_own_page(caller: Caller) -> bool:
    try:
        return caller.origin is None or urlsplit(caller.origin).netloc == caller.host
    except ValueError:
        return False


def _is_loopback(address: str | None) -> bool:
    try:
        return address is not None and ip_address(address).is_loopback
    except ValueError:
        return False


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
