"""What a failure means, and what operators, submitters and the clock may do to a submission."""

import errno
from pathlib import Path

import pytest

from backend import hub as hub_module
from backend.domain import Model, Stage
from backend.errors import (
    DataMissing,
    FailureCode,
    HomeInUse,
    LedgerBroken,
    ModelCrash,
    ModelFault,
    OperatorFault,
    PassingFault,
    UsageError,
)
from backend.submission import OPERATOR, Status, Submission
from eval_queue.queue import Queue
from eval_queue.verdict import MOST_ATTEMPTS, OPERATOR_PAUSE_SECONDS, Verdict, judge
from storage.submissions import Claim
from tests.eval_queue.toys import House
from tests.loopback.hub import LoopbackHub
from tests.storage.records import wish

CANARY = "CANARY-TEXT"
RETRY_SECONDS = 8.0


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def held(attempt: int = 1, crashed_stage: Stage | None = None) -> Claim:
    submission = wish(status=Status.RUNNING)
    fields = {name: getattr(submission, name) for name in Submission.__slots__}
    return Claim(submission=Submission(**fields | {"attempt": attempt}), token="t", crashed_stage=crashed_stage)


def verdict(
    fault: BaseException, *, attempt: int = 1, crashed: Stage | None = None, stage: Stage = Stage.PREDICT
) -> Verdict:
    return judge(fault, held(attempt, crashed), stage, RETRY_SECONDS)


@pytest.mark.parametrize("code", list(FailureCode))
def test_a_fault_of_the_model_fails_at_once_under_its_code(code: FailureCode) -> None:
    given = verdict(ModelFault(code))
    assert (given.status, given.code, given.crashed, given.refund, given.pause) == (
        Status.FAILED,
        code,
        False,
        False,
        None,
    )
    assert code.sentence in given.note


@pytest.mark.parametrize("crashed", [None, Stage.LOAD, Stage.SCORE])
def test_a_first_crash_at_a_stage_is_tried_once_more(crashed: Stage | None) -> None:
    given = verdict(ModelCrash(FailureCode.OUT_OF_MEMORY), crashed=crashed, attempt=2)
    assert (given.status, given.crashed, given.code, given.refund) == (Status.QUEUED, True, None, False)


def test_a_second_crash_at_the_same_stage_is_quarantined() -> None:
    given = verdict(ModelCrash(FailureCode.OUT_OF_MEMORY), crashed=Stage.PREDICT, attempt=2)
    assert (given.status, given.code) == (Status.FAILED, FailureCode.QUARANTINED)


def test_a_model_that_crashes_now_here_now_there_does_not_go_on_for_ever() -> None:
    given = verdict(ModelCrash(FailureCode.OUT_OF_MEMORY), crashed=Stage.LOAD, attempt=MOST_ATTEMPTS)
    assert (given.status, given.code) == (Status.FAILED, FailureCode.QUARANTINED)


@pytest.mark.parametrize("attempt", range(1, MOST_ATTEMPTS))
def test_a_passing_fault_waits_up_to_twice_as_long_each_time(attempt: int) -> None:
    given = verdict(PassingFault(FailureCode.ENDPOINT_ERROR), attempt=attempt)
    most = RETRY_SECONDS * 2 ** (attempt - 1)
    delays = [verdict(PassingFault(FailureCode.ENDPOINT_ERROR), attempt=attempt).delay for _ in range(200)]
    assert given.status is Status.QUEUED and given.code is None and not given.refund
    assert 0 <= min(delays) < most / 4 and most * 3 / 4 < max(delays) <= most
    assert f"Attempt {attempt} of {MOST_ATTEMPTS}" in given.note


def test_the_waits_of_two_submissions_differ() -> None:
    assert len({verdict(PassingFault(FailureCode.ENDPOINT_ERROR)).delay for _ in range(5)}) > 1


@pytest.mark.parametrize("attempt", [MOST_ATTEMPTS, MOST_ATTEMPTS + 1])
def test_a_passing_fault_at_the_last_attempt_fails_under_its_code(attempt: int) -> None:
    given = verdict(PassingFault(FailureCode.DOWNLOAD_ERROR), attempt=attempt)
    assert (given.status, given.code) == (Status.FAILED, FailureCode.DOWNLOAD_ERROR)


