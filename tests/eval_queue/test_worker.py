"""The worker publishes once, keeps every answer, and stops when it is told to."""

import errno
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from backend.domain import Edition, Example, Model, Prompt, Stage
from backend.errors import (
    DataMissing,
    FailureCode,
    ModelCrash,
    ModelFault,
    OperatorFault,
    PassingFault,
)
from backend.submission import Status
from eval_queue.estimates import REST
from eval_queue.queue import Queue
from eval_queue.schedule import run_worker, run_worker_once
from eval_queue.verdict import MOST_ATTEMPTS
from eval_queue.worker import Heartbeat, Worker
from storage.ledger import Ledger
from storage.submissions import Claim, Submissions
from tests.eval_queue.toys import House, no_hub, say_yes, toy_engine
from tests.storage.records import result_of, toy_result, toy_task
from tests.waiting import wait_for

CANARY = "CANARY-TEXT"
ASKED = 6
PATIENCE = 30


def fail_at(example_id: str, fault: BaseException) -> Callable[[Prompt, Event], str]:
    """Says yes until that example, and raises there."""

    def answer(prompt: Prompt, halt: Event) -> str:
        if prompt.example_id == example_id:
            raise fault
        return "yes"

    return answer


class Gate:
    """Holds the model at one example until it is opened or the evaluation is halted."""

    def __init__(self, example_id: str) -> None:
        self.reached, self.open = Event(), Event()
        self._example_id = example_id

    def __call__(self, prompt: Prompt, halt: Event) -> str:
        if prompt.example_id == self._example_id:
            self.reached.set()
            wait_for(lambda: halt.is_set() or self.open.is_set())
        return "yes"


def everywhere(home: Path) -> bytes:
    """Every byte of every file of a home."""
    return b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_with_nothing_waiting_there_is_nothing_to_do(house: House) -> None:
    assert house.worker().run_next() is False


def test_a_submission_is_evaluated_and_published_once(house: House) -> None:
    submission_id = house.submit()
    assert house.worker().run_next() is True
    found = house.found(submission_id)
    assert (found.status, found.attempt, found.failure_code) == (Status.FINISHED, 1, None)
    assert found.note == "published as line 1" and house.published() == [submission_id]
    (entry, _), *_ = house.ledger.read()
    result = result_of(entry)
    assert result.model == found.model and result.edition is Edition.REHEARSAL
    assert [(run.task, run.task_score.value) for run in result.runs] == [("first", 100.0), ("second", 100.0)]
    assert len(house.answers(submission_id)) == ASKED
    steps = [event.status for event in house.submissions.events(submission_id)]
    assert steps == [Status.QUEUED, Status.RUNNING, Status.SCORING, Status.FINISHED]
    assert house.worker().run_next() is False and house.submissions.pulse().seen_at is not None


def test_the_files_are_fetched_only_for_an_engine_that_needs_them(house: House) -> None:
    fetched: list[Model] = []

    def download(model: Model, halt: Event, report: Callable[[int, int], None]) -> Path:
        fetched.append(model)
        return house.settings.home

    house.submit("acme/one")
    house.worker(download=download).run_next()
    assert fetched == []
    house.submit("acme/two")
    house.worker(toy_engine(needs_files=True), download).run_next()
    assert [model.hub_id for model in fetched] == ["acme/two"]


FAULTS = [
    (ModelFault(FailureCode.TEMPLATE_ERROR), Status.FAILED, FailureCode.TEMPLATE_ERROR, 1, None),
    (ModelCrash(FailureCode.OUT_OF_MEMORY), Status.QUEUED, None, 1, None),
    (PassingFault(FailureCode.ENDPOINT_ERROR), Status.QUEUED, None, 1, None),
    (OperatorFault("/secret", public="The GPU is gone."), Status.QUEUED, None, 0, "The GPU is gone."),
    (DataMissing("/secret", public="A file is missing."), Status.QUEUED, None, 0, "A file is missing."),
    (OSError(errno.ENOSPC, CANARY), Status.QUEUED, None, 0, "This installation's disk is full or failing"),
    (RuntimeError(CANARY), Status.FAILED, FailureCode.INTERNAL_ERROR, 1, None),
    (ValueError(CANARY), Status.FAILED, FailureCode.INTERNAL_ERROR, 1, None),
]


