"""The process that downloads: it is told of one model, tells how far it is, and ends with a folder or a fault."""

import resource
from pathlib import Path

from backend.domain import Model
from backend.errors import ClueError
from backend.hub.fetching import fault_record
from backend.hub.files import download
from backend.isolation import Channel

LEAST_LIMIT = 64_000_000  # the log of downloads is written too, and may be longer than a small model


def serve(channel: Channel) -> None:
    """Carries out the one request that comes."""
    asked = channel.receive()
    try:
        folder = download(
            Model(**asked["model"]),
            Path(asked["cache"]),
            max_gb=asked["max_gb"],
            min_free_gb=asked["min_free_gb"],
            report=lambda done, total: channel.send({"done": done, "total": total}),
            confine=let_no_file_outgrow,
        )
    except ClueError as fault:
        channel.send({"fault": fault_record(fault)})
    else:
        channel.send({"folder": str(folder)})


def let_no_file_outgrow(largest: int) -> None:
    """From now on this process writes no file beyond this size: a server may send more than it announced."""
    most = max(largest, LEAST_LIMIT)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    serve(Channel())
