"""An OpenID Connect provider on loopback: real HTTP, real signatures, and switches for what goes wrong there."""

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.loopback.serving import serve

CLIENT = "clue-board"
SECRET = "not-a-secret"
FIELDS = ("redirect_uri", "state", "nonce", "code_challenge", "client_id", "scope")


def _key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


@dataclass
class LoopbackProvider:
    """People who may be chosen on its page, by their `sub`; a code works once, for its client, verifier and address."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    """What every identity token says in place of the truth; None leaves a claim out."""
    wrong_key: bool = False
    """Identity tokens are signed with a key that is not published, under the name of one that is."""
    algorithm: str = "ES256"
    """What identity tokens are signed with; `none` leaves the signature out."""
    offered: tuple[str, ...] = ("ES256",)
    """The algorithms that it says it signs with."""
    silent_token: bool = False
    """The token's answer has no identity token."""
    talkative: bool = False
    """Names are told by the userinfo address only."""
    says: str | None = None
    """What comes with 200 in place of every answer but the page."""
    down: bool = False
    """Every answer is 503."""
    delay: float = 0.0
    """Seconds before every answer."""
    methods: tuple[str, ...] = ("client_secret_basic", "client_secret_post")
    """How clients may prove who they are."""
    requests: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    """What browsers were sent here with."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)
    """What each token is good for."""
    withheld: tuple[str, ...] = ()
    """Scopes that people take the tick from."""
    key: ECKey = field(default_factory=lambda: _key("first"))

    @contextmanager
    def serving(self) -> Iterator["LoopbackProvider"]:
        """It answers at `issuer` inside the block."""
        with serve(self.app()) as address:
            self.issuer = address
            yield self

    def app(self) -> ASGIApp:
        """The provider as an ASGI app, for which `issuer` has to be set."""
        routes = [
            Route("/.well-known/openid-configuration", self._configuration),
            Route("/oauth/authorize", self._page),
            Route("/oauth/decide", self._decide),
            Route("/oauth/token", self._token, methods=["POST"]),
            Route("/oauth/jwks", self._jwks),
            Route("/oauth/userinfo", self._userinfo),
        ]
        return _Moods(self, Starlette(routes=routes))

    def turn_key(self) -> None:
        """It signs with a new key from now on, and publishes that one alone."""
        self.key = _key(secrets.token_hex(4))

    def well(self) -> None:
        """Nothing goes wrong any more."""
        fresh = LoopbackProvider()
        for name in ("claims", "wrong_key", "algorithm", "offered", "silent_token", "talkative", "says", "down"):
            setattr(self, name, getattr(fresh, name))
        self.delay, self.methods, self.withheld = fresh.delay, fresh.methods, fresh.withheld

    def _configuration(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/oauth/authorize",
                "token_endpoint": f"{self.issuer}/oauth/token",
                "jwks_uri": f"{self.issuer}/oauth/jwks",
                "userinfo_endpoint": f"{self.issuer}/oauth/userinfo",
                "id_token_signing_alg_values_supported": list(self.offered),
                "token_endpoint_auth_methods_supported": list(self.methods),
            }
        )

    def _page(self, request: Request) -> Response:
        asked = {name: request.query_params.get(name, "") for name in FIELDS}
        self.asked.append(dict(request.query_params))
        buttons = "".join(_button(asked, sub, about["preferred_username"]) for sub, about in self.people.items())
        return HTMLResponse(f"<title>Provider</title><h1>Who are you?</h1>{buttons}{_button(asked, '', 'nobody')}")

    def _decide(self, request: Request) -> Response:
        asked = dict(request.query_params)
        told = {"state": asked["state"]}
        if asked["sub"]:
            told["code"] = secrets.token_urlsafe(16)
            self.codes[told["code"]] = asked
        else:
            told |= {"error": "access_denied", "error_description": "<b>The user said no.</b>"}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(told)}", 302)

    async def _token(self, request: Request) -> Response:
        async with request.form() as form:
            sent = {name: str(value) for name, value in form.items()}
        if not self._is_client(request, sent):
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self.codes.pop(sent.get("code", ""), None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        fits = asked and (challenge, sent.get("redirect_uri")) == (asked["code_challenge"], asked["redirect_uri"])
        if not asked or not fits:
            return JSONResponse({"error": "invalid_grant"}, 400)
        access = secrets.token_urlsafe(16)
        self.tokens[access] = asked["sub"]
        self.scopes[access] = " ".join(each for each in asked["scope"].split() if each not in self.withheld)
        told = {"access_token": access, "token_type": "Bearer", "expires_in": 3600, "scope": self.scopes[access]}
        return JSONResponse(told if self.silent_token else told | {"id_token": self._signed(asked)})

    def _is_client(self, request: Request, sent: Mapping[str, str]) -> bool:
        proof = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if "client_secret_basic" in self.methods and request.headers.get("authorization") == f"Basic {proof}":
            return True
        posted = (sent.get("client_id"), sent.get("client_secret")) == (CLIENT, SECRET)
        return "client_secret_post" in self.methods and posted

    def _signed(self, asked: Mapping[str, str]) -> str:
        now = int(time.time())
        names = {} if self.talkative else self.people[asked["sub"]]
        true = {"iss": self.issuer, "sub": asked["sub"], "aud": CLIENT, "iat": now, "exp": now + 300}
        said = true | {"nonce": asked["nonce"]} | names | self.claims
        claims = {name: value for name, value in said.items() if value is not None}
        if self.algorithm == "none":
            return f"{_encoded({'alg': 'none'})}.{_encoded(claims)}."
        key = _key(str(self.key.kid)) if self.wrong_key else self.key
        return jwt.encode({"alg": self.algorithm, "kid": self.key.kid}, claims, key)

    def _jwks(self, request: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    def _userinfo(self, request: Request) -> Response:
        sub = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        return JSONResponse({"sub": sub} | self.people[sub]) if sub else JSONResponse({"error": "invalid_token"}, 401)


class _Moods:
    def __init__(self, provider: LoopbackProvider, app: ASGIApp) -> None:
        self.provider = provider
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        provider = self.provider
        provider.requests.append(f"{scope['method']} {scope['path']}")
        await asyncio.sleep(provider.delay)
        answer = self.app
        if provider.down:
            answer = Response(status_code=503)
        elif provider.says is not None and scope["path"] not in ("/oauth/authorize", "/oauth/decide"):
            answer = Response(provider.says, media_type="application/json")
        await answer(scope, receive, send)


def _button(asked: Mapping[str, str], sub: str, name: str) -> str:
    given = "".join(
        f'<input type="hidden" name="{field}" value="{escape(value)}">'
        for field, value in {**asked, "sub": sub}.items()
    )
    return f'<form action="/oauth/decide">{given}<button>Go on as {escape(name)}</button></form>'


def _encoded(content: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
