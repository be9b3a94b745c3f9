"""Whose requests are counted together, as far as the connection can tell."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from starlette.types import Scope

FORWARDED = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"})
HOUSEHOLD = 64


def counted_as(scope: Scope) -> str | None:
    """The name of the address that asks; None for this machine itself, whose requests are not counted.

    All addresses of an IPv6 network of 64 bits are one, because one household has them all. A loopback address that
    asks for others, as a proxy does that CLUE_PROXIES does not name, is counted: it stands for all who come through it.
    """
    client = scope.get("client")
    name, here = _read(client[0]) if client else ("nowhere", False)
    return None if here and not relayed(scope) else name


def relayed(scope: Scope) -> bool:
    """Whether headers say that the request was made elsewhere and passed on."""
    return any(name in FORWARDED for name, _ in scope["headers"])


@lru_cache(maxsize=4096)
def _read(address: str) -> tuple[str, bool]:
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100], False
    if isinstance(read, IPv6Address):
        if read.ipv4_mapped is None:
            return f"{IPv6Address(int(read) >> HOUSEHOLD << HOUSEHOLD)}/{HOUSEHOLD}", read.is_loopback
        read = read.ipv4_mapped
    return str(read), read.is_loopback
