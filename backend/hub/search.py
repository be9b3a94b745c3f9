"""The Hub's own search for models that write text."""

from dataclasses import dataclass
from typing import Any

from huggingface_hub import constants, get_session
from huggingface_hub.utils._headers import build_hf_headers
from huggingface_hub.utils._http import hf_raise_for_status

from backend.errors import UsageError
from backend.hub.faults import faults_of_the_hub
from backend.hub.metadata import check_id

MOST = 8
MOST_DOWNLOADS = 10**15
TIMEOUT = 5
KIND = "text-generation"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A model that the Hub found: its id, and how often it was downloaded in the last month if the Hub says."""

    hub_id: str
    downloads: int | None


def search(words: str) -> list[Suggestion]:
    """At most eight models for these words, the most downloaded first; PassingFault when the Hub does not answer.

    Asked directly, for the client's own way of listing models waits for an answer as long as it takes.
    """
    asked: dict[str, str | int] = {"search": words, "pipeline_tag": KIND, "sort": "downloads", "limit": MOST}
    with faults_of_the_hub(f"{constants.ENDPOINT} did not answer."):
        headers = build_hf_headers()
        reply = get_session().get(f"{constants.ENDPOINT}/api/models", params=asked, headers=headers, timeout=TIMEOUT)
        hf_raise_for_status(reply)
        return [each for each in map(_suggestion, reply.json()[:MOST]) if each]


def _suggestion(entry: Any) -> Suggestion | None:
    """What can be submitted as it stands: nothing with an id that the Hub itself would not take."""
    try:
        hub_id = check_id(entry["id"])
    except UsageError:
        return None
    downloads = entry.get("downloads")
    known = isinstance(downloads, int) and 0 <= downloads < MOST_DOWNLOADS
    return Suggestion(hub_id, downloads if known else None)
