"""Whose turn it is: between people first, then in order, and nothing before its time."""

import pytest

from backend.domain import Stage
from backend.errors import FailureCode
from backend.submission import Status
from storage.submissions import Submissions
from tests.storage.records import Clock
from tests.storage.steps import add, claim, found


def test_people_take_turns_and_each_is_served_in_order(store: Submissions, clock: Clock) -> None:
    for number, person in enumerate(["ann", "ann", "ann", "bob", "cid", "bob"]):
        add(store, f"acme/{person}{number}", submitter=person, submission_id=f"{person}{number}")
        clock.advance(1)
    order = ["ann0", "bob3", "cid4", "ann1", "bob5", "ann2"]
    assert store.waiting() == order
    claimed = []
    while (held := store.claim("worker", 60)) is not None:
        claimed.append(held.submission.id)
        clock.advance(1)
        assert store.waiting() == order[len(claimed) :]
    assert claimed == order


def test_who_had_a_turn_lately_waits_behind_who_had_none(store: Submissions, clock: Clock) -> None:
    add(store, "acme/a", submission_id="a", submitter="ann")
    store.step(claim(store), Status.FAILED, actor="worker", code=FailureCode.GATED)
    add(store, "acme/b", submission_id="b", submitter="ann")
    clock.advance(1)
    add(store, "acme/c", submission_id="c", submitter="bob")
    assert store.waiting() == ["c", "b"]
    clock.advance(8 * 24 * 3600)
    assert store.waiting() == ["b", "c"]


def test_a_delayed_submission_is_not_claimed_before_its_time_and_blocks_nobody(
    store: Submissions, clock: Clock
) -> None:
    late, other = add(store, "acme/late"), add(store, "acme/other")
    first = claim(store)
    assert first.submission.id == late.id
    store.step(first, Status.QUEUED, actor="worker", delay=30)
    assert claim(store).submission.id == other.id
    assert store.claim("worker", 60) is None
    clock.advance(29)
    assert store.claim("worker", 60) is None
    clock.advance(1)
    assert claim(store).submission.id == late.id


def test_a_paused_queue_gives_nothing_out_until_the_pause_ends_and_its_reason_stands_on(
    store: Submissions, clock: Clock
) -> None:
    add(store)
    store.pause("The disk is full.", 60)
    clock.advance(59)
    assert store.claim("worker", 60) is None
    clock.advance(1)
    assert store.pulse().paused == "The disk is full."
    claim(store)


def test_a_resumed_queue_gives_out_at_once(store: Submissions) -> None:
    add(store)
    store.pause("The disk is full.", 60)
    store.resume()
    claim(store)


@pytest.mark.parametrize("seconds", [2 * 3600.0, 10.0**9])
def test_a_very_long_delay_or_pause_lasts_an_hour(store: Submissions, clock: Clock, seconds: float) -> None:
    asked = add(store)
    store.step(claim(store), Status.QUEUED, actor="worker", delay=seconds)
    assert store.claim("worker", 60) is None
    clock.advance(3600)
    again = claim(store)
    assert again.submission.id == asked.id
    store.step(again, Status.QUEUED, actor="worker")
    store.pause("The other side asks for patience.", seconds)
    assert store.claim("worker", 60) is None
    clock.advance(3600)
    claim(store)


def test_an_attempt_given_back_gives_the_turn_back_too(store: Submissions, clock: Clock) -> None:
    first = add(store, "acme/a", submitter="ann")
    clock.advance(1)
    add(store, "acme/b", submitter="bob")
    clock.advance(1)
    store.step(claim(store), Status.QUEUED, actor="worker", refund=True)
    assert claim(store).submission.id == first.id


def test_what_may_have_brought_a_process_down_lets_all_others_go_first_for_a_day(
    store: Submissions, clock: Clock
) -> None:
    poison = add(store, "acme/poison", submission_id="poison")
    add(store, "acme/own", submission_id="own")
    add(store, "acme/bobs", submission_id="bobs", submitter="bob")
    store.step(claim(store), Status.QUEUED, actor="worker", stage=Stage.LOAD, crashed=True)
    assert store.waiting() == ["bobs", "own", "poison"]
    clock.advance(24 * 3600 + 1)
    assert store.waiting() == ["poison", "bobs", "own"]
    clock.advance(-24 * 3600)
    while (held := claim(store)).submission.id != poison.id:
        store.step(held, Status.FAILED, actor="worker", code=FailureCode.GATED)
    store.step(held, Status.FAILED, actor="worker", code=FailureCode.QUARANTINED)
    store.step_unclaimed(found(store, poison.id), Status.QUEUED, actor="ann", fresh=True)
    add(store, "acme/late", submission_id="late")
    assert store.waiting() == ["poison", "late"]


def test_a_turn_counts_for_as_long_as_somebody_waits_who_came_before_it(store: Submissions, clock: Clock) -> None:
    for number in range(4):
        add(store, f"acme/a{number}", submission_id=f"a{number}", submitter="ann")
    add(store, "acme/b", submission_id="b", submitter="bob")
    add(store, "acme/c", submission_id="c", submitter="cid")
    clock.advance(1)
    for expected in ["a0", "b"]:
        held = claim(store)
        assert held.submission.id == expected
        clock.advance(3 * 24 * 3600)
        store.step(held, Status.FAILED, actor="worker", code=FailureCode.GATED)
    assert store.waiting() == ["c", "a1", "a2", "a3"]
    claim(store)
    assert store.waiting() == ["a1", "a2", "a3"]
