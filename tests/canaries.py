"""The word that stands in every text that plays a credentialed one, and the endpoints that received it unapproved."""

SEALED = "SEALED-CANARY-4T9Q"
UNAPPROVED: list[str] = []
"""A line for each request that brought such a text to a server that nobody had approved."""


def sealed(text: str) -> str:
    """The text, marked as one that must reach no surface."""
    return f"{text} {SEALED}"


def arrived(text: str, *, approved: bool) -> None:
    """Notes what a server was sent; whoever looks after the tests fails the one that sent it."""
    if SEALED in text and not approved:
        UNAPPROVED.append("a credentialed text was sent to a server that nobody had approved")
