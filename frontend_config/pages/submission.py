"""The receipt: one submission from the form to its result, at an address that stays."""

from frontend_config.desk import Desk
from frontend_config.island import heading, island_in_gradio, part_of_gradio
from frontend_config.pages.queue import act_handler, who_handler


def build(desk: Desk, static: str) -> None:
    """Fills the receipt's page; what it shows comes from /v1/submissions once it is in the browser."""
    lead = "Where it stands and everything that happened to it. This address stays."
    part_of_gradio(heading("Submission", lead))
    island_in_gradio("submission", static, [who_handler(desk), act_handler(desk)])
