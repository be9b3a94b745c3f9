"""The plot: models drawn by two of their numbers, the paper's figure first."""

from frontend_config.desk import Desk
from frontend_config.island import heading, island


def build(desk: Desk, static: str) -> None:
    """Fills the plot page; its points come from /v1 once it is in the browser."""
    heading(
        "Where the models stand",
        "Each mark is a model. Colour is the family it was made from; a filled diamond was trained on biomedical text.",
    )
    island("plot", static)
