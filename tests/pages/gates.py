"""A site with a sign-in door, its provider on loopback, and visitors who go through it without a browser."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx
from starlette.requests import Request
from starlette.responses import Response

from backend.settings import Settings
from backend.submission import Person
from frontend_config.sessions import VISITOR, Visitor, Visits
from frontend_config.site import build_site
from tests.loopback.oidc import CLIENT, SECRET, LoopbackProvider
from tests.loopback.serving import address_of, listen

from .serving import Shelf, serving

Made = TypeVar("Made")
ADA, BOB = "5f1a", "77c0"
PEOPLE = {ADA: {"preferred_username": "ada"}, BOB: {"preferred_username": "bob"}}
BROWSER = httpx.Client(verify=False)  # plain HTTP: nothing needs the time that certificates take to load
SESSION, PENDING = "clue-session", "clue-signing-in"


@dataclass
class Gate:
    """A running site, what stands behind it, and the provider it sends visitors to."""

    address: str
    shelf: Shelf
    provider: LoopbackProvider

    def subject(self, sub: str) -> str:
        return f"{self.provider.issuer}#{sub}"

    def begin(self, visitor: httpx.Client, wanted: str = "/") -> dict[str, str]:
        """What the provider is asked with once this visitor has pressed Sign in."""
        sent = visitor.get("/signin", params={"next": wanted})
        return dict(parse_qsl(urlsplit(sent.headers["location"]).query))

    def decide(self, asked: dict[str, str], sub: str) -> str:
        """The address that the provider sends the browser back to when this person goes on."""
        answer = BROWSER.get(f"{self.provider.issuer}/oauth/decide", params=asked | {"sub": sub})
        return answer.headers["location"]

    def sign_in(self, visitor: httpx.Client, sub: str = ADA, wanted: str = "/") -> httpx.Response:
        """What the site answers to somebody who comes back."""
        return visitor.get(self.decide(self.begin(visitor, wanted), sub))

    def who(self, visitor: httpx.Client) -> str | None:
        told = visitor.get("/signin/who")
        assert told.headers["cache-control"] == "no-store"
        name: str | None = told.json()["name"]
        return name

    def submit(self, visitor: httpx.Client, **headers: str) -> int:
        return visitor.post("/v1/submissions", json={"model": "owner/name"}, headers=headers).status_code

    def visitor(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, verify=False)


@contextmanager
def gate(home: Path, provider: LoopbackProvider, **about: Any) -> Iterator[Gate]:
    """A site whose visitors sign in with this provider, for the block."""
    listener = listen()
    address = address_of(listener)
    settings = settings_of(home, provider, public_url=address, **about)
    shelf = Shelf(settings=settings)
    with serving(build_site(shelf.desk()), listener) as found:
        assert found == address
        yield Gate(address, shelf, provider)


def apart(work: Coroutine[Any, Any, Made]) -> Made:
    """What the work returns, done in a thread of its own: a browser keeps this one's loop for as long as it is open."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def settings_of(home: Path, provider: LoopbackProvider, **about: Any) -> Settings:
    client = {"oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "oidc_issuer": provider.issuer}
    return Settings(home=home, **(client | about))


def request(settings: Settings | None = None, person: Person | None = None, **headers: str) -> Request:
    """What a handler gets from the page's own machine, or with settings that sign in, in this person's session."""
    origin = urlsplit((settings and settings.public_origin) or "http://127.0.0.1:7860")
    named = {"host": origin.netloc, **headers}
    if settings and person:
        visits = Visits(settings)
        held = Response()
        visits.cookies.name_session(held, visits.sessions.begin(person))
        named["cookie"] = held.headers["set-cookie"].partition(";")[0]
    scope: dict[str, Any] = {"type": "http", "method": "POST", "client": ("127.0.0.1", 50_000)}
    scope["headers"] = [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]
    return Request(scope | ({VISITOR: Visitor(Visits(settings), scope)} if settings else {}))
