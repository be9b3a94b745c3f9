"""What the Hub lists of a repository at one commit, taken in up to a limit of bytes and of time."""

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from huggingface_hub import ModelInfo, constants, get_session
from huggingface_hub.utils._headers import build_hf_headers
from huggingface_hub.utils._http import hf_raise_for_status

from backend.errors import FailureCode, ModelFault
from backend.hub.faults import TIMEOUT

MOST_BYTES = 20_000_000
LONGEST_SECONDS = 30.0
HARMLESS = frozenset({"safe", "innocuous", "queued", "unscanned", "caution", "suspicious"})


def list_model(model_id: str, revision: str | None) -> ModelInfo:
    """The repository's facts, files with sizes and digests, and what scanners say of them.

    ModelFault with too_large when the list is longer than any honest one; what the Hub's client raises otherwise. Asked
    directly, for the client reads an answer of any length, and waits as long as bytes come.
    """
    begun = time.monotonic()
    address = f"{constants.ENDPOINT}/api/models/{model_id}"
    if revision is not None:
        address += f"/revision/{quote(revision, safe='')}"
    asked = {"blobs": "true", "securityStatus": "true"}
    content = bytearray()
    with get_session().stream("GET", address, params=asked, headers=build_hf_headers(), timeout=TIMEOUT) as reply:
        if reply.is_error:
            reply.read()
        hf_raise_for_status(reply)
        for chunk in reply.iter_bytes(1 << 16):
            content += chunk
            if len(content) > MOST_BYTES:
                raise ModelFault(FailureCode.TOO_LARGE, "It has more files than can be listed.")
            if time.monotonic() - begun > LONGEST_SECONDS:
                raise TimeoutError
    facts: dict[str, Any] = json.loads(content)
    return ModelInfo(**facts)  # type: ignore[no-untyped-call]


def flagged_files(status: object) -> tuple[str, ...]:
    """The files that the Hub's scanners call unsafe; a level without a name of ours counts as unsafe.

    The form is that of the Hub's `securityRepoStatus`: `filesWithIssues`, each with `path` and `level`.
    """
    issues = status.get("filesWithIssues") if isinstance(status, Mapping) else None
    entries = [each for each in issues if isinstance(each, Mapping)] if isinstance(issues, list) else []
    return tuple(str(each.get("path"))[:200] for each in entries if str(each.get("level")) not in HARMLESS)
