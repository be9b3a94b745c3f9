"""What a page last heard of its worker, and for how long it has been overdue."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from backend.errors import LetterRefused
from backend.submission import SILENCE_SECONDS, Pulse
from storage.clocks import steady_seconds
from storage.files import replace_file
from storage.letters import PULSE, PulseLetter, read_letter
from storage.mirror import Elsewhere

KEPT = "heard.json"


class Heard:
    """The worker's last pulse, kept in the page's home. `trouble` is what this page itself has to say of the mailbox.

    Whether the worker is there is judged by when its pulse *changed*, on this machine's own clock: the two machines may
    disagree about the time by hours. Seconds count as silent only once the next pulse is overdue.
    """

    def __init__(self, home: Path, key: str | None, steady: Callable[[], float] = steady_seconds) -> None:
        self._path, self._key, self._steady = home / KEPT, key, steady
        self._at: float | None = None
        self.trouble: str | None = None
        self.trouble_since: datetime | None = None
        self.letter = self._kept()
        if self.letter:
            self._at = self._guess(self.letter)

    def take(self, letter: PulseLetter, raw: bytes) -> None:
        """This is the newest pulse there is."""
        before = self.letter
        self.letter = letter
        if before is None:
            self._at = self._guess(letter)
        elif (before.epoch, before.beat) != (letter.epoch, letter.beat):
            self._at = self._steady()
        else:
            return
        replace_file(self._path, raw)

    def complain(self, trouble: str | None) -> None:
        """What stands in the way just now; None: nothing."""
        if trouble != self.trouble:
            self.trouble, self.trouble_since = trouble, datetime.now(UTC) if trouble else None

    def elsewhere(self) -> Elsewhere:
        """What the worker says of its queue."""
        letter = self.letter
        if letter is None:
            return Elsewhere(pulse=Pulse(seen_at=None, paused=self.trouble, paused_at=self.trouble_since))
        silent = None if self._at is None else max(0.0, self._steady() - self._at - letter.promise)
        paused, since = (self.trouble, self.trouble_since) if self.trouble else (letter.paused, letter.paused_at)
        pulse = Pulse(seen_at=letter.at, silent_seconds=silent, paused=paused, paused_at=since)
        return Elsewhere(pulse=pulse, waiting=letter.waiting, spent=letter.spent)

    def _guess(self, letter: PulseLetter) -> float | None:
        """When a pulse was written that was there before us; None when the clocks are too far apart to say."""
        age = (datetime.now(UTC) - letter.at).total_seconds()
        return self._steady() - max(0.0, age) if age >= -SILENCE_SECONDS else None

    def _kept(self) -> PulseLetter | None:
        try:
            return read_letter(PulseLetter, self._path.read_bytes(), PULSE, self._key)
        except (FileNotFoundError, LetterRefused):
            return None
