"""What the Hub's client raises, as faults of ours: the model's, this repository's for now, or the whole Hub's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2
from huggingface_hub import constants, get_session
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

from backend.errors import DISK_TROUBLE, FailureCode, HubSilent, ModelFault, PassingFault

TIMEOUT = 10
LONGEST_WAIT = 3600.0
# The last four are what the client stumbles with over a reply of another shape, such as a proxy's own page.
_UNREACHABLE = (httpx2.TransportError, HfHubHTTPError, OSError, ValueError, LookupError, TypeError, AttributeError)


@contextmanager
def faults_of_the_hub(unreachable: str = "", *, may_be_silent: bool = False) -> Iterator[None]:
    """What the Hub's client raises inside becomes a fault of ours, but for a disk that does not take what came.

    ModelFault for what is gated or absent, PassingFault for the rest; with `may_be_silent` HubSilent instead when the
    Hub does not answer anything else either.
    """
    try:
        yield
    except GatedRepoError:
        raise ModelFault(FailureCode.GATED) from None
    except (RepositoryNotFoundError, RevisionNotFoundError):
        raise ModelFault(FailureCode.NOT_FOUND) from None
    except _UNREACHABLE as error:
        if is_disk_trouble(error):
            raise
        if may_be_silent and not is_up():
            raise HubSilent(f"({constants.ENDPOINT})") from error
        wait = _wait_asked_for(error)
        raise PassingFault(FailureCode.DOWNLOAD_ERROR, unreachable, retry_after=wait) from error


def is_up() -> bool:
    """Whether the Hub answers a plain question about no repository in particular; refusals are answers too."""
    try:
        reply = get_session().get(f"{constants.ENDPOINT}/api/models?limit=1", timeout=TIMEOUT)
    except httpx2.HTTPError:
        return False
    return reply.status_code < 500 and reply.status_code not in {408, 429}


def seconds_asked_for(headers: Mapping[str, str]) -> float:
    """How long a server's Retry-After asks to be left alone, at most an hour; 0 without one that can be read."""
    told = headers.get("retry-after", "").strip()
    try:
        seconds = float(told)
    except ValueError:
        try:
            until = parsedate_to_datetime(told)
        except ValueError:
            return 0
        seconds = ((until if until.tzinfo else until.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    return min(seconds, LONGEST_WAIT) if seconds > 0 else 0


def is_disk_trouble(error: BaseException) -> bool:
    """Whether it was the disk that failed; transfers through the Hub's own store tell that in their text only."""
    number = error.errno if isinstance(error, OSError) else None
    return number in DISK_TROUBLE or "os error 28" in str(error) or "No space left on device" in str(error)


def _wait_asked_for(error: BaseException | None) -> float:
    while error is not None and getattr(error, "response", None) is None:
        error = error.__cause__
    return seconds_asked_for(error.response.headers) if isinstance(error, HfHubHTTPError) else 0
