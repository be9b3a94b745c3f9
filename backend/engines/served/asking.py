"""Asks a server many things at once: each until it is answered, none in the way of another."""

import asyncio
import heapq
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from backend.domain import Finish, Prediction, Prompt
from backend.engines.answers import prediction_of
from backend.engines.served.concurrency import LONGEST_QUIET, ConcurrencyLimit, RequestOutcome
from backend.engines.served.faults import FAULTS, Late, failed, is_too_long, is_transient, outcome_of, seconds_told

ATTEMPTS = 5
MOST_ATTEMPTS = 50
FIRST_PAUSE = 0.5
Made = TypeVar("Made")
Ask = Callable[[Prompt], Awaitable[Prediction]]


@dataclass(slots=True)
class _Errand:
    """One prompt on its way; `answered` is how many answers others had when it was last refused."""

    prompt: Prompt
    tries: int = 0
    futile: int = 0
    answered: int = -1


class Asking:
    """The prompts of one task in work: first come, first asked, but for those that wait to be asked again.

    A request is given up after five attempts. One that was refused for want of room is no attempt if the server has
    answered others meanwhile, up to fifty times. Nobody waits with a request in flight: what is asked again later
    leaves its place to the next.
    """

    def __init__(self, ask: Ask, concurrency: ConcurrencyLimit, seconds: float) -> None:
        self._ask, self._concurrency, self._seconds = ask, concurrency, seconds
        self._clock = asyncio.get_running_loop().time
        self._waiting: list[tuple[float, int, _Errand]] = []
        self._flying: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._answers = 0
        self._number = 0
        self._failure: BaseException | None = None

    async def run(self, prompts: Sequence[Prompt], hand_over: Callable[[Prediction], None]) -> None:
        """Every prediction has been handed over, in the order of their coming; the first failure for good raises."""
        fresh = deque(prompts)
        try:
            while fresh or self._waiting or self._flying:
                self._raise_failure()
                self._wake.clear()
                for _ in range(self._concurrency.room(self._clock())):
                    errand = self._next(fresh)
                    if errand is None:
                        break
                    self._send(errand, hand_over)
                await self._rest(self._until_next(bool(fresh)))
            self._raise_failure()
        finally:
            for task in self._flying:
                task.cancel()

    def _next(self, fresh: deque[Prompt]) -> _Errand | None:
        if self._waiting and self._waiting[0][0] <= self._clock():
            return heapq.heappop(self._waiting)[2]
        return _Errand(fresh.popleft()) if fresh else None

    def _until_next(self, more: bool) -> float | None:
        """Seconds until something can be sent; None: not before a request in flight has ended."""
        now = self._clock()
        if self._concurrency.is_full or not (more or self._waiting):
            return None
        return max(0 if more else self._waiting[0][0] - now, self._concurrency.quiet_for(now))

    async def _rest(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    def _send(self, errand: _Errand, hand_over: Callable[[Prediction], None]) -> None:
        self._concurrency.sent(self._clock())
        task = asyncio.create_task(self._attempt(errand, hand_over))
        self._flying.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failure = self._failure or task.exception()
        self._wake.set()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _attempt(self, errand: _Errand, hand_over: Callable[[Prediction], None]) -> None:
        start = self._clock()
        try:
            prediction = await within(self._seconds, self._ask(errand.prompt))
        except FAULTS as error:
            now = self._clock()
            self._concurrency.ended(outcome_of(error), now, now - start, seconds_told(error))
            if is_too_long(error):
                hand_over(prediction_of(errand.prompt, "", Finish.REFUSED))
            else:
                self._ask_again(errand, error, now)
        else:
            now = self._clock()
            self._concurrency.ended(RequestOutcome.ANSWERED, now, now - start)
            self._answers += 1
            hand_over(prediction)

    def _ask_again(self, errand: _Errand, error: Exception, now: float) -> None:
        errand.tries += 1
        excused = outcome_of(error) is RequestOutcome.REFUSED and not isinstance(error, Late)
        if not (excused and -1 < errand.answered < self._answers):
            errand.futile += 1
        errand.answered = self._answers
        if not is_transient(error) or errand.futile >= ATTEMPTS or errand.tries >= MOST_ATTEMPTS:
            raise failed(error) from None
        self._number += 1
        heapq.heappush(self._waiting, (now + pause_after(errand.futile, error), self._number, errand))


async def patiently(ask: Callable[[], Awaitable[Made]], seconds: float) -> Made:
    """The answer to one question, asked for up to five times; what the last attempt raises passes through."""
    for attempt in range(1, ATTEMPTS):
        try:
            return await within(seconds, ask())
        except FAULTS as error:
            if not is_transient(error):
                raise
            await asyncio.sleep(pause_after(attempt, error))
    return await within(seconds, ask())


async def within(seconds: float, work: Awaitable[Made]) -> Made:
    """What the work returns; Late when that takes longer, however slowly it drips."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise Late from None


def pause_after(attempt: int, error: BaseException) -> float:
    """Seconds until it is asked again: what the server says, or else full jitter that doubles each time."""
    told = seconds_told(error)
    return min(told, LONGEST_QUIET) if told else random.uniform(0, min(LONGEST_QUIET, FIRST_PAUSE * 2 ** (attempt - 1)))
