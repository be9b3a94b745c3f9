"""Does biomedical training help: every biomedical model beside the model it was made from."""

from frontend_config.desk import Desk
from frontend_config.island import heading, island


def build(desk: Desk, static: str) -> None:
    """Fills the page; its pairs come from /v1/delta once it is in the browser."""
    heading(
        "Does biomedical training help?",
        "Every biomedical model beside the model it was made from, asked the same questions in the same way. "
        "Differences in percentage points.",
    )
    island("delta", static)
