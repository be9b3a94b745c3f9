"""A person does what is theirs, within a week's quota and unless blocked; an operator does everything."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.domain import Edition
from backend.errors import Blocked, TooManyOpen, UsageError, WeekSpent
from backend.hub import Courtesy
from backend.settings import Settings
from backend.submission import LOCAL_USER, OPERATOR, Person, Receipt, Status, Submission, SubmissionForm
from eval_queue.estimates import Estimates
from eval_queue.intake import Intake
from eval_queue.preflight import Preflight, no_standings
from eval_queue.queue import Queue
from eval_queue.rights import Rights, told_time
from storage.ledger import Ledger
from storage.submissions import Submissions
from tests.eval_queue.toys import no_hub, toy_engine
from tests.storage.records import Clock

HEAD = "https://hub.example|0007"
DAY = 24 * 3600
NOON = datetime(2026, 11, 17, 12, 0, tzinfo=UTC)


class Ward:
    """A door, rules and a queue under settings of their own, on a clock that is moved by hand."""

    def __init__(self, home: Path, *, guarded: bool = False, **given: object) -> None:
        self.clock = Clock(NOON.timestamp())
        self.settings = Settings.model_validate({"home": home, "operators": f"someone, {HEAD}", **given})
        self.store = Submissions(home / "queue.sqlite", self.clock.pair)
        self.rights = Rights(self.settings, lambda: guarded)
        self.queue = Queue(self.store, Ledger(home / "ledger.jsonl"), self.settings, no_hub, self.rights)
        self.engines = {"toy": toy_engine(from_hub=False)}
        self.intake = Intake(self.store, self.engines, self.settings, no_hub, self.rights)

    def submit(self, number: int, person: str = "ann", edition: Edition = Edition.FULL) -> Receipt:
        form = SubmissionForm(model_id=f"toy/m{number}", engine="toy", edition=edition)
        return self.intake.submit(form, person)

    def said(self, title: str, number: int, person: str = "ann") -> str:
        form = SubmissionForm(model_id=f"toy/m{number}", engine="toy")
        estimates = Estimates(lambda: (), ["first"])
        preflight = Preflight(self.intake, Courtesy(), self.store, self.settings, no_standings, estimates)
        return next(check.sentence for check in preflight(form, person).checks if check.title == title)

    def finish(self) -> None:
        claim = self.store.claim("worker", 60)
        assert claim is not None
        self.store.step(claim, Status.SCORING, actor="worker")
        self.store.step(claim, Status.FINISHED, actor="worker")

    def deeds(self) -> list[tuple[str, str]]:
        return [(deed.actor, deed.deed) for deed in self.store.audit.since()]


def test_five_in_seven_days_and_the_refusal_says_when_the_next_is_possible(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    for number in range(5):
        receipt = ward.submit(number)
        ward.finish()
        ward.clock.advance(DAY / 2)
    assert receipt.left[0].left == 0
    assert receipt.sentence.endswith(
        "You have 0 of 5 left this week; the next is free on Tuesday 24 November 2026, 12:00 UTC."
    )
    told = ward.said("Your week", 5)
    with pytest.raises(WeekSpent) as refusal:
        ward.submit(5)
    assert str(refusal.value) == told and "5 in the last seven days" in told
    assert "possible on Tuesday 24 November 2026, 12:00 UTC." in told
    assert refusal.value.next_at == datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    assert ward.submit(4).is_new is False, "what is there already costs nothing"
    assert ward.submit(5, "bob").left[0].left == 4
    assert ward.deeds().count(("ann", "refused: week")) == 1
    ward.clock.now = refusal.value.next_at.timestamp()
    assert ward.said("Your week", 6).startswith("You have 1 of 5 left this week; the next is free on Wednesday 25")
    ward.submit(6)


def test_credentialed_tasks_count_where_their_data_are_installed_and_rehearsals_never_run_them(tmp_path: Path) -> None:
    ward = Ward(tmp_path, guarded=True)
    ward.submit(0, edition=Edition.REHEARSAL)
    first = ward.submit(1)
    assert "You have 3 of 5 and 1 of 2 with credentialed tasks left this week" in first.sentence
    ward.finish()
    ward.finish()
    ward.submit(2)
    with pytest.raises(WeekSpent, match="submitted 2 with credentialed tasks in the last seven days"):
        ward.submit(3)
    assert ward.submit(3, edition=Edition.REHEARSAL).is_new


def test_what_is_open_at_once_is_limited_as_before_and_refused_first(tmp_path: Path) -> None:
    ward = Ward(tmp_path, weekly_submissions=3)
    for number in range(3):
        ward.submit(number)
    with pytest.raises(TooManyOpen):
        ward.submit(3)
    ward.queue.cancel(ward.store.newest()[0].id, "ann")
    assert ward.submit(3).left[0].left == 0, "what was cancelled before it began is given back"


def test_a_retry_that_the_week_has_no_room_for_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    ward = Ward(tmp_path, weekly_submissions=1)
    submission_id = ward.submit(0).submission.id
    assert ward.store.claim("worker", 60)
    ward.queue.cancel(submission_id, "ann")
    with pytest.raises(WeekSpent, match="possible on Tuesday 24 November"):
        ward.queue.retry(submission_id, "ann")
    assert ward.store.newest()[0].status is Status.CANCELLED
    assert ward.queue.retry(submission_id, HEAD).status is Status.QUEUED


@pytest.mark.parametrize("operator", [HEAD, OPERATOR, LOCAL_USER])
def test_an_operator_acts_on_everything_and_has_no_week(tmp_path: Path, operator: str) -> None:
    ward = Ward(tmp_path, weekly_submissions=1, open_submissions=99)
    asked = [ward.submit(number, operator).submission.id for number in range(4)]
    theirs = ward.submit(9, "bob").submission.id
    assert (
        ward.queue.cancel(theirs, operator).note
        == "cancelled by the operator on " + f"{datetime.now(UTC):%F %H:%M} UTC"
    )
    assert ward.queue.retry(theirs, operator).status is Status.QUEUED
    for act in (ward.queue.cancel, ward.queue.retry):
        with pytest.raises(UsageError, match="Only the person"):
            act(asked[0], "bob")


def test_a_name_on_the_list_of_operators_gives_no_right(tmp_path: Path) -> None:
    ward = Ward(tmp_path, operators="Head")
    ward.store.people.meet(Person("https://hub.example|666", "Head"))
    theirs = ward.submit(0).submission.id
    with pytest.raises(UsageError, match="Only the person"):
        ward.queue.cancel(theirs, "https://hub.example|666")


def test_the_local_user_is_stopped_by_what_is_open_and_never_by_the_week(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    for number in range(9):
        assert ward.submit(number, LOCAL_USER).left == ()
        ward.finish()
    for number in range(9, 12):
        ward.submit(number, LOCAL_USER)
    with pytest.raises(TooManyOpen):
        ward.submit(12, LOCAL_USER)


def test_whoever_is_blocked_is_told_why_and_whom_to_write_to_whatever_they_try(tmp_path: Path) -> None:
    ward = Ward(tmp_path, contact="mailto:board@ward.example")
    running = ward.submit(0).submission.id
    assert ward.store.claim("worker", 60)
    waiting, others = ward.submit(1).submission.id, ward.submit(2, "bob").submission.id
    (cancelled,) = ward.queue.block("ann", OPERATOR, "Ten models in a row were empty.")
    assert (cancelled.id, cancelled.status) == (waiting, Status.CANCELLED)
    assert [each.status for each in ward.store.newest()] == [Status.QUEUED, Status.CANCELLED, Status.RUNNING]
    attempts: list[Callable[[], object]] = [
        lambda: ward.submit(3),
        lambda: ward.submit(0),
        lambda: ward.queue.cancel(running, "ann"),
        lambda: ward.queue.retry(waiting, "ann"),
        lambda: ward.queue.withdraw(running, "ann", "why"),
    ]
    for attempt in attempts:
        with pytest.raises(
            Blocked, match="blocked you .*: Ten models in a row were empty. .*write to board@ward.example"
        ):
            attempt()
    assert "blocked you" in ward.said("Your turn", 3)
    assert ward.deeds().count(("ann", "refused: blocked")) == 1, "kept once, however often they try"
    assert {(OPERATOR, "block"), (OPERATOR, "cancel")} <= set(ward.deeds())
    with pytest.raises(UsageError, match="Only the person"):
        ward.queue.cancel(others, "ann")
    ward.store.people.unblock("ann", by=OPERATOR)
    assert ward.queue.retry(waiting, "ann").status is Status.QUEUED


@pytest.mark.parametrize("subject", [HEAD, LOCAL_USER])
def test_an_operator_is_not_blocked(tmp_path: Path, subject: str) -> None:
    with pytest.raises(UsageError, match="CLUE_OPERATORS"):
        Ward(tmp_path).queue.block(subject, OPERATOR, "a quarrel")


def test_a_block_that_was_broken_off_is_carried_out_by_asking_again(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    ward.submit(0)
    ward.store.people.block("ann", by=OPERATOR, reason="spam")
    assert [each.status for each in ward.queue.block("ann", OPERATOR, "spam")] == [Status.CANCELLED]


@pytest.mark.parametrize("reason", ["", "\u200b \x00", "x" * 501])
def test_no_reason_is_no_block_and_no_pause(tmp_path: Path, reason: str) -> None:
    ward = Ward(tmp_path)
    ward.submit(0)
    with pytest.raises(UsageError):
        ward.queue.block("ann", OPERATOR, reason)
    with pytest.raises(UsageError):
        ward.queue.pause(OPERATOR, reason, None)
    assert ward.store.people.blocked("ann") is None and ward.store.pulse().operator_pause is None


def test_a_pause_until_yesterday_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="past"):
        Ward(tmp_path).queue.pause(OPERATOR, "why", datetime(2026, 1, 1, tzinfo=UTC))


def test_while_the_operator_pauses_submissions_are_taken_and_what_runs_goes_on(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    ward.submit(0)
    claim = ward.store.claim("worker", 60)
    assert claim
    ward.queue.pause(OPERATOR, "moving house", None)
    ward.submit(1)
    assert ward.store.claim("worker", 60) is None
    ward.store.beat(claim, 60, None)
    ward.queue.cancel(ward.submit(2).submission.id, "ann")  # which ends the pauses of the worker
    assert ward.store.claim("worker", 60) is None
    ward.store.operator_pauses.end(OPERATOR)
    assert ward.store.claim("worker", 60) is not None


def test_no_subject_is_ever_written_where_others_read(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    subject = "https://hub.example|secret"
    asked = ward.submit(0, subject).submission.id
    ward.queue.cancel(asked, subject)
    ward.queue.retry(asked, subject)
    found: Submission = ward.queue.cancel(asked, HEAD)
    told = [found.note, *(event.reason for event in ward.store.events(asked))]
    assert not any("secret" in each or HEAD in each for each in told if each)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 11, 24, 10, 40, tzinfo=UTC), "Tuesday 24 November 2026, 10:40 UTC"),
        (datetime(2026, 11, 24, 10, 40, 1, tzinfo=UTC), "Tuesday 24 November 2026, 10:41 UTC"),
        (datetime(2026, 12, 31, 23, 59, 30, tzinfo=UTC), "Friday 1 January 2027, 00:00 UTC"),
    ],
)
def test_a_moment_that_is_told_is_never_too_early(moment: datetime, said: str) -> None:
    assert told_time(moment) == said
