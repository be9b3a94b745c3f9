"""Under which names the page answers, and which pages are its own."""

import re
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import Scope

from backend.settings import LOOPBACK, Settings

HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(?::\d{1,5})?")
OWN_SITES = frozenset({"same-origin", "none"})


class Hosts:
    """The names of this page: its public address, those of CLUE_HOSTS, and those of the machine itself.

    A page that was lured here by a name of somebody else (DNS rebinding) is sent away, because its name is none of
    these. An address in figures cannot lure, so the one that the connection really reached is a name too.
    """

    def __init__(self, settings: Settings) -> None:
        public = urlsplit(settings.public_url) if settings.public_url else None
        given = (*settings.hosts, settings.host, (public.hostname or "") if public else "")
        self._names = {each.lower() for each in (*LOOPBACK, *given)} - {"", "0.0.0.0", "::"}
        self._public = f"{public.scheme}://{public.netloc}".lower() if public else None

    def answers_to(self, scope: Scope) -> bool:
        """Whether the request names this page, and only this one, as the host it is for."""
        named = _values(scope, b"host")
        passed_on = [part.strip() for value in _values(scope, b"x-forwarded-host") for part in value.split(",")]
        reached = (scope.get("server") or ("",))[0]
        return len(named) == 1 and all(self._is_own(name_of(each), reached) for each in named + passed_on)

    def is_foreign(self, scope: Scope) -> bool:
        """Whether the browser says that a page of another origin asks."""
        sites = _values(scope, b"sec-fetch-site")
        origins = _values(scope, b"origin")
        return not (all(site in OWN_SITES for site in sites) and all(self._is_origin(scope, each) for each in origins))

    def _is_own(self, name: str | None, reached: str) -> bool:
        return name is not None and (name in self._names or (name == reached and _in_figures(name)))

    def _is_origin(self, scope: Scope, origin: str) -> bool:
        if origin == self._public:
            return True
        scheme, _, netloc = origin.partition("://")
        hosts = _values(scope, b"host") + _values(scope, b"x-forwarded-host")
        return scheme in ("http", "https") and netloc in hosts


@lru_cache(maxsize=1024)
def name_of(host: str) -> str | None:
    """The name in a Host header, without its port, in small letters; None when it is none."""
    found = HOST.fullmatch(host.lower()[:300])
    return found["name"].strip("[]") if found else None


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip().lower() for each, value in scope["headers"] if each == name]


@lru_cache(maxsize=1024)
def _in_figures(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
