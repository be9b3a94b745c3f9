"""What each entry of the corpus says of itself."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from backend.errors import FailureCode

How = TypeVar("How")


class Outcome(StrEnum):
    """What must become of an attack that no public code answers."""

    NO_ID = "no id"
    """It is refused as an id before anything is asked."""
    CLEARED = "cleared"
    """The model may be opened, and what was hostile in its settings is gone from them."""
    IGNORED = "ignored"
    """The model may be opened, and the hostile file was never asked for."""
    RETRIED = "retried"
    """It passes for a fault of the transfer: nothing is opened, and the queue tries again, with patience."""
    HARMLESS = "harmless"
    """It does what it says, within limits, and nothing else."""


Expected: TypeAlias = FailureCode | Outcome


@dataclass(frozen=True, slots=True)
class Attack(Generic[How]):
    """One attack: its name, what it is in one sentence, how it is done, and what must become of it."""

    name: str
    sentence: str
    how: How
    expected: Expected

    def __str__(self) -> str:
        return self.name
