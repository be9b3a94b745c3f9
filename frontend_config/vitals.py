"""How the installation is, besides its queue: ledger, disk, and what evaluations took."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.submission import Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """Lines published, what is wrong with the ledger (None: nothing), free bytes of the home's disk.

    `spent()` is what every task of every evaluation took.
    """

    ledger_lines: int = 0
    ledger_fault: str | None = None
    free_bytes: int | None = None
    spent: Callable[[], Sequence[Spent]] = tuple