@pytest.mark.parametrize(
    "fault",
    [
        OperatorFault("/secret/path is full", public="The disk is full."),
        DataMissing("/secret/path is empty", public="The disk is full."),
        HomeInUse("/secret/path is taken", public="The disk is full."),
    ],
)
@pytest.mark.parametrize("attempt", [1, MOST_ATTEMPTS])
def test_what_the_operator_must_mend_costs_no_attempt_and_pauses_with_its_public_words(
    fault: OperatorFault, attempt: int
) -> None:
    given = verdict(fault, attempt=attempt)
    assert (given.status, given.refund, given.delay) == (Status.QUEUED, True, 2 * OPERATOR_PAUSE_SECONDS)
    assert given.pause == "The disk is full." and "/secret" not in given.note + given.pause


def test_a_broken_ledger_pauses_the_queue_and_names_the_line() -> None:
    assert "line 7" in (verdict(LedgerBroken(7, "it is not in canonical form")).pause or "")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_full_or_failing_disk_is_for_the_operator(number: int) -> None:
    given = verdict(OSError(number, CANARY, f"/secret/{CANARY}"))
    assert (given.status, given.refund, given.delay) == (Status.QUEUED, True, 2 * OPERATOR_PAUSE_SECONDS)
    assert given.pause and CANARY not in given.note + given.pause and "/secret" not in given.pause


@pytest.mark.parametrize("fault", [RuntimeError(CANARY), KeyError(CANARY), UsageError(CANARY), OSError(CANARY)])
def test_anything_else_is_an_internal_error_without_a_word_of_its_text(fault: Exception) -> None:
    given = verdict(fault)
    assert (given.status, given.code) == (Status.FAILED, FailureCode.INTERNAL_ERROR)
    assert given.note == FailureCode.INTERNAL_ERROR.sentence and CANARY not in given.note


def test_settling_writes_the_verdict_down(house: House) -> None:
    submission_id = house.submit()
    claim = house.submissions.claim("worker", 60)
    assert claim is not None
    house.queue.settle(claim, ModelCrash(FailureCode.OUT_OF_MEMORY), Stage.LOAD)
    again = house.submissions.claim("worker", 60)
    assert again is not None and again.crashed_stage is Stage.LOAD and again.submission.attempt == 2
    house.queue.settle(again, ModelCrash(FailureCode.OUT_OF_MEMORY), Stage.LOAD)
    failed = house.found(submission_id)
    assert (failed.status, failed.failure_code, failed.failure_stage) == (
        Status.FAILED,
        FailureCode.QUARANTINED,
        Stage.LOAD,
    )


def test_a_passing_fault_is_due_again_only_after_its_delay(house: House) -> None:
    house.submit()
    claim = house.submissions.claim("worker", 60)
    assert claim is not None
    delay = house.queue.settle(claim, PassingFault(FailureCode.ENDPOINT_ERROR), Stage.PREDICT).delay
    house.clock.advance(delay - 0.01)
    assert house.submissions.claim("worker", 60) is None
    house.clock.advance(0.01)
    assert house.submissions.claim("worker", 60) is not None


STANDS = {
    Status.RECEIVED: ("cancelled", None),
    Status.QUEUED: ("cancelled", None),
    Status.RUNNING: ("cancelled", None),
    Status.SCORING: ("cancelled", None),
    Status.FINISHED: (None, None),
    Status.FAILED: (None, "queued"),
    Status.CANCELLED: (None, "queued"),
    Status.WITHDRAWN: (None, None),
}


def brought_to(house: House, status: Status) -> str:
    first = Status.RECEIVED if status is Status.RECEIVED else Status.QUEUED
    asked = house.submissions.add(wish(status=first), most_open=9)
    if status in {Status.CANCELLED}:
        house.queue.cancel(asked.id, "ann")
    elif status not in {Status.RECEIVED, Status.QUEUED}:
        claim = house.submissions.claim("worker", 60)
        assert claim is not None
        if status is Status.FAILED:
            house.submissions.step(claim, status, actor="worker", code=FailureCode.GATED, stage=Stage.LOAD)
        elif status is not Status.RUNNING:
            house.submissions.step(claim, Status.SCORING, actor="worker")
        if status in {Status.FINISHED, Status.WITHDRAWN}:
            house.submissions.step(claim, Status.FINISHED, actor="worker")
        if status is Status.WITHDRAWN:
            assert house.submissions.step_unclaimed(house.found(asked.id), status, actor=OPERATOR, note="why")
    assert house.found(asked.id).status is status
    return asked.id


