"""The board: every model with its scores, sorted, searched and filtered in the browser; its rows come from /v1."""

from frontend_config.island import heading, island

CONTENT = heading(
    "Language models on clinical tasks",
    "Scores in percent, higher is better. A dash is a missing score, never a zero.",
) + island("board")
