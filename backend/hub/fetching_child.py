"""The process that downloads: it is told of one model, tells how far it is, and ends with a folder or a fault."""

import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.domain import Model
from backend.errors import ClueError
from backend.hub.brought import open_brought
from backend.hub.fetching import fault_record
from backend.hub.files import download
from backend.isolation import Channel
from backend.progress import ByteProgress

LEAST_LIMIT = 64_000_000  # the log of downloads is written too, and may be longer than a small model


def serve(channel: Channel) -> None:
    """Carries out the one request that comes."""
    asked = channel.receive()
    try:
        folder = _folder(asked, lambda done, total: channel.send({"done": done, "total": total}))
    except ClueError as fault:
        channel.send({"fault": fault_record(fault)})
    else:
        channel.send({"folder": str(folder)})


def let_no_file_outgrow(largest: int) -> None:
    """From now on this process writes no file beyond this size: a server may send more than it announced."""
    most = max(largest, LEAST_LIMIT)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _folder(asked: Mapping[str, Any], report: ByteProgress) -> Path:
    model, cache, most = Model(**asked["model"]), Path(asked["cache"]), asked["max_gb"]
    if asked["offline"]:
        return open_brought(cache, model.hub_id, model.revision, max_gb=most, report=report)
    least = asked["min_free_gb"]
    return download(model, cache, max_gb=most, min_free_gb=least, report=report, confine=let_no_file_outgrow)


if __name__ == "__main__":
    serve(Channel())
