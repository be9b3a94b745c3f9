"""Two to four models side by side, with what can and what cannot be said of their differences."""

from frontend_config.desk import Desk
from frontend_config.island import heading, island


def build(desk: Desk, static: str) -> None:
    """Fills the page; models come from /v1/leaderboard.json, what is said of them from /v1/compare."""
    heading(
        "Compare models",
        "Two to four models on the same items: where one is better, and where nobody can tell. Scores in percent.",
    )
    island("compare", static)
