"""What the page asks of the Hub: no more than is polite, and nothing twice within a minute."""

import re
import threading
import time
from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Any, TypeVar

from cachetools import TTLCache

from backend.domain import Model
from backend.errors import HubSpared, ModelFault
from backend.hub.metadata import Repository
from backend.hub.search import Suggestion
from backend.hub.sources import Source

if TYPE_CHECKING:
    from limits import RateLimitItem

COMMIT = re.compile(r"[0-9a-f]{40}")
PER_PERSON = "40/minute"
IN_ALL = "300/5 minutes"  # the Hub lets an address without an account ask 500 times in five minutes
ANSWER_SECONDS, COMMIT_SECONDS = 60, 600
MOST_KEPT = 512
Found = TypeVar("Found")


class Courtesy:
    """Asks the Hub, or another source, for the page, within what one person and all of them together may ask.

    Answers are kept for a minute, those about a commit for ten, as nothing of a commit ever changes. What the Hub
    refuses is an answer too; that it does not answer is none. HubSpared when enough was asked for the moment.
    """

    def __init__(
        self,
        source: Source | None = None,
        *,
        per_person: str = PER_PERSON,
        in_all: str = IN_ALL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from limits import parse  # long to import, and only the page is limited
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        self._source = source or Source()
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._per_person = parse(per_person)
        self._in_all = parse(in_all)
        self._answers: TTLCache[Any, Any] = TTLCache(MOST_KEPT, ANSWER_SECONDS, clock)
        self._commits: TTLCache[Any, Any] = TTLCache(MOST_KEPT, COMMIT_SECONDS, clock)
        self._lock = threading.Lock()

    def repository(self, model_id: str, revision: str | None, person: str) -> Repository:
        """What `inspect` says, now or a moment ago."""
        kept = self._commits if revision and COMMIT.fullmatch(revision) else self._answers
        return self._kept(kept, (model_id.lower(), revision), person, lambda: self._source.inspect(model_id, revision))

    def suggestions(self, words: str, person: str) -> list[Suggestion]:
        """What the Hub's search finds for these words, now or a moment ago."""
        asked = " ".join(words.lower().split())
        return self._kept(self._answers, asked, person, lambda: self._source.search(asked))

    def look_up(self, model_id: str, revision: str | None = None, **rules: Any) -> Model:
        """What the Hub says of a model at this very moment, within what all may ask together."""
        self._spend(self._in_all)
        return self._source.look_up(model_id, revision, **rules)

    def _kept(self, kept: MutableMapping[Any, Any], key: object, person: str, ask: Callable[[], Found]) -> Found:
        with self._lock:
            known = kept.get(key)
        if known is None:
            self._spend(self._per_person, person)
            self._spend(self._in_all)
            try:
                known = ask()
            except ModelFault as fault:
                known = fault
            with self._lock:
                kept[key] = known
        if isinstance(known, ModelFault):
            raise known.again()
        return known

    def _spend(self, item: "RateLimitItem", *whose: str) -> None:
        if not self._limiter.hit(item, "hub", *whose):
            raise HubSpared
