"""What becomes of a submission whose worker fell silent, and of the others meanwhile."""

from pathlib import Path

import pytest

from backend.domain import Progress, Stage
from backend.errors import FailureCode, LedgerBroken, ModelCrash
from backend.submission import Status
from eval_queue.verdict import MOST_ATTEMPTS
from storage.clocks import Clocks
from storage.submissions import Claim, Submissions
from tests.eval_queue.toys import House
from tests.storage.records import Clock, wish


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def claim(house: House) -> Claim:
    held = house.submissions.claim("worker", 60)
    assert held is not None
    return held


def answer(house: House, submission_id: str, answers: int) -> None:
    """So many more answers in the journal, after its first line."""
    path = house.settings.home / "runs" / submission_id / "first.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as journal:
        journal.write(("" if path.stat().st_size else "{}\n") + "{}\n" * answers)


def lose(house: House, stage: Stage | None, answers: int = 0) -> Claim:
    """The worker claims, comes to a stage, adds answers, and falls silent until it is noticed."""
    held = claim(house)
    if stage:
        house.submissions.beat(held, 60, Progress(stage=stage))
    answer(house, held.submission.id, answers)
    house.clock.advance(61)
    assert house.queue.rescue() == 1
    return held


def test_while_answers_are_added_a_lost_worker_costs_no_attempt_and_no_turn(house: House) -> None:
    submission_id = house.submit()
    house.submissions.add(wish("acme/bobs", submitter="bob"), most_open=9)
    for _ in range(3 * MOST_ATTEMPTS):
        lost = lose(house, Stage.PREDICT, answers=2)
        assert lost.submission.id == submission_id and lost.submission.attempt == 1
        found = house.found(submission_id)
        assert (found.status, found.attempt) == (Status.QUEUED, 0)


@pytest.mark.parametrize("stage", [Stage.LOAD, Stage.PREDICT, Stage.SCORE])
def test_a_second_silence_at_a_stage_of_the_model_without_a_new_answer_sets_it_aside(
    house: House, stage: Stage
) -> None:
    submission_id = house.submit()
    lose(house, stage)
    found = house.found(submission_id)
    assert (found.status, found.attempt, found.failure_code) == (Status.QUEUED, 1, None)
    lose(house, stage)
    found = house.found(submission_id)
    assert (found.status, found.failure_code, found.failure_stage) == (
        Status.FAILED,
        FailureCode.QUARANTINED,
        stage,
    )


def test_a_new_answer_between_two_silences_shows_that_the_model_works(house: House) -> None:
    submission_id = house.submit()
    for answers in (0, 1, 0):
        lose(house, Stage.PREDICT, answers)
    assert house.found(submission_id).failure_code is FailureCode.QUARANTINED
    assert [event.attempt for event in house.submissions.events(submission_id)] == [0, 1, 1, 2, 2, 2, 2]


def test_a_worker_that_is_lost_before_anything_of_the_model_runs_is_never_the_models_doing(house: House) -> None:
    submission_id = house.submit()
    for _ in range(MOST_ATTEMPTS - 1):
        lose(house, Stage.DOWNLOAD)
        assert house.found(submission_id).status is Status.QUEUED
    lose(house, None)
    assert house.found(submission_id).failure_code is FailureCode.WORKER_LOST


def test_a_model_that_takes_workers_along_now_here_now_there_comes_to_an_end(house: House) -> None:
    submission_id = house.submit()
    for number in range(MOST_ATTEMPTS):
        assert house.found(submission_id).status is Status.QUEUED
        lose(house, (Stage.LOAD, Stage.PREDICT)[number % 2])
    assert house.found(submission_id).failure_code is FailureCode.WORKER_LOST


def test_all_others_go_before_what_took_its_worker_along(house: House) -> None:
    poison = house.submit("acme/poison")
    own = house.submit("acme/own")
    bobs = house.submissions.add(wish("acme/bobs", submitter="bob"), most_open=9).id
    lose(house, Stage.LOAD)
    assert house.submissions.waiting() == [bobs, own, poison]
    for _ in range(2):
        held = claim(house)
        assert held.submission.id in (bobs, own)
        house.submissions.step(held, Status.FAILED, actor="worker", code=FailureCode.GATED)
    assert lose(house, Stage.LOAD).submission.id == poison
    assert house.found(poison).failure_code is FailureCode.QUARANTINED


