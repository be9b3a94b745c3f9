"""The board's past as the page asks for it: what stood when, and what came line by line."""

from collections.abc import Sequence
from typing import Protocol

from backend.domain import Edition, Provenance, Standing
from backend.errors import UsageError
from storage.moments import Moment, News


class Chronicle(Protocol):
    """Who remembers every line of the ledger."""

    def moment(self, asked: str | None = None) -> Moment:
        """The moment that a day, a line's number or a snapshot's name means, or now; UsageError for anything else."""

    def standings(
        self, provenance: Provenance, edition: Edition, protocol: str | None = None, *, line: int | None = None
    ) -> Sequence[Standing]:
        """The rows of the board as they stood after this line."""

    def news(self, most: int) -> Sequence[News]:
        """The newest lines, at most so many, the last first."""


class Unwritten:
    """The chronicle of a board without a ledger: it has no past."""

    def moment(self, asked: str | None = None) -> Moment:
        """The moment before the first line."""
        if asked is not None:
            raise UsageError("This board keeps no past.")
        return Moment()

    def standings(
        self, provenance: Provenance, edition: Edition, protocol: str | None = None, *, line: int | None = None
    ) -> Sequence[Standing]:
        """No row."""
        return ()

    def news(self, most: int) -> Sequence[News]:
        """No line."""
        return ()
