"""How much a server is asked at once, played through against servers that take no time to play."""

import heapq
from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.engines.served.pace import Outcome, Pace

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

    def serve(self, pace: Pace, requests: int) -> float:
        """The seconds until so many requests are answered, those refused asked again after PAUSE."""
        began, wanted = self.now, self.answers + requests
        left, again = requests, deque[float]()
        ends: list[tuple[float, float, Outcome]] = []
        self._free = [began] * self.slots
        while self.answers < wanted:
            while again and again[0] <= self.now:
                again.popleft()
                left += 1
            while left and pace.room(self.now):
                pace.sent(self.now)
                left -= 1
                heapq.heappush(ends, self._end())
            if not ends or (again and again[0] < ends[0][0] and pace.room(self.now)):
                self.now = again[0]
                continue
            self.now, sent, outcome = heapq.heappop(ends)
            pace.ended(outcome, self.now, self.now - sent)
            self.answers += outcome is Outcome.ANSWERED
            self.refusals += outcome is Outcome.REFUSED
            again.extend([self.now + PAUSE] * (outcome is Outcome.REFUSED))
            self.lowest = min(self.lowest, pace.limit)
            self.longest = max(self.longest, self.now - sent)
        return self.now - began

    def _end(self) -> tuple[float, float, Outcome]:
        if self.now < self.down_until or (self.refuses and self._free[0] > self.now):
            return self.now + 0.001, self.now, Outcome.REFUSED
        end = max(self.now, self._free[0]) + self.seconds
        heapq.heapreplace(self._free, end)
        return end, self.now, Outcome.ANSWERED


def test_the_slots_of_a_server_that_lets_wait_are_kept_filled() -> None:
    machine, pace = Machine(slots=64, seconds=0.05), Pace(512, 300)
    took = machine.serve(pace, 10_000)
    assert 10_000 * 0.05 / 64 / took > 0.97
    assert 64 < pace.limit <= 4 * 64


def test_a_server_that_refuses_what_it_has_no_slot_for_is_kept_filled_and_refuses_little() -> None:
    machine, pace = Machine(slots=64, seconds=0.05, refuses=True), Pace(512, 300)
    took = machine.serve(pace, 20_000)
    assert 20_000 * 0.05 / 64 / took > 0.9
    assert machine.refusals < 0.15 * machine.answers and pace.refusals == machine.refusals


def test_a_server_of_one_slot_is_never_made_to_answer_late() -> None:
    """An answer counts as late after 60 seconds; a queue of 512 would take 512."""
    machine, pace = Machine(slots=1, seconds=1.0), Pace(512, 60)
    machine.serve(pace, 600)
    assert machine.longest < 40 and pace.limit >= 1


def test_after_a_time_in_which_everything_was_refused_it_is_asked_as_much_as_before() -> None:
    machine, pace = Machine(slots=64, seconds=0.05), Pace(128, 300)
    machine.serve(pace, 3_000)
    machine.down_until = machine.now + 2
    machine.serve(pace, 500)
    assert machine.lowest < 8
    machine.serve(pace, 5_000)
    assert pace.limit >= 64


def test_refusals_now_and_then_do_not_slow_it_down() -> None:
    pace, now = Pace(128, 300), 0.0
    flying: deque[float] = deque()
    for number in range(1, 20_001):
        while pace.room(now):
            pace.sent(now)
            flying.append(now + 0.05)
        now = max(now, flying.popleft())
        pace.ended(Outcome.REFUSED if number % 20 == 0 else Outcome.ANSWERED, now, 0.05)
    assert pace.limit == 128


def test_the_whole_engine_leaves_a_server_alone_for_as_long_as_it_asks() -> None:
    pace = Pace(8, 300)
    pace.sent(0)
    pace.sent(0)
    pace.ended(Outcome.REFUSED, 1.0, 1.0, retry_after=5)
    pace.ended(Outcome.ANSWERED, 1.5, 1.5)
    assert (pace.room(2.0), pace.quiet_for(2.0)) == (0, 4.0)
    assert pace.room(6.0) == 7  # one is left empty until the round is over
    pace.sent(6.0)
    pace.ended(Outcome.REFUSED, 7.0, 1.0, retry_after=3600)
    assert pace.quiet_for(7.0) == 60


@pytest.mark.parametrize("most", [1, 2, 7])
def test_no_more_is_in_flight_than_allowed(most: int) -> None:
    machine, pace = Machine(slots=64, seconds=0.05), Pace(most, 300)
    machine.serve(pace, 300)
    assert pace.peak == most


@given(
    st.integers(1, 40),
    st.lists(st.tuples(st.sampled_from(Outcome), st.floats(0.001, 100), st.floats(0, 5)), max_size=300),
)
def test_whatever_happens_the_limit_stays_between_one_and_the_most(
    most: int, ends: list[tuple[Outcome, float, float]]
) -> None:
    pace, now = Pace(most, 10), 0.0
    for outcome, seconds, retry_after in ends:
        now += pace.quiet_for(now)
        assert pace.room(now) >= 1 or pace.in_flight
        while pace.room(now):
            pace.sent(now)
        assert 1 <= pace.limit <= most
        now += seconds
        pace.ended(outcome, now, seconds, retry_after)
    assert pace.peak <= most
