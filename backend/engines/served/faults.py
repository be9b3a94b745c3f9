"""What goes wrong between us and a server: whether to ask again, how busy it is, and what is raised in the end."""

from collections.abc import Iterator

import httpx2
from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError, TextGenerationError, ValidationError

from backend.engines.served.concurrency import RequestOutcome
from backend.errors import ClueError, FailureCode, KeyRefused, PassingFault
from backend.hub.faults import seconds_asked_for

TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
CROWDED = frozenset({429, 503, 529})
REFUSING = frozenset({400, 413, 422})
UNAUTHORISED = frozenset({401, 403})
TOO_LONG = (
    *("context length", "context_length", "context size", "maximum context", "too long"),
    *("must have less than", "`max_new_tokens` must be <=", "input tokens"),
)
TOO_LONG_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})


class Unusable(Exception):
    """The server answered 200 with something that is not an answer."""


class Late(Exception):
    """The whole answer was not here in time."""


# Said by the server: through huggingface_hub, and where it has no method for what is asked.
SAID = (HfHubHTTPError, httpx2.HTTPStatusError)
# The last four are what the client stumbles with over a reply of another shape.
FAULTS = (
    *(HfHubHTTPError, TextGenerationError, InferenceTimeoutError, httpx2.HTTPError, Unusable, Late),
    *(ValueError, TypeError, LookupError, AttributeError),
)


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, SAID):
        return error.response.status_code in TRANSIENT
    return isinstance(error, FAULTS) and not isinstance(error, ValidationError)


def is_absent(error: BaseException) -> bool:
    """Whether it tells that the server has nothing of the kind: a refusal for good, or a reply of another shape."""
    if isinstance(error, SAID):
        return error.response.status_code not in TRANSIENT
    return not isinstance(error, httpx2.HTTPError | Late)


def is_too_long(error: BaseException) -> bool:
    """Whether the server says that the prompt, with what it may write, does not fit.

    A server may repeat what it was sent: words that stand there too are no words of its own.
    """
    said = error.__cause__ if isinstance(error, ValidationError) else error
    if not isinstance(said, SAID) or said.response.status_code not in REFUSING:
        return False
    words = [text.lower() for text in _own_words(said.response)]
    sent = said.response.request.content.decode(errors="replace").lower()
    telling = [phrase for phrase in TOO_LONG if phrase not in sent]
    return any(text in TOO_LONG_CODES or any(phrase in text for phrase in telling) for text in words)


def outcome_of(error: BaseException) -> RequestOutcome:
    """What the error tells of how busy the server is."""
    status = error.response.status_code if isinstance(error, SAID) else None
    crowded = status in CROWDED or isinstance(error, Late | httpx2.ConnectError | httpx2.ConnectTimeout)
    return RequestOutcome.REFUSED if crowded else RequestOutcome.BROKEN


def seconds_told(error: BaseException) -> float:
    """How long the server asks to be left alone; 0 if it does not say."""
    return seconds_asked_for(error.response.headers) if isinstance(error, SAID) else 0


def failed(error: BaseException) -> ClueError:
    """What is raised once asking is given up; of what the server said only its status and Retry-After are kept."""
    if not isinstance(error, SAID):
        return PassingFault(FailureCode.ENDPOINT_ERROR, f"({type(error).__name__})")
    status = error.response.status_code
    if status in UNAUTHORISED:
        return KeyRefused(status)
    return PassingFault(FailureCode.ENDPOINT_ERROR, f"It answered {status}.", retry_after=seconds_told(error))


def _own_words(response: httpx2.Response) -> Iterator[str]:
    """The error's message, type and code, where TGI, OpenAI's kin and FastAPI put them."""
    try:
        body = response.json()
    except ValueError:
        return
    told = body.get("error", body) if isinstance(body, dict) else None
    found = [told.get(name) for name in ("message", "detail", "type", "code")] if isinstance(told, dict) else [told]
    yield from (text for text in found if isinstance(text, str))
