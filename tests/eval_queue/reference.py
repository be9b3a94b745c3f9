"""The queue's rules once more, as plain as they can be said: what the real one is held against."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from backend.domain import Stage
from backend.errors import FailureCode, ModelCrash, ModelFault, OperatorFault, PassingFault
from backend.submission import Status

DAY = 24 * 3600
HOUR = 3600
LEASE = 60
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

    def start_afresh(self, wall: float) -> None:
        """It is retried."""
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
