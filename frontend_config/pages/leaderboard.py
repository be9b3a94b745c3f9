"""The board: every model with its scores, sorted, searched and filtered in the browser."""

from frontend_config.desk import Desk
from frontend_config.island import heading, island


def build(desk: Desk, static: str) -> None:
    """Fills the first page; its rows come from /v1 once it is in the browser."""
    heading(
        "Language models on clinical tasks",
        "Scores in percent, higher is better. A dash is a missing score, never a zero.",
    )
    island("board", static)
