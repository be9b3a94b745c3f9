"""The OpenID Connect provider: sends a browser there, and learns who came back."""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from backend.errors import ProviderSilent, SignInFailed
from backend.hub.proposing import PERMISSION
from backend.settings import Settings
from backend.submission import Person
from frontend_config.sign_in.persons import is_named, person_from
from frontend_config.words import notice

NAME = "clue"
CALLBACK = "/login/callback"  # the one that Hugging Face's documentation and its own clients use
DISCOVERY = "/.well-known/openid-configuration"  # OpenID Connect Discovery 1.0, section 4
REQUEST_SECONDS = 10.0
STEP_SECONDS = 20.0
REST_SECONDS = 2.0
LEEWAY_SECONDS = 60
# Signatures that only the provider can make: no `none`, and none made with a secret that we hold too.
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
KEPT = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "_loaded_at")
NONSENSE = (
    AuthlibBaseError,
    JoseError,
    httpx2.InvalidURL,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RuntimeError,
)
# What a provider says of a client that is configured wrong (RFC 6749, sections 4.1.2.1 and 5.2).
OURS_TO_MEND = ("invalid_client", "invalid_request", "invalid_scope", "unauthorized_client", "redirect_uri_mismatch")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a person who came back allows: an access token, never to be stored or shown, and the scopes it has."""

    token: str = field(repr=False)
    scopes: frozenset[str]


class Provider:
    """Where visitors sign in, as the settings name it; it is first asked when somebody does.

    Authorization code with PKCE (S256), state and nonce; the identity token's signature, issuer, audience, times and
    nonce are checked. No token of the provider is kept. Signing in asks for all scopes of the settings but the one that
    lets us write; for that one a person is asked when they want something written.
    """

    def __init__(self, settings: Settings, patience: float = STEP_SECONDS) -> None:
        self.name = settings.provider_name
        self._settings = settings
        self._scopes = " ".join(each for each in settings.oidc_scopes.split() if each != PERMISSION)
        self._patience = patience
        self._certificates = httpx2.create_ssl_context()  # made anew it would cost each step 40 ms
        self._client: Any = None
        self._lock = asyncio.Lock()
        self._not_before = 0.0

    async def send_off(self, request: Request, *further: str) -> tuple[Response, dict[str, Any]]:
        """The answer that sends a browser to the provider, and what has to come back with it; ProviderSilent.

        `further` are scopes that are asked for besides.
        """
        pending: dict[str, Any] = {}
        request.scope["session"] = pending
        with self._naming_faults():
            async with asyncio.timeout(self._patience):
                client = await self._ready()
                callback = self._settings.public_origin + CALLBACK
                answer: Response = await client.authorize_redirect(
                    request, callback, scope=" ".join((self._scopes, *further))
                )
        for each in pending.values():
            each["data"].pop("url", None)
        return answer, pending

    async def welcome(self, request: Request, pending: dict[str, Any]) -> tuple[Person, AccessToken]:
        """Who came back from the provider, and what they allow; SignInFailed says why nobody did.

        `pending` is what `send_off` asked to be kept; without it the provider is not even asked.
        """
        if not began(request, pending):
            raise SignInFailed(self._said("again"))
        request.scope["session"] = pending
        with self._naming_faults():
            async with asyncio.timeout(self._patience):
                claims, access = await _told(await self._ready(), request)
        person = person_from(self._settings.oidc_issuer, claims)
        if person is None:
            raise SignInFailed(self._said("refused"))
        return person, access

    async def _ready(self) -> Any:
        """A client that knows the provider; one visitor asks it for all others, and nobody just after a failure."""
        async with self._lock:
            if self._client is None:
                if time.monotonic() < self._not_before:
                    raise ProviderSilent(self._said("silent"))
                try:
                    self._client = await self._discovered()
                finally:
                    self._not_before = 0.0 if self._client else time.monotonic() + REST_SECONDS
            return self._client

    async def _discovered(self) -> Any:
        settings = self._settings
        client: Any = OAuth().register(
            NAME,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            server_metadata_url=settings.oidc_issuer.rstrip("/") + DISCOVERY,
            client_kwargs={
                "scope": self._scopes,
                "code_challenge_method": "S256",
                "timeout": REQUEST_SECONDS,
                "verify": self._certificates,
            },
        )
        told = await client.load_server_metadata()
        if told["issuer"].rstrip("/") != settings.oidc_issuer.rstrip("/"):
            raise ValueError("the provider calls itself otherwise")
        if "client_secret_basic" not in (told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]):
            client.client_kwargs["token_endpoint_auth_method"] = "client_secret_post"
        offered = told.get("id_token_signing_alg_values_supported") or []
        client.server_metadata = {name: told[name] for name in KEPT if name in told} | {
            "id_token_signing_alg_values_supported": [each for each in SIGNATURES if each in offered] or ["RS256"]
        }
        return client

    @contextmanager
    def _naming_faults(self) -> Iterator[None]:
        try:
            yield
        except SignInFailed:
            raise
        except OAuthError as error:
            if error.error == "access_denied":
                raise SignInFailed(self._said("denied")) from None
            raise self._refused(error) from None
        except (httpx2.HTTPError, TimeoutError) as error:
            raise self._silent(error) from None
        except NONSENSE as error:
            self._client = None  # keys and addresses may have changed
            raise self._refused(error) from None

    def _silent(self, error: Exception) -> ProviderSilent:
        _LOG.warning("the provider of sign-in does not answer", extra={"fault": type(error).__name__})
        return ProviderSilent(self._said("silent"))

    def _refused(self, error: Exception) -> SignInFailed:
        code = getattr(error, "error", None)
        about = {"fault": type(error).__name__, "code": code if code in OURS_TO_MEND else None}
        _LOG.warning("the provider of sign-in told nothing that counts", extra=about)
        return SignInFailed(self._said("refused"))

    def _said(self, why: str) -> str:
        return notice(f"sign in {why}").format(provider=self.name)


def began(request: Request, pending: Mapping[str, Any]) -> bool:
    """Whether the sign-in that this request ends is the one that the browser began."""
    return f"_state_{NAME}_{request.query_params.get('state')}" in pending


async def _told(client: Any, request: Request) -> tuple[dict[str, Any], AccessToken]:
    options = {
        "iss": {"essential": True, "value": client.server_metadata["issuer"]},
        "aud": {"essential": True, "value": client.client_id},
        "exp": {"essential": True},
    }
    token = await client.authorize_access_token(request, claims_options=options, leeway=LEEWAY_SECONDS)
    if "id_token" not in token:
        raise ValueError("the provider told nothing of who it was")
    claims: dict[str, Any] = dict(token["userinfo"])
    if not is_named(claims) and client.server_metadata.get("userinfo_endpoint"):
        more = await client.userinfo(token=token)
        if more.get("sub") == claims["sub"]:  # or it may be about somebody else (Core, section 5.3.2)
            claims = dict(more) | claims
    # Where the scopes are left out they are those that were asked for (RFC 6749, section 5.1).
    scopes = str(token["scope"]) if "scope" in token else PERMISSION
    return claims, AccessToken(str(token["access_token"]), frozenset(scopes.split()))
