"""How much one address and one person may ask for in a minute."""

import math
import time
from collections.abc import Callable, Mapping
from enum import StrEnum

from limits import RateLimitItem, parse
from limits.strategies import FixedWindowRateLimiter
from starlette.types import Scope

from frontend_config.guard.callers import counted_as
from frontend_config.guard.counters import BoundedCounters

Who = Callable[[Scope], str | None]


class Rate(StrEnum):
    """What kind of request it is, by what it costs."""

    FILE = "file"
    PAGE = "page"
    READ = "read"
    COSTLY = "costly"
    POST = "post"
    AGENT = "agent"


# A whole hospital may stand behind one address, so an address may ask for more than a person.
PER_ADDRESS: Mapping[Rate, str] = {
    Rate.FILE: "6000/minute",
    Rate.PAGE: "600/minute",
    Rate.READ: "1200/minute",
    Rate.COSTLY: "120/minute",
    Rate.POST: "120/minute",
    Rate.AGENT: "240/minute",
}
PER_PERSON: Mapping[Rate, str] = {
    Rate.READ: "600/minute",
    Rate.COSTLY: "60/minute",
    Rate.POST: "60/minute",
    Rate.AGENT: "120/minute",
}


class Rates:
    """Counts requests by address and, where `who` knows one, by person."""

    def __init__(
        self,
        who: Who,
        *,
        per_address: Mapping[Rate, str] = PER_ADDRESS,
        per_person: Mapping[Rate, str] = PER_PERSON,
    ) -> None:
        self._who = who
        self._counters = BoundedCounters()
        self._limiter = FixedWindowRateLimiter(self._counters)
        self._limits = {"address": _parsed(per_address), "person": _parsed(per_person)}

    def pause(self, scope: Scope, rate: Rate) -> int | None:
        """One more of this kind; None when it may pass, else the whole seconds until the next one may."""
        address = counted_as(scope)
        waits = [self._count("address", address, rate)] if address is not None else []
        person = self._who(scope) if rate in self._limits["person"] else None
        if person is not None:
            waits.append(self._count("person", person, rate))
        return max(filter(None, waits), default=None)

    def _count(self, whose: str, name: str, rate: Rate) -> int | None:
        item = self._limits[whose][rate]
        if self._limiter.hit(item, whose, name, rate):
            return None
        ends = self._limiter.get_window_stats(item, whose, name, rate).reset_time
        return max(1, math.ceil(ends - time.time()))


def _parsed(limits: Mapping[Rate, str]) -> dict[Rate, RateLimitItem]:
    return {rate: parse(text) for rate, text in limits.items()}