@pytest.mark.parametrize("status", list(Status))
def test_cancelling_takes_effect_while_work_is_to_come_and_is_refused_with_a_sentence_else(
    house: House, status: Status
) -> None:
    submission_id = brought_to(house, status)
    if STANDS[status][0]:
        cancelled = house.queue.cancel(submission_id, "ann")
        assert (cancelled.status, cancelled.failure_code) == (Status.CANCELLED, FailureCode.CANCELLED)
        assert cancelled.note is not None and "by the submitter" in cancelled.note
        assert house.submissions.claimed(expired_only=False) == []
    else:
        with pytest.raises(UsageError, match=f"is {status} and can be cancelled only while"):
            house.queue.cancel(submission_id, "ann")
        assert house.found(submission_id).status is status


@pytest.mark.parametrize("status", list(Status))
def test_retrying_takes_effect_after_an_end_without_a_result_and_is_refused_with_a_sentence_else(
    house: House, status: Status
) -> None:
    submission_id = brought_to(house, status)
    if STANDS[status][1]:
        retried = house.queue.retry(submission_id, "ann")
        assert (retried.status, retried.attempt, retried.failure_code) == (Status.QUEUED, 0, None)
        assert retried.failure_stage is None and house.submissions.waiting() == [submission_id]
    else:
        with pytest.raises(UsageError, match=f"is {status} and can be retried only after"):
            house.queue.retry(submission_id, "ann")
        assert house.found(submission_id).status is status


def test_an_unknown_id_is_refused_with_a_sentence(house: House) -> None:
    for act in (house.queue.cancel, house.queue.retry):
        with pytest.raises(UsageError, match="There is no submission nobody"):
            act("nobody", "ann")


def test_a_retry_of_a_commit_that_came_again_meanwhile_is_refused_with_a_sentence(house: House) -> None:
    first = brought_to(house, Status.CANCELLED)
    second = house.submit()
    assert first != second
    with pytest.raises(UsageError, match="already on its way"):
        house.queue.retry(first, "ann")


def test_a_silent_workers_submission_goes_back_until_its_attempts_are_used_up(house: House) -> None:
    submission_id = house.submit()
    for attempt in range(1, MOST_ATTEMPTS + 1):
        claim = house.submissions.claim("worker", 60)
        assert claim is not None and claim.submission.attempt == attempt
        assert house.queue.rescue() == 0
        house.clock.advance(61)
        assert house.queue.rescue() == 1
    lost = house.found(submission_id)
    assert (lost.status, lost.failure_code) == (Status.FAILED, FailureCode.WORKER_LOST)
    assert house.queue.rescue() == 0


def test_a_worker_that_is_the_only_one_rescues_at_once(house: House) -> None:
    submission_id = house.submit()
    house.submissions.claim("worker", 3600)
    assert house.queue.rescue() == 0 and house.queue.rescue(all_claimed=True) == 1
    assert house.found(submission_id).status is Status.QUEUED


def received(house: House, model_id: str = "acme/tiny", revision: str = "") -> str:
    return house.submissions.add(wish(model_id, revision, status=Status.RECEIVED), most_open=99).id


def asking(house: House) -> Queue:
    def look_up(model_id: str, revision: str | None, engine: str) -> Model:
        return hub_module.look_up(model_id, revision, max_gb=1)

    return Queue(house.submissions, house.ledger, house.settings, look_up)


def test_while_the_hub_is_down_a_received_submission_stays(house: House, hub: LoopbackHub) -> None:
    submission_id = received(house)
    hub.down = True
    asking(house).check_received()
    assert house.found(submission_id).status is Status.RECEIVED
    assert len(house.submissions.events(submission_id)) == 1


