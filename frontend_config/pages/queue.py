"""The queue: what runs, what waits, and everything that has ever ended, updated without reloading."""

from frontend_config.desk import Desk
from frontend_config.island import heading, island


def build(desk: Desk, static: str) -> None:
    """Fills the queue page; its rows come from /v1/queue once it is in the browser."""
    heading("Queue", "Every submission and where it stands. Nothing is ever removed from this list.")
    island("queue", static)
