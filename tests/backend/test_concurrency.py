"""How much a server is asked at once, played through against servers that take no time to play."""

import heapq
from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.engines.served.concurrency import ConcurrencyLimit, RequestOutcome

PAUSE = 0.25


@dataclass
class Machine:
    """A server of so many slots that take so many seconds each; beyond them requests wait, or are refused."""

    slots: int
    seconds: float
    refuses: bool = False
    down_until: float = 0.0
    answers: int = 0
    refusals: int = 0
    longest: float = 0.0
    lowest: int = 10**6
    now: float = 0.0
    _free: list[float] = field(default_factory=list)

    def serve(self, concurrency: ConcurrencyLimit, requests: int) -> float:
        """The seconds until so many requests are answered, those refused asked again after PAUSE."""
        began, wanted = self.now, self.answers + requests
        left, again = requests, deque[float]()
        ends: list[tuple[float, float, RequestOutcome]] = []
        self._free = [began] * self.slots
        while self.answers < wanted:
            while again and again[0] <= self.now:
                again.popleft()
                left += 1
            while left and concurrency.room(self.now):
                concurrency.sent(self.now)
                left -= 1
                heapq.heappush(ends, self._end())
            if not ends or (again and again[0] < ends[0][0] and concurrency.room(self.now)):
                self.now = again[0]
                continue
            self.now, sent, outcome = heapq.heappop(ends)
            concurrency.ended(outcome, self.now, self.now - sent)
            self.answers += outcome is RequestOutcome.ANSWERED
            self.refusals += outcome is RequestOutcome.REFUSED
            again.extend([self.now + PAUSE] * (outcome is RequestOutcome.REFUSED))
            self.lowest = min(self.lowest, concurrency.limit)
            self.longest = max(self.longest, self.now - sent)
        return self.now - began

    def _end(self) -> tuple[float, float, RequestOutcome]:
        if self.now < self.down_until or (self.refuses and self._free[0] > self.now):
            return self.now + 0.001, self.now, RequestOutcome.REFUSED
        end = max(self.now, self._free[0]) + self.seconds
        heapq.heapreplace(self._free, end)
        return end, self.now, RequestOutcome.ANSWERED


def test_the_slots_of_a_server_that_lets_wait_are_kept_filled() -> None:
    machine, concurrency = Machine(slots=64, seconds=0.05), ConcurrencyLimit(512, 300)
    took = machine.serve(concurrency, 10_000)
    assert 10_000 * 0.05 / 64 / took > 0.97
    assert 64 < concurrency.limit <= 4 * 64


def test_a_server_that_refuses_what_it_has_no_slot_for_is_kept_filled_and_refuses_little() -> None:
    machine, concurrency = Machine(slots=64, seconds=0.05, refuses=True), ConcurrencyLimit(512, 300)
    took = machine.serve(concurrency, 20_000)
    assert 20_000 * 0.05 / 64 / took > 0.9
    assert machine.refusals < 0.15 * machine.answers and concurrency.refusals == machine.refusals


def test_a_server_of_one_slot_is_never_made_to_answer_late() -> None:
    """An answer counts as late after 60 seconds; a queue of 512 would take 512."""
    machine, concurrency = Machine(slots=1, seconds=1.0), ConcurrencyLimit(512, 60)
    machine.serve(concurrency, 600)
    assert machine.longest < 40 and concurrency.limit >= 1


def test_after_a_time_in_which_everything_was_refused_it_is_asked_as_much_as_before() -> None:
    machine, concurrency = Machine(slots=64, seconds=0.05), ConcurrencyLimit(128, 300)
    machine.serve(concurrency, 3_000)
    machine.down_until = machine.now + 2
    machine.serve(concurrency, 500)
    assert machine.lowest < 8
    machine.serve(concurrency, 5_000)
    assert concurrency.limit >= 64


def test_refusals_now_and_then_do_not_slow_it_down() -> None:
    concurrency, now = ConcurrencyLimit(128, 300), 0.0
    flying: deque[float] = deque()
    for number in range(1, 20_001):
        while concurrency.room(now):
            concurrency.sent(now)
            flying.append(now + 0.05)
        now = max(now, flying.popleft())
        concurrency.ended(RequestOutcome.REFUSED if number % 20 == 0 else RequestOutcome.ANSWERED, now, 0.05)
    assert concurrency.limit == 128


def test_the_whole_engine_leaves_a_server_alone_for_as_long_as_it_asks() -> None:
    concurrency = ConcurrencyLimit(8, 300)
    concurrency.sent(0)
    concurrency.sent(0)
    concurrency.ended(RequestOutcome.REFUSED, 1.0, 1.0, retry_after=5)
    concurrency.ended(RequestOutcome.ANSWERED, 1.5, 1.5)
    assert (concurrency.room(2.0), concurrency.quiet_for(2.0)) == (0, 4.0)
    assert concurrency.room(6.0) == 7  # one is left empty until the round is over
    concurrency.sent(6.0)
    concurrency.ended(RequestOutcome.REFUSED, 7.0, 1.0, retry_after=3600)
    assert concurrency.quiet_for(7.0) == 60


@pytest.mark.parametrize("most", [1, 2, 7])
def test_no_more_is_in_flight_than_allowed(most: int) -> None:
    machine, concurrency = Machine(slots=64, seconds=0.05), ConcurrencyLimit(most, 300)
    machine.serve(concurrency, 300)
    assert concurrency.peak == most


@given(
    st.integers(1, 40),
    st.lists(st.tuples(st.sampled_from(RequestOutcome), st.floats(0.001, 100), st.floats(0, 5)), max_size=300),
)
def test_whatever_happens_the_limit_stays_between_one_and_the_most(
    most: int, ends: list[tuple[RequestOutcome, float, float]]
) -> None:
    concurrency, now = ConcurrencyLimit(most, 10), 0.0
    for outcome, seconds, retry_after in ends:
        now += concurrency.quiet_for(now)
        assert concurrency.room(now) >= 1 or concurrency.in_flight
        while concurrency.room(now):
            concurrency.sent(now)
        assert 1 <= concurrency.limit <= most
        now += seconds
        concurrency.ended(outcome, now, seconds, retry_after)
    assert concurrency.peak <= most