def test_when_the_hub_is_back_it_is_queued_at_its_commit(house: House, hub: LoopbackHub, tiny_model: Path) -> None:
    submission_id = received(house)
    sha = hub.add("acme/tiny", tiny_model, base_model="acme/base", licence="mit")
    asking(house).check_received()
    queued = house.found(submission_id)
    assert (queued.status, queued.model.revision, queued.model.licence) == (Status.QUEUED, sha, "mit")
    assert queued.model.base_model == "acme/base" and queued.attempt == 0


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_what_ended_before_its_commit_was_pinned_is_pinned_after_a_retry(
    house: House, hub: LoopbackHub, tiny_model: Path, end: str
) -> None:
    submission_id, queue = received(house), asking(house)
    if end == "failed":
        queue.check_received()
    else:
        queue.cancel(submission_id, "ann")
    assert house.found(submission_id).status == end
    retried = queue.retry(submission_id, "ann")
    assert (retried.status, retried.failure_code) == (Status.RECEIVED, None) and house.submissions.waiting() == []
    sha = hub.add("acme/tiny", tiny_model)
    queue.check_received()
    pinned = house.found(submission_id)
    assert (pinned.status, pinned.model.revision) == (Status.QUEUED, sha)
    queue.cancel(submission_id, "ann")
    assert queue.retry(submission_id, "ann").status is Status.QUEUED


def test_one_repository_about_which_the_hub_is_silent_holds_up_no_other(house: House) -> None:
    silent, good = {"acme/s1", "acme/s2", "acme/s3", "acme/s4"}, ["acme/a", "acme/b"]

    def look_up(model_id: str, revision: str | None, engine: str) -> Model:
        if model_id in silent:
            raise PassingFault(FailureCode.DOWNLOAD_ERROR)
        return Model(hub_id=model_id, revision="c" * 40)

    ids = {name: received(house, name) for name in [*good, *sorted(silent)]}
    queue = Queue(house.submissions, house.ledger, house.settings, look_up)
    for _ in range(2):
        queue.check_received()
    assert [house.found(ids[name]).status for name in good] == [Status.QUEUED, Status.QUEUED]
    assert {house.found(ids[name]).status for name in silent} == {Status.RECEIVED}


def test_a_retry_opens_no_more_submissions_than_one_person_may_have(house: House) -> None:
    first = brought_to(house, Status.CANCELLED)
    for number in range(house.settings.open_submissions):
        house.submit(f"acme/m{number}")
    with pytest.raises(UsageError, match="the most one person may have"):
        house.queue.retry(first, "ann")
    assert house.found(first).status is Status.CANCELLED
    assert house.queue.retry(first, OPERATOR).status is Status.QUEUED


def test_one_that_may_not_enter_fails_under_its_code_and_the_others_go_on(
    house: House, hub: LoopbackHub, tiny_model: Path
) -> None:
    gated, absent, good = received(house, "acme/gated"), received(house, "acme/absent"), received(house)
    hub.add("acme/gated", tiny_model, gated=True)
    hub.add("acme/tiny", tiny_model)
    asking(house).check_received()
    stand = [(house.found(one).status, house.found(one).failure_code) for one in (gated, absent, good)]
    assert stand == [
        (Status.FAILED, FailureCode.GATED),
        (Status.FAILED, FailureCode.NOT_FOUND),
        (Status.QUEUED, None),
    ]


@pytest.mark.parametrize("status", [Status.QUEUED, Status.FINISHED])
def test_one_whose_commit_is_there_already_is_cancelled_with_a_note(
    house: House, hub: LoopbackHub, tiny_model: Path, status: Status
) -> None:
    sha = hub.add("acme/tiny", tiny_model)
    house.submissions.add(wish(revision=sha, submission_id="first"), most_open=9)
    if status is Status.FINISHED:
        claim = house.submissions.claim("worker", 60)
        assert claim is not None
        house.submissions.step(claim, Status.SCORING, actor="worker")
        house.submissions.step(claim, Status.FINISHED, actor="worker")
    late = received(house, revision="main")
    asking(house).check_received()
    found = house.found(late)
    assert (found.status, found.failure_code) == (Status.CANCELLED, FailureCode.CANCELLED)
    assert found.note is not None and "same commit is already" in found.note
    assert house.found("first").status is status
