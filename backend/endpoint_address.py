"""Where an endpoint is: its address in one spelling, what lies below it, and whether a text may travel there unread."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

import httpx2

from backend.errors import UsageError

ENDINGS = (
    ("/v1/chat/completions", "chat"),
    ("/v1/completions", "completions"),
    ("/v1", "chat"),
    ("/generate", "generate"),
)
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """Scheme, host, port, and the path that everything meant lies below, without a slash at its end."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str | httpx2.URL) -> Self:
        """The address as the HTTP client reads it, which is what decides where bytes go.

        UsageError for what is no http URL, and for a path that another program could read in another way.
        """
        try:
            read = httpx2.URL(url)
        except (httpx2.InvalidURL, TypeError, ValueError):
            raise _unreadable(str(url)) from None
        path = read.raw_path.partition(b"?")[0].decode("ascii").rstrip("/")
        if read.scheme not in PORTS or not read.host:
            raise _unreadable(str(url))
        if "%" in path or "//" in path or "\\" in path or {".", ".."} & set(path.split("/")):
            raise UsageError("The path of the endpoint's address is ambiguous. Write it without %, // or dots.")
        return cls(read.scheme, read.raw_host.decode("ascii").lower(), read.port or PORTS[read.scheme], path)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine by its very name."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False

    def covers(self, other: "Address") -> bool:
        """Whether the other is the same server, at this path or below."""
        same = (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)
        return same and (other.path == self.path or other.path.startswith(f"{self.path}/"))


def split_url(url: str) -> tuple[str, str | None]:
    """The endpoint's root, and the dialect its path names if it names one; UsageError for what is not an http URL."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise _unreadable(url)
    trimmed = url.rstrip("/")
    for ending, dialect in ENDINGS:
        if trimmed.endswith(ending):
            return trimmed.removesuffix(ending), dialect
    return trimmed, None


def _unreadable(url: str) -> UsageError:
    return UsageError(f"{url!r} is not an endpoint. Give its URL, for example http://127.0.0.1:8080.")