def test_all_others_go_before_a_model_that_crashed_once(house: House) -> None:
    poison = house.submit("acme/poison")
    others = [
        house.submissions.add(wish(f"acme/{person}", submitter=person), most_open=9).id
        for person in ("ann", "bob", "bob2", "cid")
    ]
    held = claim(house)
    house.queue.settle(held, ModelCrash(FailureCode.OUT_OF_MEMORY), Stage.PREDICT)
    served = []
    for _ in others:
        good = claim(house)
        served.append(good.submission.id)
        house.submissions.step(good, Status.FAILED, actor="worker", code=FailureCode.GATED)
    assert sorted(served) == sorted(others)
    second = claim(house)
    assert second.submission.id == poison
    house.queue.settle(second, ModelCrash(FailureCode.OUT_OF_MEMORY), Stage.PREDICT)
    assert house.found(poison).failure_code is FailureCode.QUARANTINED


def test_two_rescuers_at_once_rescue_once(house: House) -> None:
    submission_id = house.submit()
    claim(house)
    house.clock.advance(61)

    class Slow(Submissions):
        """Its rescuer reads, and acts only after the other one has acted and the submission is claimed again."""

        def claimed(self, *, expired_only: bool) -> list:  # type: ignore[type-arg]
            found = super().claimed(expired_only=expired_only)
            assert house.queue.rescue() == 1
            claim(house)
            return found

    other = House(house.settings.home)
    other.queue._submissions = Slow(house.settings.home / "queue.sqlite", house.clock.pair)
    assert other.queue.rescue() == 0
    assert house.found(submission_id).status is Status.RUNNING and house.found(submission_id).attempt == 2


def test_a_rescue_goes_on_while_the_ledger_is_broken(house: House) -> None:
    (house.settings.home / "ledger.jsonl").write_bytes(b"{}\n")
    with pytest.raises(LedgerBroken):
        house.ledger.verify()
    submission_id = house.submit()
    lose(house, Stage.LOAD)
    assert house.found(submission_id).status is Status.QUEUED


@pytest.mark.parametrize("jump", [2 * 3600.0, -2 * 3600.0])
def test_the_wall_clock_may_jump_and_lease_delay_and_pause_last_as_long_as_they_were_to(
    tmp_path: Path, jump: float
) -> None:
    wall, steady = Clock(), Clock(5_000.0)
    store = Submissions(tmp_path / "queue.sqlite", Clocks(wall, steady))
    for name in ("one", "two"):
        store.add(wish(f"acme/{name}"), most_open=9)
    first, second = store.claim("worker", 60), store.claim("worker", 60)
    assert first is not None and second is not None
    store.step(first, Status.QUEUED, actor="worker", delay=30)
    wall.advance(jump)
    assert store.claimed(expired_only=True) == [] and store.claim("worker", 60) is None
    steady.advance(29)
    assert store.claimed(expired_only=True) == [] and store.claim("worker", 60) is None
    steady.advance(1)
    assert store.claim("worker", 60) is not None
    store.add(wish("acme/three"), most_open=9)
    store.pause("The disk is full.", 60)
    wall.advance(-jump)
    assert store.claim("worker", 60) is None and store.claimed(expired_only=True) == []
    steady.advance(31)
    assert [lost.id for lost in store.claimed(expired_only=True)] == [second.submission.id]
    steady.advance(29)
    assert store.claim("worker", 60) is not None


def test_after_a_restart_of_the_machine_no_lease_delay_or_pause_of_before_holds(tmp_path: Path) -> None:
    steady = Clock(500_000.0)
    store = Submissions(tmp_path / "queue.sqlite", Clocks(Clock(), steady))
    for name in ("one", "two"):
        store.add(wish(f"acme/{name}"), most_open=9)
    first, second = store.claim("worker", 60), store.claim("worker", 60)
    assert first is not None and second is not None
    store.step(first, Status.QUEUED, actor="worker", delay=3_000)
    store.seen()
    store.pause("The disk is full.", 3_000)
    steady.now = 12.0
    assert [lost.id for lost in store.claimed(expired_only=True)] == [second.submission.id]
    assert store.pulse().silent_seconds is None and not store.pulse().alive
    again = store.claim("worker", 60)
    assert again is not None and again.submission.id == first.submission.id