@pytest.mark.parametrize(("fault", "status", "code", "attempt", "paused"), FAULTS, ids=lambda one: type(one).__name__)
def test_a_fault_in_the_middle_ends_in_its_state_and_keeps_every_answer(
    house: House, fault: Exception, status: Status, code: FailureCode | None, attempt: int, paused: str | None
) -> None:
    submission_id = house.submit()
    house.worker(toy_engine(fail_at("second-1", fault))).run_next()
    found = house.found(submission_id)
    assert (found.status, found.failure_code, found.attempt) == (status, code, attempt)
    assert found.failure_stage is Stage.PREDICT
    assert (house.submissions.pulse().paused or "").startswith(paused or "") and "/secret" not in (found.note or "")
    assert bool(house.submissions.pulse().paused) is bool(paused)
    assert len(house.answers(submission_id)) == 4 and house.published() == []
    if status is Status.FAILED:
        house.queue.retry(submission_id, "ann")
    house.clock.advance(3600)
    asked: list[str] = []
    house.worker(toy_engine(asked=asked)).run_next()
    assert house.found(submission_id).status is Status.FINISHED and asked == ["second-1", "second-2"]
    assert house.submissions.pulse().paused is None


def test_a_fault_at_load_is_told_as_one(house: House) -> None:
    submission_id = house.submit()
    house.worker(toy_engine(fault_at_load=ModelFault(FailureCode.NO_TOKENIZER))).run_next()
    assert house.found(submission_id).failure_stage is Stage.LOAD


def test_a_fault_of_the_download_is_told_as_one(house: House) -> None:
    def download(model: Model, halt: Event, report: Callable[[int, int], None]) -> Path:
        raise ModelFault(FailureCode.NOT_FOUND)

    submission_id = house.submit()
    house.worker(toy_engine(needs_files=True), download).run_next()
    assert house.found(submission_id).failure_stage is Stage.DOWNLOAD


def test_a_model_that_crashes_twice_is_set_aside_and_the_next_one_is_served(house: House) -> None:
    poison, good = house.submit("acme/poison"), house.submit("acme/good")
    crashing = toy_engine(fail_at("first-0", ModelCrash(FailureCode.OUT_OF_MEMORY)))
    house.worker(crashing).run_next()
    assert house.submissions.waiting() == [good, poison]
    house.worker().run_next()
    assert house.found(good).status is Status.FINISHED
    house.worker(crashing).run_next()
    assert house.found(poison).failure_code is FailureCode.QUARANTINED


def test_a_passing_fault_that_does_not_pass_fails_after_the_last_attempt(house: House) -> None:
    submission_id = house.submit()
    for attempt in range(1, MOST_ATTEMPTS + 1):
        house.worker(toy_engine(fault_at_load=PassingFault(FailureCode.ENDPOINT_ERROR))).run_next()
        assert house.found(submission_id).attempt == attempt
        house.clock.advance(3600)
    assert house.found(submission_id).failure_code is FailureCode.ENDPOINT_ERROR
    assert house.worker().run_next() is False


def test_a_broken_ledger_publishes_nothing_and_pauses_until_it_is_mended(house: House) -> None:
    house.ledger.append("before", toy_result("acme/before"))
    path = house.settings.home / "ledger.jsonl"
    good = path.read_bytes()
    path.write_bytes(good.replace(b'"toy"', b'"boy"'))
    submission_id = house.submit()
    house.worker().run_next()
    found = house.found(submission_id)
    assert (found.status, found.attempt) == (Status.QUEUED, 0)
    assert "line 1" in (house.submissions.pulse().paused or "")
    path.write_bytes(good)
    house.clock.advance(3600)
    house.ledger = Ledger(path)
    house.worker().run_next()
    assert house.found(submission_id).status is Status.FINISHED and house.published() == ["before", submission_id]


