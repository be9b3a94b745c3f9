"""How many answers a second a server gives over connections that stay open."""

import asyncio
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

CONNECTIONS = 16
HEAD_END = b"\r\n\r\n"


def answers_per_second(address: str, headers: Mapping[str, str], seconds: float) -> float:
    """Whole answers read per second by 16 connections that each ask again as soon as they have one."""
    return asyncio.run(_rate(address, headers, seconds))


async def _rate(address: str, headers: Mapping[str, str], seconds: float) -> float:
    parts = urlsplit(address)
    lines = [f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}", *(f"{name}: {headers[name]}" for name in headers)]
    request = "\r\n".join([*lines, "", ""]).encode()
    start = time.perf_counter()
    asking = [_ask(str(parts.hostname), int(parts.port or 80), request, start + seconds) for _ in range(CONNECTIONS)]
    counts = await asyncio.gather(*asking)
    return sum(counts) / (time.perf_counter() - start)


async def _ask(host: str, port: int, request: bytes, until: float) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    count = 0
    while time.perf_counter() < until:
        writer.write(request)
        head = (await reader.readuntil(HEAD_END)).decode("latin-1").lower()
        length = head.partition("content-length:")[2].partition("\r\n")[0].strip()
        await reader.readexactly(int(length or 0))
        count += 1
    writer.close()
    return count
