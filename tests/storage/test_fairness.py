"""Nobody waits for ever, and nobody waits for the hundred models of somebody else."""

import os
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.errors import FailureCode
from backend.submission import Status
from storage.submissions import Submissions
from tests.storage.records import Clock, wish

MANY = 1_000
PEOPLE = 20
EXAMPLES = int(os.environ.get("FAIRNESS_EXAMPLES", "5"))
HOUR = 3600.0
MEMORY = Path("/dev/shm")


class Line:
    """A queue in which each evaluation takes its time and ends."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.store = Submissions(path, self.clock.pair)
        self.started: list[str] = []

    def arrive(self, submission_id: str, person: str) -> None:
        asked = wish(f"acme/{submission_id}", submitter=person, submission_id=submission_id)
        self.store.add(asked, most_open=10_000)
        self.clock.advance(0.001)

    def serve(self, seconds: float) -> str | None:
        """The next, from its start to its end."""
        claim = self.store.claim("worker", 60)
        if claim is None:
            return None
        self.started.append(claim.submission.id)
        self.clock.advance(seconds)
        self.store.step(claim, Status.FAILED, actor="worker", code=FailureCode.GATED)
        return claim.submission.id


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path / "queue.sqlite")


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    arrivals=st.lists(st.integers(0, MANY + PEOPLE), min_size=PEOPLE, max_size=PEOPLE),
    hours=st.sampled_from([0.01, 1.0, 7.0, 30.0]),
    served=st.integers(0, 1),
)
def test_twenty_people_with_one_model_each_all_start_before_the_third_of_one_persons_thousand(
    arrivals: list[int], hours: float, served: int
) -> None:
    """However their arrivals are mixed, however long an evaluation takes, and with up to one served before the last."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        line = Line(Path(folder, "queue.sqlite"))
        people = sorted(enumerate(arrivals), key=lambda each: each[1])
        for number in range(MANY):
            while people and people[0][1] <= number:
                who, _ = people.pop(0)
                line.arrive(f"one-{who}", f"person-{who}")
            line.arrive(f"many-{number}", "zoe")
            if number == MANY // 2 and served:
                line.serve(hours * HOUR)
        for who, _ in people:
            line.arrive(f"one-{who}", f"person-{who}")
        for _ in range(PEOPLE + 3):
            line.serve(hours * HOUR)
        third = line.started.index([one for one in line.started if one.startswith("many")][2])
        assert {one for one in line.started[:third] if one.startswith("one")} == {f"one-{who}" for who in range(PEOPLE)}


def test_somebody_who_had_a_turn_is_not_kept_waiting_for_ever_by_those_who_had_none(line: Line) -> None:
    """A newcomer before each turn, for ever: after a day the turns that were had are forgotten, and then it is FIFO."""
    line.arrive("first", "ann")
    line.serve(HOUR)
    line.arrive("second", "ann")
    for number in range(200):
        line.arrive(f"new-{number}", f"newcomer-{number}")
        if line.serve(HOUR) == "second":
            break
    assert line.started[-1] == "second" and len(line.started) <= 26


def test_a_growing_line_of_newcomers_does_not_push_anybody_back_for_ever(line: Line) -> None:
    """Two newcomers per turn: whoever came first goes on, for those who came later do not count against them."""
    line.arrive("first", "ann")
    line.serve(HOUR)
    line.arrive("second", "ann")
    for number in range(150):
        for twin in "ab":
            line.arrive(f"new-{number}{twin}", f"newcomer-{number}{twin}")
        if line.serve(HOUR) == "second":
            break
    assert line.started[-1] == "second" and len(line.started) <= 60


def test_a_thousand_in_line_all_start_and_each_persons_in_their_order(line: Line) -> None:
    dice = random.Random(7)
    line_of = {person: [f"{person}-{number}" for number in range(60 // (person + 1))] for person in range(6)}
    arrivals = [(person, one) for person, ones in line_of.items() for one in ones]
    dice.shuffle(arrivals)
    arrivals.sort(key=lambda each: int(each[1].split("-")[1]))
    for person, one in arrivals:
        line.arrive(one, str(person))
    while line.serve(dice.uniform(60, 40 * HOUR)):
        continue
    assert len(line.started) == len(arrivals)
    for ones in line_of.values():
        assert [one for one in line.started if one in ones] == ones