def test_a_cancelled_run_stops_and_writes_nothing_more(house: House) -> None:
    submission_id, gate = house.submit(), Gate("first-2")
    worker = Thread(target=house.worker(toy_engine(gate)).run_next)
    worker.start()
    assert gate.reached.wait(PATIENCE)
    house.queue.cancel(submission_id, "ann")
    worker.join(PATIENCE)
    assert not worker.is_alive() and not gate.open.is_set()
    found = house.found(submission_id)
    assert (found.status, found.failure_code) == (Status.CANCELLED, FailureCode.CANCELLED)
    assert house.published() == [] and len(house.answers(submission_id)) <= 3
    steps = [event.status for event in house.submissions.events(submission_id)]
    assert steps == [Status.QUEUED, Status.RUNNING, Status.CANCELLED]


def test_a_worker_that_slept_through_its_lease_publishes_nothing(house: House) -> None:
    submission_id, gate = house.submit(), Gate("second-2")
    sleeper = Thread(target=house.worker(toy_engine(gate)).run_next)
    sleeper.start()
    assert gate.reached.wait(PATIENCE)
    house.clock.advance(120)
    lost = house.found(submission_id)
    assert house.submissions.step_unclaimed(lost, Status.QUEUED, actor="system")
    other = house.submissions.claim("another", 60)
    assert other is not None
    gate.open.set()
    sleeper.join(PATIENCE)
    assert not sleeper.is_alive() and house.published() == []
    assert house.found(submission_id).status is Status.RUNNING
    house.submissions.beat(other, 60, None)


def test_going_down_gives_the_submission_back_without_using_an_attempt(house: House) -> None:
    submission_id, gate = house.submit(), Gate("second-0")
    worker = Thread(target=house.worker(toy_engine(gate)).run_next)
    worker.start()
    assert gate.reached.wait(PATIENCE)
    house.stop.set()
    worker.join(PATIENCE)
    found = house.found(submission_id)
    assert not worker.is_alive() and (found.status, found.attempt) == (Status.QUEUED, 0)
    house.stop.clear()
    asked: list[str] = []
    house.worker(toy_engine(asked=asked)).run_next()
    assert house.found(submission_id).status is Status.FINISHED
    assert "first-0" not in asked and len(house.answers(submission_id)) == ASKED


def test_a_worker_told_to_stop_does_not_take_the_same_submission_again(house: House) -> None:
    submission_id, gate = house.submit(), Gate("first-1")
    told: list[int] = []
    once = Thread(target=lambda: told.append(run_worker_once(house.worker(toy_engine(gate)), house.queue)), daemon=True)
    once.start()
    assert gate.reached.wait(PATIENCE)
    house.stop.set()
    once.join(PATIENCE / 3)
    assert not once.is_alive() and told == [1]
    assert house.found(submission_id).status is Status.QUEUED


def test_a_crash_between_ledger_and_queue_leaves_one_line(house: House) -> None:
    class Dying(Submissions):
        """Dies when the ledger has its line and the queue has not."""

        def step(self, claim: Claim, status: Status, **kwargs: Any) -> None:
            if status is Status.FINISHED:
                with self.holding(claim):
                    kwargs["write"]()
                    raise KeyboardInterrupt
            super().step(claim, status, **kwargs)

    submission_id = house.submit()
    dying = Dying(house.settings.home / "queue.sqlite", house.clock.pair)
    real, house.submissions = house.submissions, dying
    with pytest.raises(KeyboardInterrupt):
        house.worker().run_next()
    house.submissions = real
    assert house.published() == [submission_id] and house.found(submission_id).status is Status.SCORING
    assert house.queue.rescue(all_claimed=True) == 1
    asked: list[str] = []
    house.worker(toy_engine(asked=asked)).run_next()
    assert house.published() == [submission_id] and asked == []
    assert house.found(submission_id).status is Status.FINISHED


@pytest.mark.parametrize("at", ["predict", "load", "score"])
def test_a_text_in_an_exception_reaches_no_database_ledger_or_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, at: str
) -> None:
    caplog.set_level(logging.DEBUG)
    fault = RuntimeError(f"cannot render: {CANARY}")
    engine = {
        "predict": toy_engine(fail_at("first-1", fault)),
        "load": toy_engine(fault_at_load=fault),
        "score": toy_engine(),
    }[at]

    def read(text: str, example: Example) -> str:
        raise fault

    task = toy_task("first")
    if at == "score":
        task = type(task)(**{name: getattr(task, name) for name in type(task).__slots__} | {"answer": read})
    house = House(tmp_path, engine=engine, tasks=[task])
    submission_id = house.submit()
    house.worker().run_next()
    assert house.found(submission_id).failure_code is FailureCode.INTERNAL_ERROR
    assert "RuntimeError" in [getattr(record, "fault", None) for record in caplog.records]
    assert CANARY not in caplog.text and CANARY.encode() not in everywhere(tmp_path)


