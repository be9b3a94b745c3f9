"""How many requests a server is given at once, learnt from how long its answers take and what it refuses."""

from enum import StrEnum
from math import sqrt

FIRST = 16
TOLERANCE = 2.0  # waiting up to as long as being served costs nothing and keeps every slot of a server filled
GAIN_SHARE = 0.5
NOISE = 0.1
FORGETTING = 1.005
ROUNDS_OF_REST = 8
FEWEST = 4
LONGEST_QUIET = 60.0


class RequestOutcome(StrEnum):
    """How a request ended, as far as the limit on concurrency is concerned."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """The server had no room: 429, 503, no connection, or no answer in time."""
    BROKEN = "broken"
    """Anything else, which says nothing of how busy the server is."""


class ConcurrencyLimit:
    """A limit between 1 and `most` on the requests in flight.

    A round is as many ends of requests as the limit allows at once. After one without many refusals the limit grows
    while an answer takes at most twice as long as it did at best, or while more answers a second came than before it
    last grew; where it grew for nothing it goes back and rests. A round with a tenth of refusals or more takes half
    their share off the limit, and until it is over nothing is sent in place of what was refused. The limit doubles
    until the first setback and grows by its root afterwards, for a queue of that length keeps a server's slots filled;
    towards a limit at which the server refused it grows more slowly. An answer never takes longer than a quarter of
    `patience` seconds if fewer at once help. Times are seconds of one monotonic clock.
    """

    def __init__(self, most: int, patience: float, *, first: int = FIRST) -> None:
        self.most, self._patience = most, patience
        self._limit = float(min(first, most))
        self.in_flight = self.peak = self.refusals = 0
        self._quiet_until = 0.0
        self._best: float | None = None
        self._starting = True
        self._rest = 0
        self._ceiling: float | None = None  # the limit at which the server refused too much
        self._before: tuple[float, float] | None = None  # the limit, and answers a second, before it last grew
        self._since = self._seconds = 0.0
        self._ended = self._answers = self._refused = 0
        self._filled = False

    @property
    def limit(self) -> int:
        """How many requests may be in flight."""
        return max(1, int(self._limit))

    def room(self, now: float) -> int:
        """How many more requests may be sent now."""
        return 0 if now < self._quiet_until else self._places

    @property
    def is_full(self) -> bool:
        """Whether nothing more can be sent before a request has ended."""
        return not self._places

    def quiet_for(self, now: float) -> float:
        """Seconds for which the server has asked to be left alone altogether."""
        return max(0.0, self._quiet_until - now)

    def sent(self, now: float) -> None:
        """One more request is in flight."""
        if not self.in_flight and not self._ended:
            self._since = now
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        self._filled |= self.in_flight >= self.limit

    def ended(self, outcome: RequestOutcome, now: float, seconds: float, retry_after: float = 0.0) -> None:
        """One request has ended after so many seconds; with `retry_after` nothing is sent for so long, at most 60 s."""
        self.in_flight -= 1
        self._ended += 1
        if outcome is RequestOutcome.ANSWERED:
            self._answers += 1
            self._seconds += seconds
        elif outcome is RequestOutcome.REFUSED:
            self._refused += 1
            self.refusals += 1
        if retry_after > 0:
            self._quiet_until = max(self._quiet_until, now + min(retry_after, LONGEST_QUIET))
        if self._ended >= max(self.limit, FEWEST):
            self._judge(now)
            self._begin(now)

    @property
    def _places(self) -> int:
        left_empty = min(self._refused, self.limit - 1)
        return max(0, self.limit - self.in_flight - left_empty)

    def _begin(self, now: float) -> None:
        self._since = now
        self._ended = self._answers = self._refused = 0
        self._seconds = 0.0
        self._filled = False

    def _judge(self, now: float) -> None:
        refused = self._refused / self._ended
        if refused >= NOISE:
            self._ceiling = self._limit
            self._shrink_to(self._limit * (1 - refused / 2))
        elif self._answers and self._filled:
            self._weigh(self._seconds / self._answers, self._answers / max(now - self._since, 1e-9))

    def _weigh(self, latency: float, rate: float) -> None:
        self._best = latency if self._best is None else min(latency, self._best * FORGETTING)
        if latency > self._patience / 4:
            self._shrink_to(self._limit * self._patience / 4 / latency)
        elif latency <= TOLERANCE * self._best or self._was_worth_it(rate):
            self._grow(rate)
        elif self._before is not None:
            self._shrink_to(self._before[0])
            self._rest = ROUNDS_OF_REST
        elif self._rest > 0:
            self._rest -= 1
        else:
            self._grow(rate)

    def _was_worth_it(self, rate: float) -> bool:
        if self._before is None:
            return False
        limit, slower = self._before
        return rate >= slower * (1 + GAIN_SHARE * (self._limit / limit - 1))

    def _grow(self, rate: float) -> None:
        if self._limit >= self.most:
            self._before = None
            return
        self._before = (self._limit, rate)
        more = self._limit if self._starting else sqrt(self._limit)
        if self._ceiling is not None:
            more = min(more, (self._ceiling - self._limit) / 2)
        if more < 1:
            self._ceiling = None
        self._limit = min(float(self.most), self._limit + max(1.0, more))

    def _shrink_to(self, limit: float) -> None:
        self._limit = min(self._limit, max(1.0, self._limit / 2, limit))
        self._before = None
        self._starting = False
