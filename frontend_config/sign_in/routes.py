"""The addresses of sign-in: there, back again, out, and who one is."""

from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from backend.errors import Declined, NotAllowed, OperatorFault, ProviderSilent, SignInFailed, UsageError
from backend.submission import Person
from frontend_config.desk import Desk
from frontend_config.frame import Frame, Place
from frontend_config.identity import Caller, refuse_foreign
from frontend_config.island import heading
from frontend_config.proposing.page import ProposePage
from frontend_config.proposing.rules import Proposals, offered
from frontend_config.sessions import Visits, person_of
from frontend_config.sign_in.provider import CALLBACK, Provider, began
from frontend_config.sign_in.ways import HOME, own_path
from frontend_config.words import notice

NEVER_KEPT = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
PLACE = Place(CALLBACK, "Sign in", listed=False)


def sign_in_router(desk: Desk, frame: Frame, visits: Visits) -> APIRouter:
    """Signs visitors in and out; nothing of this exists where no provider is configured."""
    routes = APIRouter(include_in_schema=False)
    provider = Provider(desk.settings)
    origin = desk.settings.public_origin
    proposing = ProposePage(Proposals(desk), frame, visits, provider) if offered(desk.settings) else None
    if proposing:
        routes.include_router(proposing.routes())

    @routes.get("/signin")
    async def there(request: Request) -> Response:
        wanted = own_path(request.query_params.get("next"))
        if request.headers.get("host", "").lower() != urlsplit(origin).netloc and "moved" not in request.query_params:
            # Cookies belong to one host, and the provider knows this one.
            return _redirect(f"{origin}/signin?{urlencode({'next': wanted, 'moved': ''})}")
        try:
            answer, pending = await provider.send_off(request)
        except SignInFailed as failure:
            return _told(frame, failure, wanted)
        answer.headers.update(NEVER_KEPT)
        visits.cookies.keep_pending(answer, {"session": pending, "next": wanted})
        return answer

    @routes.get(CALLBACK)
    async def back(request: Request) -> Response:
        known = visits.cookies.pending(request)
        pending: dict[str, Any] = known.get("session", {})
        wanted = own_path(known.get("next"))
        begun = began(request, pending)
        if proposing and begun and proposing.is_meant(known):
            return await proposing.finish(request, known)
        try:
            person, _ = await provider.welcome(request, pending)
            answer: Response = _redirect(wanted)
            await run_in_threadpool(_let_in, desk, visits, request, answer, person)
        except (SignInFailed, Declined) as failure:
            done = not begun and person_of(request.scope) is not None  # somebody went back in their browser
            answer = _redirect(HOME) if done else _told(frame, failure, wanted)
        except OperatorFault as fault:
            answer = _page(frame, fault.public, HTTPStatus.SERVICE_UNAVAILABLE, wanted)
        if begun:
            visits.cookies.forget_pending(answer)
        return answer

    @routes.post("/signout")
    async def out(request: Request) -> Response:
        try:
            refuse_foreign(desk.settings, Caller.of(request))
        except NotAllowed as refusal:
            return JSONResponse({"error": str(refusal)}, HTTPStatus.FORBIDDEN, NEVER_KEPT)
        answer = Response(status_code=HTTPStatus.NO_CONTENT, headers=NEVER_KEPT)
        await run_in_threadpool(visits.end, request, answer)
        return answer

    @routes.get("/signin/who")
    def who(request: Request) -> Response:
        person = person_of(request.scope)
        return JSONResponse({"name": person.name if person else None}, headers=NEVER_KEPT)

    return routes


def _let_in(desk: Desk, visits: Visits, request: Request, answer: Response, person: Person) -> None:
    desk.meet(person)
    visits.begin(request, answer, person)


def _redirect(address: str) -> Response:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, NEVER_KEPT)


def _told(frame: Frame, failure: UsageError, wanted: str) -> Response:
    silent = isinstance(failure, ProviderSilent)
    return _page(frame, str(failure), HTTPStatus.SERVICE_UNAVAILABLE if silent else HTTPStatus.FORBIDDEN, wanted)


def _page(frame: Frame, sentence: str, status: HTTPStatus, wanted: str) -> Response:
    again = f'<a href="/signin?{escape(urlencode({"next": wanted}))}">{notice("sign in anew")}</a>'
    content = f"{heading('Not signed in', escape(sentence))}<p>{again}</p>"
    return HTMLResponse(
        frame.page(PLACE, content), status, NEVER_KEPT | {"Content-Security-Policy": frame.policy(PLACE)}
    )
