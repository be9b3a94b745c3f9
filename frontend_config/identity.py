"""Who is submitting: decided from the server's side of a request, never from a field of the form."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

import gradio as gr
from starlette.requests import HTTPConnection

from backend.errors import NotAllowed, NotSignedIn
from backend.settings import LOOPBACK, Settings
from backend.submission import LOCAL_USER, Person
from frontend_config.sessions import person_of
from frontend_config.sign_in.persons import is_reserved
from frontend_config.words import notice

OWN_SITES = (None, "same-origin", "none")
RELAYED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Door(StrEnum):
    """How people get in: by signing in with a provider, by sitting at the machine, or not at all."""

    SIGN_IN = "sign in"
    LOCAL = "local"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Caller:
    """What the server's side says of a request: the client's address, the headers that name hosts, who is signed in.

    `site` is what the browser says of the page that asks (Sec-Fetch-Site): no page can write that header itself.
    """

    address: str | None
    host: str
    origin: str | None
    relayed: bool
    site: str | None = None
    person: Person | None = None

    @classmethod
    def of(cls, request: gr.Request | HTTPConnection) -> "Caller":
        """The caller of a handler, Gradio's or our own."""
        asked = request.request if isinstance(request, gr.Request) else request
        headers = request.headers
        return cls(
            address=request.client.host if request.client else None,
            host=headers.get("host", ""),
            origin=headers.get("origin"),
            relayed=any(name in headers for name in RELAYED),
            site=headers.get("sec-fetch-site"),
            person=person_of(asked.scope) if asked else None,
        )


def door(settings: Settings) -> Door:
    """How submitting is open on this page."""
    if settings.signs_in:
        return Door.SIGN_IN
    return Door.LOCAL if settings.on_loopback and not settings.on_space else Door.CLOSED


def closed_sentence(settings: Settings) -> str:
    """Why nobody can submit here, and who can change that."""
    return notice("space without sign-in" if settings.on_space else "closed")


def submitter(settings: Settings, caller: Caller) -> Person:
    """Who asks for something to be done; NotSignedIn or NotAllowed when the request gives nobody a right to it.

    Locally the client must sit on this machine, have asked for it by a loopback name, and come from its own page:
    a foreign page in the same browser, or a name that was pointed here, is refused. A signed-in person's cookie comes
    along with requests of other pages of the same host too, so those are refused as well.
    """
    way = door(settings)
    refuse_foreign(settings, caller)
    if way is Door.SIGN_IN:
        if caller.person is None:
            raise NotSignedIn(notice("sign in first").format(provider=settings.provider_name))
        if is_reserved(caller.person.name):
            raise NotAllowed(notice("reserved name"))
        return caller.person
    if way is Door.CLOSED:
        raise NotAllowed(closed_sentence(settings))
    if not _from_here(caller):
        raise NotAllowed(notice("refused"))
    return Person(LOCAL_USER, LOCAL_USER)


def refuse_foreign(settings: Settings, caller: Caller) -> None:
    """NotAllowed when the browser says that another site's page asks, or a page of another port of this host."""
    named = door(settings) is Door.SIGN_IN and caller.origin not in (None, settings.public_origin)
    if caller.site not in OWN_SITES or named:
        raise NotAllowed(notice("foreign page"))


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
