"""The one address of /v1 that changes something: a submission, from whoever may submit on the page."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from math import ceil
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from backend.errors import Declined, NotAllowed, NotSignedIn, OperatorFault, QueueBusy, TooManyOpen, WeekSpent
from frontend_config.desk import Desk
from frontend_config.identity import Caller, submitter
from frontend_config.receipt_payload import receipt_payload
from frontend_config.representations import Representation
from frontend_config.submission_form import read_body
from frontend_config.v1.samples import ABOUT_SUBMISSION
from frontend_config.words import notice

LARGEST_BODY = 16 * 1024
KIND = "application/json"
NEVER_KEPT = {"Cache-Control": "no-store"}
STATUSES = (
    (NotSignedIn, HTTPStatus.UNAUTHORIZED),
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (TooManyOpen, HTTPStatus.CONFLICT),
    (WeekSpent, HTTPStatus.TOO_MANY_REQUESTS),
    (QueueBusy, HTTPStatus.SERVICE_UNAVAILABLE),
    (Declined, HTTPStatus.UNPROCESSABLE_ENTITY),
)


def router(desk: Desk) -> APIRouter:
    """Takes submissions from the page's own origin only: no other origin is ever told that it may ask."""
    routes = APIRouter(tags=["Queue"])

    def take(request: Request, body: bytes) -> Response:
        person = submitter(desk.settings, Caller.of(request))
        receipt = desk.submit(read_body(body), person.subject)
        told = receipt_payload(desk, receipt)
        return _answer(
            request,
            HTTPStatus.CREATED if receipt.is_new else HTTPStatus.OK,
            told,
            {"Location": f"/v1/submissions/{receipt.submission.id}"},
        )

    @routes.post("/submissions", status_code=HTTPStatus.CREATED, openapi_extra={"requestBody": ABOUT_SUBMISSION})
    async def submit(request: Request) -> Response:
        """Submits a model as the form does, under the name the form would keep it under: a signed-in browser's, or the
        local user's on the machine itself. 201 with the receipt; 200 when that commit is there already."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != KIND:
            return _refused(request, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, notice("no json type"))
        body = await _body(request)
        if body is None:
            return _refused(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, notice("body too large"))
        try:
            return await run_in_threadpool(take, request, body)
        except Declined as refusal:
            status = next(status for kind, status in STATUSES if isinstance(refusal, kind))
            return _refused(request, status, str(refusal), _when(refusal))
        except OperatorFault as fault:
            return _refused(request, HTTPStatus.SERVICE_UNAVAILABLE, fault.public)

    return routes


async def _body(request: Request) -> bytes | None:
    """All of it; None when it is larger than any submission."""
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_BODY:
                return None
    except ClientDisconnect:  # so the site's guard ends what is larger than anything it takes
        return None
    return body


def _when(refusal: Declined) -> dict[str, str]:
    """After how many seconds it may be asked again, where only time stands against it (RFC 9110, 10.2.3)."""
    if not isinstance(refusal, WeekSpent):
        return {}
    return {"Retry-After": str(max(1, ceil((refusal.next_at - datetime.now(UTC)).total_seconds())))}


def _refused(
    request: Request, status: HTTPStatus, sentence: str, headers: Mapping[str, str] = MappingProxyType({})
) -> Response:
    return _answer(request, status, {"error": sentence}, headers)


def _answer(request: Request, status: HTTPStatus, told: dict[str, Any], headers: Mapping[str, str]) -> Response:
    return Representation.of_json(told).respond(request, status=status, headers={**NEVER_KEPT, **headers})
