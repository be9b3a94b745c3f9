"""Each step is of the table, leaves its event, and is taken only by whoever may take it."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from backend.domain import Edition, Model, Progress, Stage
from backend.errors import FailureCode, Replaced
from backend.submission import STEPS, Status
from storage.submissions import Claim, Submissions
from tests.storage.records import COMMIT, Clock, wish
from tests.storage.steps import MOST, add, bring_to, claim, found, row

CLAIMED = {Status.RUNNING, Status.SCORING}


def test_each_step_writes_its_event_whoever_takes_it(store: Submissions, raw: sqlite3.Connection) -> None:
    asked = add(store)
    raw.execute(
        "UPDATE submission SET status = 'cancelled', actor = 'a stranger', note = 'by hand', updated_at = 7 "
        "WHERE id = ?",
        (asked.id,),
    )
    last = store.events(asked.id)[-1]
    assert (last.actor, last.status, last.reason) == ("a stranger", Status.CANCELLED, "by hand")
    assert last.at.timestamp() == 7


def test_an_event_says_which_attempt_it_began_or_ended(store: Submissions) -> None:
    asked = add(store)
    store.step(claim(store), Status.QUEUED, actor="worker", note="it went down", refund=True)
    store.step(claim(store), Status.QUEUED, actor="worker", note="it broke off")
    store.step(claim(store), Status.FAILED, actor="worker", code=FailureCode.GATED)
    assert store.step_unclaimed(found(store, asked.id), Status.QUEUED, actor="ann", fresh=True)
    claim(store)
    told = [(event.status, event.attempt) for event in store.events(asked.id)]
    assert told == [
        (Status.QUEUED, 0),
        (Status.RUNNING, 1),
        (Status.QUEUED, 1),
        (Status.RUNNING, 1),
        (Status.QUEUED, 1),
        (Status.RUNNING, 2),
        (Status.FAILED, 2),
        (Status.QUEUED, 0),
        (Status.RUNNING, 1),
    ]


def test_what_is_no_step_can_be_told_too(store: Submissions) -> None:
    asked = add(store)
    claim(store)
    store.tell(asked.id, "system", "the data was fetched")
    last = store.events(asked.id)[-1]
    assert (last.actor, last.status, last.reason, last.attempt) == ("system", Status.RUNNING, "the data was fetched", 1)


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_withdrawal_without_a_reason_is_refused(store: Submissions, reason: str | None) -> None:
    finished = bring_to(store, add(store), Status.FINISHED)
    with pytest.raises(sqlite3.IntegrityError, match="a withdrawal has a reason"):
        store.step_unclaimed(finished, Status.WITHDRAWN, actor="ann", note=reason)
    assert found(store, finished.id).status is Status.FINISHED


def test_a_commit_is_pinned_while_received_and_never_again(store: Submissions, raw: sqlite3.Connection) -> None:
    asked = add(store, "acme/tiny", "", status=Status.RECEIVED)
    assert store.pin(asked, Model(hub_id="acme/tiny", revision=COMMIT))
    store.step_unclaimed(asked, Status.QUEUED, actor="system")
    with pytest.raises(sqlite3.IntegrityError, match="a commit is pinned once"):
        raw.execute("UPDATE submission SET revision = ?", ("d" * 40,))


def test_nothing_is_written_elsewhere_for_a_step_that_is_not_in_the_table(store: Submissions) -> None:
    add(store)
    held, written = claim(store), []

    def write() -> str:
        written.append("a line")
        return "published"

    with pytest.raises(sqlite3.IntegrityError):
        store.step(held, Status.FINISHED, actor="worker", write=write)
    assert written == []


def test_what_is_written_elsewhere_becomes_the_note_and_a_fault_in_it_takes_the_step_back(store: Submissions) -> None:
    asked = add(store)
    held = claim(store)
    store.step(held, Status.SCORING, actor="worker")

    def fail() -> str:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        store.step(held, Status.FINISHED, actor="worker", write=fail)
    assert found(store, asked.id).status is Status.SCORING
    store.step(held, Status.FINISHED, actor="worker", write=lambda: "published as line 1")
    assert found(store, asked.id).note == "published as line 1"
    assert store.events(asked.id)[-1].reason == "published as line 1"


def test_nothing_is_written_elsewhere_once_the_claim_is_lost(store: Submissions) -> None:
    asked = add(store)
    held, written = claim(store), []

    def write() -> str:
        written.append("a line")
        return "published"

    store.step(held, Status.SCORING, actor="worker")
    assert store.step_unclaimed(found(store, asked.id), Status.QUEUED, actor="system")
    with pytest.raises(Replaced):
        store.step(held, Status.FINISHED, actor="worker", write=write)
    with pytest.raises(Replaced), store.holding(held):
        written.append("a file")
    with pytest.raises(Replaced):
        store.spend(held, "toy", 3, 1.5)
    assert written == [] and store.spent() == []


def test_while_a_claim_is_held_nobody_can_take_it_away(path: Path, store: Submissions, clock: Clock) -> None:
    asked = add(store)
    held = claim(store)
    hurried = Submissions(path, clock.pair, busy_seconds=0.05)
    with store.holding(held), pytest.raises(sqlite3.OperationalError, match="locked"):
        hurried.step_unclaimed(found(store, asked.id), Status.CANCELLED, actor="ann")
    assert hurried.step_unclaimed(found(store, asked.id), Status.CANCELLED, actor="ann")


def test_what_a_task_took_is_kept_with_what_it_was_measured_on(store: Submissions) -> None:
    add(store)
    held = claim(store)
    store.spend(held, "toy", 3, 1.5)
    store.spend(held, "toy", 3, 2.5)
    store.spend(held, "other", 9, 4.0)
    spent = {(one.task, one.items, one.seconds) for one in store.spent()}
    assert spent == {("toy", 3, 2.5), ("other", 9, 4.0)} and len(store.spent(most=1)) == 1
    assert {(one.engine, one.edition, one.params) for one in store.spent()} == {("toy", Edition.REHEARSAL, None)}


def test_a_late_rescue_cannot_fence_off_a_newer_claim_of_the_same_attempt(store: Submissions, clock: Clock) -> None:
    add(store)
    claim(store)
    clock.advance(61)
    (seen_by_two,) = store.claimed(expired_only=True)
    assert store.step_unclaimed(seen_by_two, Status.QUEUED, actor="system", refund=True, if_expired=True)
    newer = claim(store)
    assert newer.submission.attempt == seen_by_two.attempt
    assert not store.step_unclaimed(seen_by_two, Status.QUEUED, actor="system", refund=True, if_expired=True)
    store.beat(newer, 60, None)


def test_one_that_supersedes_a_finished_one_is_no_duplicate_of_it_and_takes_its_place(store: Submissions) -> None:
    old = bring_to(store, add(store), Status.FINISHED)
    again = store.add(replace(wish(), supersedes=old.id), most_open=MOST)
    assert again.id != old.id and store.add(replace(wish(), supersedes=old.id), most_open=MOST) == again
    bring_to(store, again, Status.FINISHED)
    same = store.same(again.model, again.edition, again.engine)
    assert same is not None and same.id == again.id
    store.step_unclaimed(found(store, again.id), Status.WITHDRAWN, actor="ann", note="wrong weights")
    assert store.same(again.model, again.edition, again.engine) is None


def test_everything_that_befell_a_submission_is_told_in_order(store: Submissions, clock: Clock) -> None:
    asked = add(store)
    clock.advance(5)
    held = claim(store)
    clock.advance(5)
    store.step(held, Status.FAILED, actor="worker", note="It is gated.", code=FailureCode.GATED, stage=Stage.DOWNLOAD)
    events = store.events(asked.id)
    assert [(event.actor, event.status, event.reason) for event in events] == [
        ("ann", Status.QUEUED, None),
        ("worker", Status.RUNNING, None),
        ("worker", Status.FAILED, "It is gated."),
    ]
    assert [event.at.timestamp() for event in events] == [clock.now - 10, clock.now - 5, clock.now]


@pytest.mark.parametrize("how", ["wrong", "old", "rescued", "cancelled", "finished"])
def test_a_token_that_is_no_longer_accepted_changes_nothing(
    store: Submissions, raw: sqlite3.Connection, clock: Clock, how: str
) -> None:
    asked = add(store)
    held = claim(store)
    if how == "wrong":
        held = Claim(submission=held.submission, token="0" * 32, crashed_stage=None)
    elif how == "old":
        store.step(held, Status.QUEUED, actor="worker")
        claim(store)
    elif how == "finished":
        store.step(held, Status.SCORING, actor="worker")
        store.step(held, Status.FINISHED, actor="worker")
    else:
        status = Status.QUEUED if how == "rescued" else Status.CANCELLED
        assert store.step_unclaimed(found(store, asked.id), status, actor="system")
    before, events = row(raw, asked.id), store.events(asked.id)
    clock.advance(5)
    with pytest.raises(Replaced):
        store.beat(held, 60, Progress(stage=Stage.LOAD))
    for status in Status:
        with pytest.raises(Replaced):
            store.step(held, status, actor="worker", code=FailureCode.GATED, note="a ghost writes")
    assert row(raw, asked.id) == before and store.events(asked.id) == events


def test_a_step_from_a_status_that_has_passed_is_not_taken(store: Submissions) -> None:
    asked = add(store)
    held = claim(store)
    assert not store.step_unclaimed(asked, Status.CANCELLED, actor="ann")
    assert found(store, asked.id).status is Status.RUNNING
    store.beat(held, 60, None)
    assert len(store.events(asked.id)) == 2


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("following", list(Status))
def test_the_database_itself_takes_the_steps_of_the_table_and_no_other(
    store: Submissions, raw: sqlite3.Connection, status: Status, following: Status
) -> None:
    asked = add(store, status=Status.RECEIVED if status is Status.RECEIVED else Status.QUEUED)
    bring_to(store, asked, status)
    change = "UPDATE submission SET status = ?, token = ?, failure_code = 'gated', note = 'why' WHERE id = ?"
    values = (following, "t" if following in CLAIMED else None, asked.id)
    if following in STEPS[status] or following is status:
        raw.execute(change, values)
    else:
        with pytest.raises(sqlite3.IntegrityError, match="not in the table"):
            raw.execute(change, values)


def test_the_steps_in_the_database_are_those_of_the_domain(raw: sqlite3.Connection) -> None:
    kept = set(raw.execute("SELECT status, next FROM step"))
    assert kept == {(status.value, step.value) for status, steps in STEPS.items() for step in steps}


def test_a_refused_step_leaves_no_event(store: Submissions) -> None:
    asked = add(store)
    held = claim(store)
    with pytest.raises(sqlite3.IntegrityError):
        store.step(held, Status.FINISHED, actor="worker")
    assert found(store, asked.id).status is Status.RUNNING
    assert [event.status for event in store.events(asked.id)] == [Status.QUEUED, Status.RUNNING]
