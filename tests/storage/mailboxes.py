"""Mailboxes for tests: one that is shared by two sides and does what a bad network and a lazy store do."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.errors import MailboxSilent


@dataclass
class MemoryMailbox:
    """Files in memory, shared by whoever holds it. The switches say what goes wrong."""

    files: dict[str, bytes] = field(default_factory=dict)
    down: bool = False
    """Nothing answers."""
    chance: random.Random = field(default_factory=lambda: random.Random(0))
    lost: float = 0.0
    """How likely each write is lost, with an error."""
    doubtful: float = 0.0
    """How likely each write arrives, and is reported as lost."""
    late: float = 0.0
    """How likely each name is left out of a listing."""
    writes: int = 0
    reads: list[str] = field(default_factory=list)
    is_costly = False

    def read(self, name: str, most: int, start: int = 0) -> bytes | None:
        """As Mailbox says."""
        self._answer()
        self.reads.append(name)
        found = self.files.get(name)
        return None if found is None else found[start : start + most]

    def write(self, files: Mapping[str, bytes]) -> None:
        """As Mailbox says, up to where it breaks off."""
        self._answer()
        for name, content in files.items():
            if self.chance.random() < self.lost:
                raise MailboxSilent("it was lost")
            self.files[name] = content
            self.writes += 1
            if self.chance.random() < self.doubtful:
                raise MailboxSilent("nobody knows")

    def names(self, folder: str) -> list[str]:
        """As Mailbox says."""
        return list(dict.fromkeys(name.partition("/")[0] for name in self.all_names(folder)))

    def all_names(self, folder: str) -> list[str]:
        """As Mailbox says; some of them only the next time."""
        self._answer()
        below = [name.removeprefix(f"{folder}/") for name in sorted(self.files) if name.startswith(f"{folder}/")]
        return [name for name in below if self.chance.random() >= self.late]

    def stamp(self) -> str | None:
        """Nobody can say."""
        self._answer()
        return None

    def _answer(self) -> None:
        if self.down:
            raise MailboxSilent("it is down")
