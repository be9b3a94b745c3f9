"""The process that downloads: it is told of one model, tells how far it is, and ends with a folder or a fault."""

from pathlib import Path

from backend.domain import Model
from backend.errors import ClueError
from backend.hub.fetching import fault_record
from backend.hub.files import download
from backend.isolation import Channel


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
        )
    except ClueError as fault:
        channel.send({"fault": fault_record(fault)})
    else:
        channel.send({"folder": str(folder)})


if __name__ == "__main__":
    serve(Channel())
