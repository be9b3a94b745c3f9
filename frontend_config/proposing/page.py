"""The page that shows what would be proposed to a model's repository, and carries it out when permission has come."""

import asyncio
from collections.abc import Mapping
from functools import partial
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from backend.errors import NotProposed, NotSignedIn, OperatorFault, ProviderSilent, SignInFailed, UsageError
from backend.hub.proposing import PERMISSION, ProposalOutcome, Proposed
from backend.hub.stated import FOLDER
from backend.submission import Person
from frontend_config.frame import Frame, Place
from frontend_config.identity import Caller, submitter
from frontend_config.island import heading
from frontend_config.proposing.rules import Proposals
from frontend_config.sessions import Visits, person_of
from frontend_config.sign_in.provider import AccessToken, Provider
from frontend_config.words import notice

PLACE = Place("/propose", "Propose results", listed=False)
SECONDS = 60.0
# A form's origin is told to the page's own server alone, which wants to see it.
NEVER_KEPT = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
PENDING = "propose"


class ProposePage:
    """The addresses of proposing. The permission lives from the provider's answer to the end of that same request."""

    def __init__(self, proposals: Proposals, frame: Frame, visits: Visits, provider: Provider) -> None:
        self._proposals = proposals
        self._settings = proposals.settings
        self._frame = frame
        self._visits = visits
        self._provider = provider

    def routes(self) -> APIRouter:
        """What would be proposed (GET), and the way to the provider (POST)."""
        routes = APIRouter(include_in_schema=False)

        @routes.get(PLACE.path)
        def look(request: Request, line: str = "") -> Response:
            return self._look(_number(line), person_of(request.scope))

        @routes.post(PLACE.path)
        async def begin(request: Request) -> Response:
            async with request.form(max_files=0, max_fields=2) as form:
                number = _number(str(form.get("line", "")))
            return await self._begin(request, number)

        return routes

    def is_meant(self, known: Mapping[str, Any]) -> bool:
        """Whether the way to the provider that the browser began was one of these."""
        return isinstance(known.get(PENDING), int)

    async def finish(self, request: Request, known: Mapping[str, Any]) -> Response:
        """What became of it once the provider sent the browser back; the permission is forgotten then."""
        number = int(known[PENDING])
        try:
            person, access = await self._welcome(request, dict(known.get("session", {})))
            done = await self._carry_out(number, person, access)
            answer = self._done(number, done)
        except (UsageError, OperatorFault) as failure:
            answer = self._said(number, failure.public if isinstance(failure, OperatorFault) else str(failure))
        self._visits.cookies.forget_pending(answer)
        return answer

    async def _welcome(self, request: Request, pending: dict[str, Any]) -> tuple[Person, AccessToken]:
        here = person_of(request.scope)
        try:
            person, access = await self._provider.welcome(request, pending)
        except ProviderSilent:
            raise NotProposed(self._worded("propose silent")) from None
        except SignInFailed:
            raise NotProposed(self._worded("propose unpermitted")) from None
        if here is None or here.subject != person.subject:
            raise NotProposed(notice("propose somebody else"))
        if PERMISSION not in access.scopes:
            raise NotProposed(self._worded("propose unpermitted"))
        return here, access

    async def _carry_out(self, number: int, person: Person, access: AccessToken) -> Proposed:
        try:
            async with asyncio.timeout(SECONDS):
                work = partial(self._proposals.open, number, person, access.token)
                return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        except TimeoutError:
            raise NotProposed(notice("propose slow")) from None

    async def _begin(self, request: Request, number: int) -> Response:
        try:
            person = submitter(self._settings, Caller.of(request))
            found = await run_in_threadpool(self._proposals.find, number, person)
            if await run_in_threadpool(self._proposals.earlier, found):
                return _again(number)
            answer, pending = await self._provider.send_off(request, PERMISSION)
        except NotSignedIn:
            return _again(number)
        except ProviderSilent:
            return self._said(number, self._worded("propose silent"), HTTPStatus.SERVICE_UNAVAILABLE)
        except UsageError as refusal:
            return self._said(number, str(refusal))
        answer.status_code = HTTPStatus.SEE_OTHER
        answer.headers.update(NEVER_KEPT)
        self._visits.cookies.keep_pending(answer, {"session": pending, PENDING: number})
        return answer

    def _look(self, number: int, person: Person | None) -> Response:
        if person is None:
            way = f'<a href="/signin?{escape(urlencode({"next": _path(number)}))}">Sign in</a>'
            return self._page(f"<p>{escape(self._worded('propose sign in'))}</p><p>{way}</p>", HTTPStatus.FORBIDDEN)
        try:
            found = self._proposals.find(number, person)
            earlier = self._proposals.earlier(found)
            text = self._proposals.text(found)
        except UsageError as refusal:
            return self._said(number, str(refusal))
        back = f"/model?id={quote(found.result.model.hub_id)}"
        told = _linked(earlier) if earlier else self._form(number, found.result.model.hub_id, text)
        return self._page(f'{told}<p><a href="{escape(back)}">{notice("propose back")}</a></p>')

    def _form(self, number: int, hub_id: str, text: str) -> str:
        return (
            f"<h2>{escape(hub_id)}</h2><p>{escape(self._worded('propose what'))}</p>"
            f'<div class="clue-address"><h3>{FOLDER}/clue.yaml</h3>'
            f'<pre tabindex="0" role="region" aria-label="The file">{escape(text)}</pre></div>'
            f'<form class="clue-propose" method="post" action="{PLACE.path}">'
            f'<input type="hidden" name="line" value="{number}">'
            f'<button class="clue-button">{escape(self._worded("propose button"))}</button></form>'
        )

    def _done(self, number: int, done: Proposed) -> Response:
        if done.outcome is ProposalOutcome.THERE or done.address is None:
            return self._said(number, notice("propose there"), HTTPStatus.OK)
        return self._page(_linked(done.address))

    def _said(self, number: int, sentence: str, status: HTTPStatus = HTTPStatus.FORBIDDEN) -> Response:
        again = f'<a href="{_path(number)}">{PLACE.title}, line {number}</a>'
        return self._page(f'<p role="alert">{escape(sentence)}</p><p>{again}</p>', status)

    def _page(self, content: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
        html = self._frame.page(PLACE, heading(PLACE.title, escape(notice("propose lead"))) + content)
        # Browsers hold a form to this list also where its answer sends them on.
        parts = urlsplit(self._settings.oidc_issuer)
        policy = self._frame.policy(PLACE, forms=f"'self' {parts.scheme}://{parts.netloc}")
        return HTMLResponse(html, status, NEVER_KEPT | {"Content-Security-Policy": policy})

    def _worded(self, name: str) -> str:
        return notice(name).format(provider=self._provider.name)


def _number(line: str) -> int:
    return int(line) if line.isascii() and line.isdigit() and len(line) < 10 else 0


def _path(number: int) -> str:
    return f"{PLACE.path}?line={number}"


def _again(number: int) -> Response:
    return RedirectResponse(_path(number), HTTPStatus.SEE_OTHER, NEVER_KEPT)


def _linked(address: str) -> str:
    href = escape(address)
    return f'<p>{notice("propose earlier")} <a href="{href}" rel="noopener">{href}</a></p>'
