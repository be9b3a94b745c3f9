"""Published results are taken back or replaced by a line of their own, with a reason, by those who may."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from backend.errors import FailureCode, UsageError
from backend.submission import OPERATOR, Status
from eval_queue.queue import LONGEST_REASON
from storage.ledger import EntryKind, Ledger
from storage.submissions import Submissions
from tests.eval_queue.toys import House
from tests.storage.records import wish

WHY = "The tokenizer was damaged."


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def published(house: House) -> str:
    submission_id = house.submit()
    house.worker().run_next()
    assert house.found(submission_id).status is Status.FINISHED
    return submission_id


def last_line(house: House) -> Any:
    return list(house.ledger.read())[-1][0]


class Dying(Ledger):
    """Dies when its line is written and before anybody could be told."""

    def withdraw(self, submission_id: str, *, actor: str, reason: str) -> Any:
        super().withdraw(submission_id, actor=actor, reason=reason)
        raise KeyboardInterrupt


def test_a_withdrawn_result_has_a_line_of_its_own_and_the_first_one_stays(house: House) -> None:
    submission_id = published(house)
    withdrawn = house.queue.withdraw(submission_id, "ann", f"  {WHY}\n")
    assert (withdrawn.status, withdrawn.note) == (Status.WITHDRAWN, WHY)
    first, second = [entry for entry, _ in house.ledger.read()]
    assert (first.kind, first.submission_id) == (EntryKind.RESULT, submission_id)
    assert (second.kind, second.withdraws, second.actor, second.reason) == (
        EntryKind.WITHDRAWAL,
        1,
        "the submitter",
        WHY,
    )
    event = house.submissions.events(submission_id)[-1]
    assert (event.actor, event.status, event.reason) == ("ann", Status.WITHDRAWN, WHY)
    assert house.ledger.standing(submission_id) is None


def test_a_reason_is_kept_without_characters_that_nobody_sees(house: House) -> None:
    withdrawn = house.queue.withdraw(published(house), "ann", "It\x1b[2J was\u202e\x00 \ud800wrong\u200b\nand old.")
    assert withdrawn.note == "It[2J was wrong and old."
    with pytest.raises(UsageError, match="Say why"):
        house.queue.withdraw(published(house), "ann", "\u200b \x00")


def test_it_is_the_operator_who_has_a_model_evaluated_again(house: House) -> None:
    again = house.queue.supersede(published(house), OPERATOR, WHY)
    assert [(event.actor, event.reason) for event in house.submissions.events(again.id)] == [(OPERATOR, WHY)]


def test_what_was_withdrawn_may_be_submitted_and_published_again(house: House) -> None:
    first = published(house)
    house.queue.withdraw(first, "ann", WHY)
    second = published(house)
    assert second != first and house.ledger.standing(second) == 3


@pytest.mark.parametrize("reason", ["", " \n\t", "x" * (LONGEST_REASON + 1)])
def test_without_a_reason_of_fitting_length_nothing_is_taken_back_or_replaced(house: House, reason: str) -> None:
    submission_id = published(house)
    for act in (house.queue.withdraw, house.queue.supersede):
        with pytest.raises(UsageError, match="reason"):
            act(submission_id, OPERATOR, reason)
    assert house.ledger.standing(submission_id) == 1 and len(house.submissions.newest()) == 1


def test_a_queue_killed_between_ledger_and_queue_tells_of_the_withdrawal_at_the_next_rescue(house: House) -> None:
    submission_id = published(house)
    dying = House(house.settings.home)
    dying.queue._ledger = Dying(house.settings.home / "ledger.jsonl")
    with pytest.raises(KeyboardInterrupt):
        dying.queue.withdraw(submission_id, "ann", WHY)
    assert house.found(submission_id).status is Status.FINISHED and last_line(house).kind is EntryKind.WITHDRAWAL
    house.queue.rescue()
    found = house.found(submission_id)
    assert (found.status, found.note) == (Status.WITHDRAWN, WHY)
    assert house.submissions.events(submission_id)[-1].actor == "ann"
    events = house.submissions.events(submission_id)
    house.queue.rescue()
    assert house.submissions.events(submission_id) == events


def test_a_superseding_result_takes_the_place_of_the_old_one_and_says_why(house: House) -> None:
    old = published(house)
    again = house.queue.supersede(old, OPERATOR, WHY)
    assert (again.status, again.supersedes, again.note) == (Status.QUEUED, old, WHY)
    assert again.submitter == house.found(old).submitter and house.ledger.standing(old) == 1
    house.worker().run_next()
    line = last_line(house)
    assert (line.supersedes, line.reason, line.submission_id) == (1, WHY, again.id)
    assert house.ledger.standing(old) is None and house.ledger.standing(again.id) == 2
    assert [house.found(one).status for one in (old, again.id)] == [Status.FINISHED, Status.FINISHED]


def test_a_result_that_was_replaced_can_be_neither_replaced_nor_withdrawn_once_more(house: House) -> None:
    old = published(house)
    house.queue.supersede(old, OPERATOR, WHY)
    house.worker().run_next()
    with pytest.raises(UsageError, match="stands no more"):
        house.queue.supersede(old, OPERATOR, WHY)
    with pytest.raises(UsageError, match="stands in the ledger"):
        house.queue.withdraw(old, OPERATOR, WHY)
    assert house.found(old).status is Status.FINISHED and len(house.submissions.newest()) == 2


def test_one_commit_is_superseded_by_one_submission_at_a_time(house: House) -> None:
    old = published(house)
    again = house.queue.supersede(old, OPERATOR, WHY)
    with pytest.raises(UsageError, match=f"already on its way as {again.id}"):
        house.queue.supersede(old, OPERATOR, WHY)


def test_a_superseding_submission_that_was_cancelled_can_be_retried(house: House) -> None:
    old = published(house)
    again = house.queue.supersede(old, OPERATOR, WHY).id
    house.queue.cancel(again, OPERATOR)
    house.queue.retry(again, OPERATOR)
    house.worker().run_next()
    assert house.ledger.standing(again) == 2 and house.ledger.standing(old) is None


def test_a_result_withdrawn_while_its_successor_runs_is_followed_by_it(house: House) -> None:
    old = published(house)
    again = house.queue.supersede(old, OPERATOR, WHY).id
    house.queue.withdraw(old, OPERATOR, WHY)
    house.worker().run_next()
    assert house.ledger.standing(again) == 3 and last_line(house).supersedes is None


def test_a_commit_that_is_on_the_board_is_not_queued_again_by_a_retry(house: House) -> None:
    first = house.submit()
    house.queue.cancel(first, "ann")
    second = published(house)
    with pytest.raises(UsageError, match=f"already on the board in another submission, {second}"):
        house.queue.retry(first, "ann")


def test_what_is_published_but_not_yet_noted_cannot_be_cancelled(house: House) -> None:
    submission_id = house.submit()
    claim = house.submissions.claim("worker", 60)
    assert claim is not None
    house.submissions.step(claim, Status.SCORING, actor="worker")
    result = House(house.settings.home / "other")
    other = result.submit()
    result.worker().run_next()
    (entry, _), *_ = result.ledger.read()
    assert entry.submission_id == other and entry.result is not None
    house.ledger.append(submission_id, entry.result)
    with pytest.raises(UsageError, match="published already; it can be withdrawn"):
        house.queue.cancel(submission_id, "ann")
    assert house.found(submission_id).status is Status.SCORING
    house.clock.advance(61)
    assert house.queue.rescue() == 1
    assert (house.found(submission_id).status, house.found(submission_id).note) == (
        Status.FINISHED,
        "published as line 1",
    )


def test_while_the_ledger_is_broken_what_cannot_be_published_yet_is_cancelled_and_the_rest_is_not(
    house: House,
) -> None:
    published(house)
    path = house.settings.home / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"toy"', b'"boy"'))
    house.queue._ledger = Ledger(path)
    running, scoring = house.submit("acme/one"), house.submit("acme/two")
    house.submissions.claim("worker", 60)
    claim = house.submissions.claim("worker", 60)
    assert claim is not None
    house.submissions.step(claim, Status.SCORING, actor="worker")
    house.queue.cancel(running, "ann")
    with pytest.raises(UsageError, match="line 1"):
        house.queue.cancel(scoring, "ann")
    house.clock.advance(61)
    assert house.queue.rescue() == 1
    assert house.found(scoring).status is Status.QUEUED


ACTS = {
    "cancel": lambda queue, one, actor: queue.cancel(one, actor),
    "retry": lambda queue, one, actor: queue.retry(one, actor),
    "withdraw": lambda queue, one, actor: queue.withdraw(one, actor, WHY),
    "supersede": lambda queue, one, actor: queue.supersede(one, actor, WHY),
}


def ready_for(house: House, act: str) -> str:
    if act in {"withdraw", "supersede"}:
        return published(house)
    submission_id = house.submit()
    if act == "retry":
        house.queue.cancel(submission_id, "ann")
    return submission_id


@pytest.mark.parametrize(
    ("act", "actor", "may"),
    [(act, actor, act != "supersede" or actor == OPERATOR) for act in ACTS for actor in ("ann", OPERATOR)]
    + [(act, "mallory", False) for act in ACTS],
)
def test_the_submitter_may_act_on_what_is_theirs_and_the_operator_on_everything(
    house: House, act: str, actor: str, may: bool
) -> None:
    submission_id = ready_for(house, act)
    before = house.submissions.newest(), house.submissions.events(submission_id), house.ledger.verify()
    if may:
        ACTS[act](house.queue, submission_id, actor)
        assert (house.submissions.newest(), house.submissions.events(submission_id), house.ledger.verify()) != before
    else:
        with pytest.raises(UsageError, match="Only the"):
            ACTS[act](house.queue, submission_id, actor)
        assert (house.submissions.newest(), house.submissions.events(submission_id), house.ledger.verify()) == before


@pytest.mark.parametrize(("code", "may"), [(FailureCode.QUARANTINED, False), (FailureCode.TEMPLATE_ERROR, True)])
def test_what_was_set_aside_is_retried_by_the_operator_alone(house: House, code: FailureCode, may: bool) -> None:
    submission_id = house.submit()
    claim = house.submissions.claim("worker", 60)
    assert claim is not None
    house.submissions.step(claim, Status.FAILED, actor="worker", code=code)
    if not may:
        with pytest.raises(UsageError, match="The operator can retry it"):
            house.queue.retry(submission_id, "ann")
    assert house.queue.retry(submission_id, "ann" if may else OPERATOR).status is Status.QUEUED


def test_a_step_that_the_worker_takes_at_the_same_moment_does_not_refuse_a_cancel(house: House) -> None:
    submission_id = house.submit()
    claim = house.submissions.claim("worker", 60)
    assert claim is not None

    class Racing(Submissions):
        """The worker is faster by one step."""

        def step_unclaimed(self, *args: Any, **kwargs: Any) -> bool:
            if house.found(submission_id).status is Status.RUNNING:
                assert claim is not None
                self.step(claim, Status.SCORING, actor="worker")
            return super().step_unclaimed(*args, **kwargs)

    house.queue._submissions = Racing(house.settings.home / "queue.sqlite", house.clock.pair)
    assert house.queue.cancel(submission_id, "ann").status is Status.CANCELLED


def test_while_the_queue_is_locked_a_person_is_told_so_and_nothing_is_done(house: House) -> None:
    path = house.settings.home / "queue.sqlite"
    submission_id = published(house)
    house.queue._submissions = Submissions(path, house.clock.pair, busy_seconds=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for act in (house.queue.withdraw, house.queue.supersede):
        with pytest.raises(UsageError, match="busy just now"):
            act(submission_id, OPERATOR, WHY)
    other.close()
    assert house.found(submission_id).status is Status.FINISHED and house.ledger.verify().number == 1
    assert house.submissions.add(wish("acme/other"), most_open=9).status is Status.QUEUED
