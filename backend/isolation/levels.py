"""How far a model's process is kept from everything else, from nothing to everything."""

from enum import StrEnum


class Isolation(StrEnum):
    """What a submitter's code cannot do; docs/isolation.md says it in full.

    network: reach anything, change a file, see what is ours. full: see any other file either. none: not even that.
    """

    FULL = "full"
    NETWORK = "network"
    NONE = "none"

    @property
    def rank(self) -> int:
        """More for more."""
        return list(reversed(Isolation)).index(self)
