"""Who a request comes from: the cookie that names a session, and the session behind it on the server."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from itsdangerous import BadData, BadSignature, Signer, URLSafeTimedSerializer
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.settings import Settings
from backend.submission import Person
from storage.clocks import Clocks
from storage.secret import keep_secret
from storage.sessions import Session, Sessions

VISITOR = "clue.visitor"
PENDING_SECONDS = 600


class Cookies:
    """The two cookies of sign-in, signed with this installation's own secret and out of reach of every script.

    One names a session. The other holds a sign-in that was begun and not finished, for ten minutes, so that beginning
    one leaves nothing on the server. Over https a browser takes neither from any other host.
    """

    def __init__(self, secret: bytes, seconds: float, *, secure: bool) -> None:
        prefix = "__Host-" if secure else ""
        self._session, self._pending = f"{prefix}clue-session", f"{prefix}clue-signing-in"
        self._seconds = int(seconds)
        self._flags: dict[str, Any] = {"path": "/", "secure": secure, "httponly": True, "samesite": "lax"}
        self._signer = Signer(secret, salt="session")
        self._serializer = URLSafeTimedSerializer(secret, salt="signing in")

    def name_session(self, answer: Response, session_id: str) -> None:
        """The browser that gets this answer is in that session from now on."""
        signed = self._signer.sign(session_id).decode()
        answer.set_cookie(self._session, signed, max_age=self._seconds, **self._flags)

    def session_named(self, request: HTTPConnection) -> str | None:
        """The id that the browser holds, None when there is none of ours."""
        try:
            return self._signer.unsign(request.cookies.get(self._session, "")).decode("ascii")
        except (BadSignature, UnicodeError):
            return None

    def forget_session(self, answer: Response) -> None:
        """The browser holds no session's name afterwards."""
        answer.delete_cookie(self._session, **self._flags)

    def keep_pending(self, answer: Response, pending: Mapping[str, Any]) -> None:
        """The browser brings this back within ten minutes, unless it begins another sign-in."""
        signed = self._serializer.dumps(pending)
        answer.set_cookie(self._pending, signed, max_age=PENDING_SECONDS, **self._flags)

    def pending(self, request: HTTPConnection) -> dict[str, Any]:
        """What the browser was given to bring back; nothing when it is too old or not ours."""
        try:
            found = self._serializer.loads(request.cookies.get(self._pending, ""), max_age=PENDING_SECONDS)
        except BadData:
            return {}
        return found if isinstance(found, dict) else {}

    def forget_pending(self, answer: Response) -> None:
        """No sign-in is under way in this browser afterwards."""
        answer.delete_cookie(self._pending, **self._flags)


class Visits:
    """The sessions of this page and the cookies that name them."""

    def __init__(self, settings: Settings, clocks: Clocks | None = None) -> None:
        seconds = settings.session_hours * 3600
        self.sessions = Sessions(settings.home / "sessions.sqlite", seconds, clocks)
        self.cookies = Cookies(
            keep_secret(_secret_of(settings)), seconds, secure=settings.public_origin.startswith("https:")
        )

    def session_of(self, request: HTTPConnection) -> Session | None:
        """The session that this request belongs to, if it still lasts."""
        session_id = self.cookies.session_named(request)
        return self.sessions.find(session_id) if session_id else None

    def begin(self, request: HTTPConnection, answer: Response, person: Person) -> None:
        """Who gets this answer is this person, in a session that is new; the one they came in has ended."""
        self._end(request)
        self.cookies.name_session(answer, self.sessions.begin(person))

    def end(self, request: HTTPConnection, answer: Response) -> None:
        """Who gets this answer is nobody."""
        self._end(request)
        self.cookies.forget_session(answer)

    def _end(self, request: HTTPConnection) -> None:
        session_id = self.cookies.session_named(request)
        if session_id:
            self.sessions.end(session_id)


class Visitor:
    """Whoever a request comes from; looked up when somebody first asks, so that files and boards cost nothing."""

    def __init__(self, visits: Visits, scope: Scope) -> None:
        self._visits = visits
        self._scope = scope

    @cached_property
    def session(self) -> Session | None:
        """The session as it was when this was first asked."""
        return self._visits.session_of(HTTPConnection(self._scope))


class KnowVisitors:
    """ASGI middleware after which `person_of` and `subject_of` tell who a request comes from."""

    def __init__(self, app: ASGIApp, *, visits: Visits) -> None:
        self.app = app
        self.visits = visits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] in ("http", "websocket"):
            scope = {**scope, VISITOR: Visitor(self.visits, scope)}
        await self.app(scope, receive, send)


def person_of(scope: Mapping[str, Any]) -> Person | None:
    """The person that this request's session is of; None when nobody is signed in, or nobody can be."""
    visitor = scope.get(VISITOR)
    session = visitor.session if isinstance(visitor, Visitor) else None
    return session.person if session else None


def subject_of(scope: Mapping[str, Any]) -> str | None:
    """The subject of that person, under which everything counts."""
    person = person_of(scope)
    return person.subject if person else None


def _secret_of(settings: Settings) -> Path:
    return settings.home / "cookies.key"
