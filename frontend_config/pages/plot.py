"""The plot: models drawn by two of their numbers, the paper's figure first; its points come from /v1."""

from frontend_config.island import heading, island

CONTENT = heading(
    "Where the models stand",
    "Each mark is a model. Colour is the family it was made from; a filled diamond was trained on biomedical text.",
) + island("plot")