def test_a_text_in_an_exception_stays_inside_even_when_noting_the_failure_fails(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(Submissions):
        """Has no room for a failure."""

        def step(self, claim: Claim, status: Status, **kwargs: Any) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    full = Full(house.settings.home / "queue.sqlite", house.clock.pair)
    submission_id = house.submit()
    worker = house.worker(toy_engine(fail_at("first-1", RuntimeError(CANARY))))
    queue = Queue(full, house.ledger, house.settings, no_hub)
    worker = Worker(**{name: getattr(worker, name) for name in Worker.__slots__} | {"queue": queue})
    try:
        worker.run_next()
    except sqlite3.OperationalError:
        logging.getLogger("scheduler").exception("the job failed")
    assert "disk is full" in caplog.text and CANARY not in caplog.text
    assert house.found(submission_id).status is Status.RUNNING
    house.clock.advance(61)
    assert house.queue.rescue() == 1


def test_a_heartbeat_that_meets_a_busy_database_beats_again(tmp_path: Path) -> None:
    class Busy(Submissions):
        """Cannot be written to the first few times."""

        refused = 0

        def beat(self, *args: Any) -> None:
            if self.refused < 3:
                self.refused += 1
                raise sqlite3.OperationalError("database is locked")
            super().beat(*args)

    house = House(tmp_path, lease_seconds=0.4)
    busy = Busy(tmp_path / "queue.sqlite", house.clock.pair)
    submission_id = house.submit()
    claim = busy.claim("worker", 0.4)
    assert claim is not None
    with Heartbeat(claim, busy, house.settings, house.stop) as heartbeat:
        wait_for(lambda: busy.refused == 3 and house.found(submission_id).progress is not None)
        assert not heartbeat.halt.is_set()
        house.queue.cancel(submission_id, "ann")
        wait_for(heartbeat.halt.is_set)


def test_a_claim_lost_just_before_publishing_publishes_nothing(house: House) -> None:
    submission_id = house.submit()
    engine = toy_engine(say_yes)

    class Thief(Submissions):
        """Gives the claim to somebody else at the last moment."""

        def step(self, claim: Claim, status: Status, **kwargs: Any) -> None:
            if status is Status.FINISHED:
                assert self.step_unclaimed(house.found(submission_id), Status.QUEUED, actor="system")
                assert self.claim("another", 60) is not None
            super().step(claim, status, **kwargs)

    house.submissions, real = Thief(house.settings.home / "queue.sqlite", house.clock.pair), house.submissions
    house.worker(engine).run_next()
    house.submissions = real
    assert house.published() == [] and house.found(submission_id).status is Status.RUNNING
    assert [event.actor for event in house.submissions.events(submission_id)][-1] == "another"


def test_the_schedule_rescues_serves_and_ends_when_told(house: House) -> None:
    left = house.submit("acme/left")
    assert house.submissions.claim("a worker that is no more", 3600) is not None
    new = house.submit("acme/new")
    settings = house.settings.model_copy(update={"tick_seconds": 0.1})
    arguments = (house.worker(), house.queue, house.submissions, settings, house.stop)
    schedule = Thread(target=run_worker, args=arguments)
    schedule.start()
    try:
        wait_for(lambda: all(house.found(one).status is Status.FINISHED for one in (left, new)))
    finally:
        house.stop.set()
        schedule.join(PATIENCE)
    assert not schedule.is_alive() and sorted(house.published()) == sorted([left, new])


def test_what_each_task_and_the_rest_took_is_kept_for_estimates(house: House) -> None:
    house.submit()
    house.worker().run_next()
    kept = {(spent.task, spent.items) for spent in house.submissions.spent()}
    assert kept == {("first", 3), ("second", 3), (REST, 1)}
    assert all(spent.seconds >= 0 and spent.engine == "toy" for spent in house.submissions.spent())
