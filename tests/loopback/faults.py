"""What an inference server does wrong, request by request, and what it was asked meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tests.canaries import arrived
from tests.loopback.serving import reset_connection


class FaultKind(StrEnum):
    """Every way in which an endpoint can fail a request."""

    RATE_LIMITED = "429"
    UNAUTHORISED = "401"
    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    RESET = "reset"
    """The connection is reset with no answer."""
    HANG = "hang"
    """The answer comes after `seconds`; it is right."""
    DRIP = "drip"
    """The answer comes byte by byte, `seconds` apart; it is right."""
    TRUNCATED = "truncated"
    """200 with the first half of the JSON and no more, as if that were all."""
    HTML = "html"
    """200 with a web page."""
    NO_CHOICES = "no_choices"
    NULL_CONTENT = "null_content"
    WRONG_SCHEMA = "wrong_schema"
    """200 with JSON of some other service."""
    INVALID_UTF8 = "invalid_utf8"
    """200 with the right JSON, ended by a byte that is no text."""


@dataclass(frozen=True)
class Fault:
    """One fault; `seconds` is its delay, or the Retry-After of 429 and 503."""

    kind: FaultKind
    seconds: float = 0.0


class Refusal(Exception):
    """The server refuses a request for a reason of its own, with this status and JSON."""

    def __init__(self, status: int, payload: Any) -> None:
        super().__init__(status)
        self.status, self.payload = status, payload


@dataclass
class Faults:
    """The script of one server, and its record of what happened. Requests count from 1 in order of arrival."""

    first: list[Fault | None] = field(default_factory=list)
    """The faults of the first requests, None for a good answer."""
    every: dict[int, Fault] = field(default_factory=dict)
    """Once `first` is used up: the fault of each request whose number is divisible by the key."""
    always: Fault | None = None
    """The fault of every request while it is set."""
    requests: int = 0
    running: int = 0
    peak: int = 0
    """Most requests that were ever in work at once."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    """The JSON of every request, in order of arrival."""
    approved: bool = False
    """Whether credentialed texts may arrive here."""

    async def answer(self, request: Request, write: Callable[[dict[str, Any]], Awaitable[Any]]) -> Response:
        """The request is on record, and the response is what `write` makes of its JSON, or the fault due."""
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            arrived((await request.body()).decode(errors="replace"), approved=self.approved)
            body = await request.json()
            self.bodies.append(body)
            self.requests += 1
            return await _respond(request, body, write, self._due(self.requests))
        finally:
            self.running -= 1

    def _due(self, number: int) -> Fault | None:
        if self.always is not None:
            return self.always
        if number <= len(self.first):
            return self.first[number - 1]
        return next((fault for step, fault in self.every.items() if number % step == 0), None)


_REFUSALS = {
    FaultKind.RATE_LIMITED: (429, "Model is overloaded"),
    FaultKind.UNAUTHORISED: (401, "Invalid credentials"),
    FaultKind.SERVER_ERROR: (500, "Request failed during generation"),
    FaultKind.UNAVAILABLE: (503, "Service unavailable"),
}


async def _respond(
    request: Request, body: dict[str, Any], write: Callable[[dict[str, Any]], Awaitable[Any]], fault: Fault | None
) -> Response:
    if fault is not None and fault.kind in _REFUSALS:
        status, message = _REFUSALS[fault.kind]
        headers = {"Retry-After": f"{fault.seconds:g}"} if status in (429, 503) else None
        return JSONResponse({"error": message}, status, headers)
    if fault is not None and fault.kind is FaultKind.RESET:
        reset_connection(request.scope)
        return Response()
    if fault is not None and fault.kind is FaultKind.HANG:
        await _sleep_while_connected(request, fault.seconds)
    try:
        payload = await write(body)
    except Refusal as refusal:
        return JSONResponse(refusal.payload, refusal.status)
    return _spoil(payload, fault)


def _spoil(payload: Any, fault: Fault | None) -> Response:
    text = json.dumps(payload).encode()
    match fault.kind if fault is not None else None:
        case FaultKind.TRUNCATED:
            text = text[: len(text) // 2]
        case FaultKind.INVALID_UTF8:
            text = text[:-1] + b',"\xff\xfe":0}'
        case FaultKind.HTML:
            return Response("<!doctype html><title>Sign in</title><p>Please sign in.", media_type="text/html")
        case FaultKind.WRONG_SCHEMA:
            return JSONResponse({"status": "ok", "items": [1, 2, 3]})
        case FaultKind.NO_CHOICES:
            return JSONResponse({**payload, "choices": []} if "choices" in payload else [])
        case FaultKind.NULL_CONTENT:
            return JSONResponse(_without_text(payload))
        case FaultKind.DRIP if fault is not None:
            headers = {"Content-Length": str(len(text))}
            return StreamingResponse(_drip(text, fault.seconds), 200, headers, "application/json")
    return Response(text, media_type="application/json")


def _without_text(payload: Any) -> Any:
    if isinstance(payload, list):
        return [_without_text(one) for one in payload]
    if "choices" in payload:
        emptied = [
            {**one, "message": {**one["message"], "content": None}} if "message" in one else {**one, "text": None}
            for one in payload["choices"]
        ]
        return {**payload, "choices": emptied}
    return {**payload, "generated_text": None}


async def _drip(text: bytes, seconds: float) -> AsyncIterator[bytes]:
    for value in text:
        yield bytes([value])
        await asyncio.sleep(seconds)


async def _sleep_while_connected(request: Request, seconds: float) -> None:
    # A client that gave up must not count as running until the hang is over.
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while loop.time() < deadline and not await request.is_disconnected():
        await asyncio.sleep(min(0.02, seconds))
