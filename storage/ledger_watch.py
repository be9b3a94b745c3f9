"""Looks after the ledger where there is no board: says once when it is broken, and once when it is whole again."""

import logging
from collections.abc import Callable

from backend.errors import LedgerBroken
from backend.logbook import fault_fields
from storage.ledger import Ledger, Stamp

_LOG = logging.getLogger(__name__)


class LedgerWatch:
    """What is wrong with the ledger, as it was last seen: `broken`, None when nothing is.

    `mended()` is called when a broken one has become whole.
    """

    def __init__(self, ledger: Ledger, mended: Callable[[], object] = lambda: None) -> None:
        self._ledger, self._mended = ledger, mended
        self._seen: Stamp | None = None
        self.broken: LedgerBroken | None = None

    def check(self) -> None:
        """Every line has been verified; what came of it is in the log where it is news."""
        stamp = self._ledger.stamp()
        try:
            self._ledger.verify()
        except LedgerBroken as broken:
            if str(broken) != str(self.broken):
                _LOG.error("the ledger is broken; publishing stops", extra=fault_fields(broken) | {"line": broken.line})
            self.broken = broken
        else:
            if self.broken:
                _LOG.info("publishing goes on: the ledger is whole again")
                self._mended()
            self.broken = None
        self._seen = stamp

    def look(self) -> None:
        """As `check`, but only of a broken ledger that somebody has changed since."""
        if self.broken and self._ledger.stamp() != self._seen:
            self.check()
