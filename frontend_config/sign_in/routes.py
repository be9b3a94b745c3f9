"""The addresses of sign-in: there, back again, out, and who one is."""

from collections.abc import Mapping
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
    provider = Provider(desk.settings)
    proposing = ProposePage(Proposals(desk), frame, visits, provider) if offered(desk.settings) else None
    sign_in = _SignIn(desk, frame, visits, provider, proposing)
    routes = APIRouter(include_in_schema=False)
    if proposing:
        routes.include_router(proposing.routes())
    routes.get("/signin")(sign_in.there)
    routes.get(CALLBACK)(sign_in.back)
    routes.post("/signout")(sign_in.out)
    routes.get("/signin/who")(_who)
    return routes


class _SignIn:
    """The way to the provider and back; one that was begun in order to propose ends on that page."""

    def __init__(
        self, desk: Desk, frame: Frame, visits: Visits, provider: Provider, proposing: ProposePage | None
    ) -> None:
        self._desk, self._frame, self._visits = desk, frame, visits
        self._provider, self._proposing = provider, proposing

    async def there(self, request: Request) -> Response:
        wanted = own_path(request.query_params.get("next"))
        origin = self._desk.settings.public_origin
        if request.headers.get("host", "").lower() != urlsplit(origin).netloc and "moved" not in request.query_params:
            # Cookies belong to one host, and the provider knows this one.
            return _redirect(f"{origin}/signin?{urlencode({'next': wanted, 'moved': ''})}")
        try:
            answer, pending = await self._provider.send_off(request)
        except SignInFailed as failure:
            return _told(self._frame, failure, wanted)
        answer.headers.update(NEVER_KEPT)
        self._visits.cookies.keep_pending(answer, {"session": pending, "next": wanted})
        return answer

    async def back(self, request: Request) -> Response:
        known = self._visits.cookies.pending(request)
        begun = began(request, known.get("session", {}))
        if self._proposing and begun and self._proposing.is_meant(known):
            return await self._proposing.finish(request, known)
        answer = await self._welcome(request, known, begun=begun)
        if begun:
            self._visits.cookies.forget_pending(answer)
        return answer

    async def out(self, request: Request) -> Response:
        try:
            refuse_foreign(self._desk.settings, Caller.of(request))
        except NotAllowed as refusal:
            return JSONResponse({"error": str(refusal)}, HTTPStatus.FORBIDDEN, NEVER_KEPT)
        answer = Response(status_code=HTTPStatus.NO_CONTENT, headers=NEVER_KEPT)
        await run_in_threadpool(self._visits.end, request, answer)
        return answer

    async def _welcome(self, request: Request, known: Mapping[str, Any], *, begun: bool) -> Response:
        """To where they wanted to go, signed in; or the page that says why not."""
        wanted = own_path(known.get("next"))
        try:
            person, _ = await self._provider.welcome(request, known.get("session", {}))
            answer = _redirect(wanted)
            await run_in_threadpool(self._let_in, request, answer, person)
        except (SignInFailed, Declined) as failure:
            if not begun and person_of(request.scope) is not None:  # somebody went back in their browser
                return _redirect(HOME)
            return _told(self._frame, failure, wanted)
        except OperatorFault as fault:
            return _page(self._frame, fault.public, HTTPStatus.SERVICE_UNAVAILABLE, wanted)
        return answer

    def _let_in(self, request: Request, answer: Response, person: Person) -> None:
        self._desk.meet(person)
        self._visits.begin(request, answer, person)


def _who(request: Request) -> Response:
    person = person_of(request.scope)
    return JSONResponse({"name": person.name if person else None}, headers=NEVER_KEPT)


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
