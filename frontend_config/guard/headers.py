"""What every answer tells the browser to forbid, whatever the answer is."""

import base64
import hashlib
from collections.abc import Iterable

from starlette.types import Message

from backend.settings import Settings
from frontend_config.guard.ways import Way

LOCKED = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
HUB, NONE = "https://huggingface.co", "'none'"
YEAR = 31_536_000
ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": ", ".join(
        f"{name}=()"
        for name in (
            "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone",
            "midi", "payment", "serial", "usb",
        )
    ),
}  # fmt: skip
CROSS_ORIGIN = b"access-control-"
CREDENTIALS = b"access-control-allow-credentials"
POLICY = b"content-security-policy"


def page_policy(scripts: Iterable[str], *, of_gradio: bool = False, forms: str = "'self'") -> str:
    """The policy of a page that runs its own files and, within its HTML, these scripts and no other.

    `forms` is where its forms may lead.

    Gradio needs more: it makes functions of the text in js_on_load, writes styles of its own, and sets the base of
    the page's links to the page's own origin.
    """
    sources = ["'self'", *(["'unsafe-eval'"] if of_gradio else []), *sorted({_hash(script) for script in scripts})]
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(sources)}",
            "style-src 'self' 'unsafe-inline'" if of_gradio else "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "base-uri 'self'" if of_gradio else "base-uri 'none'",
            f"form-action {forms}",
        )
    )


class Manners:
    """The headers of all answers of one installation."""

    def __init__(self, settings: Settings) -> None:
        https = bool(settings.public_url and settings.public_url.startswith("https://"))
        # On a Space the page stands in a frame of the Hub's; anywhere else nobody may frame it.
        self._framing = f"; frame-ancestors {HUB if settings.on_space else NONE}".encode()
        always = dict(ALWAYS)
        if https:
            always["strict-transport-security"] = f"max-age={YEAR}"
        if https or settings.on_loopback:  # elsewhere browsers complain that they ignore it
            always["cross-origin-opener-policy"] = "same-origin"
        self._always = [(name.encode(), value.encode()) for name, value in always.items()]

    def add(self, start: Message, way: Way | None) -> None:
        """The start of an answer has them all; what it says itself stays, unless it tells others who asks."""
        open_to_all = way is not None and way.to_all
        kept = [(name, value) for name, value in start["headers"] if _may_stay(name.lower(), open_to_all)]
        said = {name.lower() for name, _ in kept}
        headers = [(name, self._framed(value) if name.lower() == POLICY else value) for name, value in kept]
        headers += [each for each in self._always if each[0] not in said]
        if POLICY not in said:
            headers.append((POLICY, self._framed(LOCKED.encode())))
        headers.append((b"cross-origin-resource-policy", b"cross-origin" if open_to_all else b"same-origin"))
        start["headers"] = headers

    def alone(self) -> dict[str, str]:
        """The headers of an answer that says nothing itself."""
        start: Message = {"headers": []}
        self.add(start, None)
        return {name.decode(): value.decode() for name, value in start["headers"]}

    def _framed(self, policy: bytes) -> bytes:
        return policy if b"frame-ancestors" in policy else policy + self._framing


def _may_stay(name: bytes, open_to_all: bool) -> bool:
    return not name.startswith(CROSS_ORIGIN) or (open_to_all and name != CREDENTIALS)


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
