"""Two to four models side by side, with what can and what cannot be said of their differences, as /v1/compare says."""

from frontend_config.island import heading, island

CONTENT = heading(
    "Compare models",
    "Two to four models on the same items: where one is better, and where nobody can tell. Scores in percent.",
) + island("compare")
