"""The queue's rules once more, as plain as they can be said: what the real one is held against."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from backend.domain import Stage
from backend.errors import FailureCode, ModelCrash, ModelFault, OperatorFault, PassingFault
from backend.submission import Status

DAY = 24 * 3600
HOUR = 3600
LEASE = 60
WEEK = 7 * DAY
WEEKLY = 4
GIVEN_BACK = float("-inf")
OUR_FAULTS = {
    FailureCode.INTERNAL_ERROR,
    FailureCode.WORKER_LOST,
    FailureCode.DOWNLOAD_ERROR,
    FailureCode.ENDPOINT_ERROR,
}
MOST_ATTEMPTS = 5
OPEN = {Status.RECEIVED, Status.QUEUED, Status.RUNNING, Status.SCORING}
HELD = {Status.RUNNING, Status.SCORING}
FAULTS = (
    ModelFault(FailureCode.TEMPLATE_ERROR),
    ModelCrash(FailureCode.OUT_OF_MEMORY),
    PassingFault(FailureCode.ENDPOINT_ERROR),
    OperatorFault("/secret", public="The GPU is gone."),
    RuntimeError("anything"),
)


@dataclass
class Known:
    """What must be true of one submission."""

    id: str
    number: int
    person: str
    model: str
    created: float
    updated: float
    supersedes: str | None = None
    status: Status = Status.QUEUED
    attempt: int = 0
    started: float | None = None
    code: FailureCode | None = None
    crashed_stage: Stage | None = None
    lost: tuple[Stage | None, int] = (None, 0)
    suspect: bool = False
    stage: Stage | None = None
    answers: int = 0
    lease_until: float | None = None
    not_before: float = 0
    events: list[Status] = field(default_factory=lambda: [Status.QUEUED])
    admitted: list[float] = field(default_factory=list)  # when it joined the queue at the cost of its person's week

    def step(self, status: Status, wall: float) -> None:
        """One step on."""
        self.status, self.updated = status, wall
        self.events.append(status)

    def begin(self, wall: float, steady: float) -> None:
        """It is claimed."""
        self.step(Status.RUNNING, wall)
        self.attempt += 1
        self.started, self.lease_until = wall, steady + LEASE
        self.code = self.stage = None

    def give_back(self, wall: float, *, refund: bool, not_before: float = 0) -> None:
        """It waits again."""
        self.step(Status.QUEUED, wall)
        self.not_before, self.code = not_before, None
        if refund:
            self.attempt -= 1
            self.started = None

    def fail(self, code: FailureCode, wall: float) -> None:
        """It failed."""
        self.step(Status.FAILED, wall)
        self.code = code
        self.give_its_turn_back(ours=code in OUR_FAULTS)

    def cancel(self, wall: float) -> None:
        """It was cancelled."""
        self.step(Status.CANCELLED, wall)
        self.code, self.not_before = FailureCode.CANCELLED, 0
        self.give_its_turn_back(ours=False)

    def give_its_turn_back(self, *, ours: bool) -> None:
        """It ended in vain: that costs its person nothing if it had not begun, or through a fault of ours."""
        if self.admitted and (ours or self.started is None or self.started < self.admitted[-1]):
            self.admitted[-1] = GIVEN_BACK

    def start_afresh(self, wall: float, *, counts: bool) -> None:
        """It is retried."""
        self.admitted += [wall] if counts else []
        self.step(Status.QUEUED, wall)
        self.attempt, self.not_before, self.code = 0, 0, None
        self.crashed_stage, self.lost, self.suspect = None, (None, 0), False

    def settle(self, fault: Exception, stage: Stage, wall: float, due: float) -> None:
        """A fault stopped it; `due` is when it may go on."""
        match fault:
            case ModelFault():
                self.fail(fault.code, wall)
            case ModelCrash() if self.crashed_stage is stage or self.attempt >= MOST_ATTEMPTS:
                self.fail(FailureCode.QUARANTINED, wall)
            case ModelCrash():
                self.crashed_stage, self.suspect = stage, True
                self.give_back(wall, refund=False)
            case PassingFault() if self.attempt >= MOST_ATTEMPTS:
                self.fail(fault.code, wall)
            case PassingFault():
                self.give_back(wall, refund=False, not_before=due)
            case OperatorFault():
                self.give_back(wall, refund=True, not_before=due)
            case _:
                self.fail(FailureCode.INTERNAL_ERROR, wall)

    def fall_silent(self, wall: float) -> None:
        """Its worker was not heard of for the length of a lease."""
        stage, (lost_stage, lost_answers) = self.stage or Stage.DOWNLOAD, self.lost
        self.lost = (stage, self.answers)
        by_model = stage in {Stage.LOAD, Stage.PREDICT, Stage.SCORE}
        if self.answers > lost_answers:
            self.give_back(wall, refund=True)
        elif by_model and stage is lost_stage:
            self.fail(FailureCode.QUARANTINED, wall)
        elif self.attempt < MOST_ATTEMPTS:
            self.suspect = self.suspect or by_model
            self.give_back(wall, refund=False)
        else:
            self.fail(FailureCode.WORKER_LOST, wall)

    def lease_holds(self, steady: float) -> bool:
        """Whether its worker may still be at work; a lease with more than its length left is of an earlier start."""
        return self.lease_until is not None and steady <= self.lease_until <= steady + LEASE


def is_ahead(moment: float | None, steady: float) -> bool:
    """Whether a moment is still to come; one that is more than an hour off is of an earlier start."""
    return moment is not None and steady < moment <= steady + HOUR


def counted(all_of_them: Iterable[Known], person: str, wall: float) -> int:
    """How much of their week a person has used."""
    return sum(at > wall - WEEK for one in all_of_them if one.person == person for at in one.admitted)


def order(all_of_them: Iterable[Known], wall: float) -> list[Known]:
    """Those who wait, next first."""
    every = list(all_of_them)
    waiting = [one for one in every if one.status is Status.QUEUED]

    def turns(person: str) -> int:
        others = [one.created for one in waiting if one.person != person]
        since = min([wall - DAY, *others])
        return sum(one.person == person and one.started is not None and one.started > since for one in every)

    def doubtful(one: Known) -> bool:
        return one.suspect and one.updated > wall - DAY

    def place(one: Known) -> tuple[bool, int, int]:
        before = sum(
            other.person == one.person and (doubtful(other), other.number) < (doubtful(one), one.number)
            for other in waiting
        )
        return doubtful(one), turns(one.person) + before, one.number

    return sorted(waiting, key=place)
