"""Does biomedical training help: every biomedical model beside the model it was made from, in pairs from /v1/delta."""

from frontend_config.island import heading, island

CONTENT = heading(
    "Does biomedical training help?",
    "Every biomedical model beside the model it was made from, asked the same questions in the same way. "
    "Differences in percentage points.",
) + island("delta")
