"""The queue's store keeps what it was told, under the rules it promises."""

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.domain import Domain, Edition, Model, Progress, Stage
from backend.errors import FailureCode, OperatorFault
from backend.submission import OPEN_STATUSES, Status, Submission
from storage.submissions import Submissions
from tests.storage.records import COMMIT, Clock, wish
from tests.storage.steps import add, bring_to, claim, found, row


def test_a_submission_is_found_as_it_was_given(store: Submissions, clock: Clock) -> None:
    model = Model(
        hub_id="acme/tiny",
        revision=COMMIT,
        params=7,
        licence="mit",
        architecture="LlamaForCausalLM",
        base_model="acme/base",
        domain=Domain.BIOMEDICAL,
    )
    asked = wish(url="http://127.0.0.1:8080", submitter="bob", engine="endpoint")
    asked = Submission(**{name: getattr(asked, name) for name in Submission.__slots__} | {"model": model})
    stored = store.add(asked, most_open=1)
    assert stored == found(store, asked.id)
    now = datetime.fromtimestamp(clock.now, UTC)
    assert (stored.model, stored.url, stored.submitter) == (model, "http://127.0.0.1:8080", "bob")
    assert (stored.status, stored.attempt, stored.created_at, stored.updated_at) == (Status.QUEUED, 0, now, now)
    assert (stored.failure_code, stored.failure_stage, stored.note, stored.progress) == (None, None, None, None)


def test_nothing_is_found_under_an_unknown_id(store: Submissions) -> None:
    assert store.find("nobody") is None and store.newest() == [] and store.waiting() == []
    assert store.events("nobody") == [] and store.claim("worker", 60) is None


def test_the_newest_submission_is_listed_first(store: Submissions, clock: Clock) -> None:
    for number in range(3):
        add(store, f"acme/m{number}")
        clock.advance(1)
    assert [one.model.hub_id for one in store.newest()] == ["acme/m2", "acme/m1", "acme/m0"]


@pytest.mark.parametrize("again", ["acme/tiny", "ACME/Tiny"])
def test_the_same_commit_again_is_the_submission_already_there(store: Submissions, again: str) -> None:
    first = add(store, "acme/tiny")
    assert add(store, again, submitter="bob") == first
    assert len(store.newest()) == 1 and len(store.events(first.id)) == 1


@pytest.mark.parametrize(
    "other",
    [{"revision": "d" * 40}, {"edition": Edition.FULL}, {"engine": "other"}],
    ids=["commit", "edition", "engine"],
)
def test_another_commit_edition_or_engine_is_another_submission(store: Submissions, other: dict[str, Any]) -> None:
    add(store)
    add(store, **other)
    assert len(store.newest()) == 2


@pytest.mark.parametrize("status", list(Status))
def test_a_commit_may_come_again_only_when_nothing_came_of_it(store: Submissions, status: Status) -> None:
    received = status is Status.RECEIVED
    first = add(store, status=status if received else Status.QUEUED)
    bring_to(store, first, status)
    again = add(store)
    expected_new = status in {Status.FAILED, Status.CANCELLED, Status.WITHDRAWN}
    assert (again.id != first.id) is expected_new


def test_one_person_may_have_only_so_many_open_submissions(store: Submissions) -> None:
    first = add(store, "acme/m0", most_open=2)
    add(store, "acme/m1", most_open=2)
    with pytest.raises(OverflowError):
        add(store, "acme/m2", most_open=2)
    assert len(store.newest()) == 2
    assert add(store, "acme/m0", most_open=2) == first
    add(store, "acme/m2", most_open=2, submitter="bob")
    store.step_unclaimed(first, Status.CANCELLED, actor="ann")
    add(store, "acme/m3", most_open=2)


def test_a_claim_runs_under_a_fresh_token_and_counts_as_an_attempt(store: Submissions) -> None:
    add(store)
    first = claim(store)
    assert (first.submission.status, first.submission.attempt) == (Status.RUNNING, 1)
    store.step(first, Status.QUEUED, actor="worker", note="again")
    second = claim(store)
    assert second.token != first.token and second.submission.attempt == 2 and second.submission.note is None


def test_an_attempt_given_back_was_never_used(store: Submissions) -> None:
    add(store)
    store.step(claim(store), Status.QUEUED, actor="worker", refund=True)
    assert claim(store).submission.attempt == 1


def test_a_crash_is_remembered_by_its_stage_until_a_fresh_start(store: Submissions) -> None:
    asked = add(store)
    held = claim(store)
    assert held.crashed_stage is None
    store.step(held, Status.QUEUED, actor="worker", stage=Stage.LOAD, crashed=True)
    held = claim(store)
    assert held.crashed_stage is Stage.LOAD
    store.step(held, Status.FAILED, actor="worker", stage=Stage.LOAD, code=FailureCode.QUARANTINED)
    assert store.step_unclaimed(found(store, asked.id), Status.QUEUED, actor="ann", fresh=True)
    held = claim(store)
    assert held.crashed_stage is None and held.submission.attempt == 1
    assert held.submission.failure_code is None and held.submission.failure_stage is None


def test_a_beat_renews_the_lease_and_shows_progress(store: Submissions, clock: Clock) -> None:
    asked = add(store)
    held = claim(store, lease_seconds=60)
    clock.advance(50)
    progress = Progress(stage=Stage.PREDICT, task="toy", task_number=1, task_count=2, done=3, total=9, per_second=0.5)
    store.beat(held, 60, progress)
    assert found(store, asked.id).progress == progress
    clock.advance(50)
    assert store.claimed(expired_only=True) == []
    clock.advance(11)
    assert [lost.id for lost in store.claimed(expired_only=True)] == [asked.id]


def test_a_claim_is_lost_only_when_its_lease_has_run_out(store: Submissions, clock: Clock) -> None:
    asked = add(store)
    claim(store, lease_seconds=60)
    assert [held.id for held in store.claimed(expired_only=False)] == [asked.id]
    clock.advance(60)
    assert store.claimed(expired_only=True) == []
    clock.advance(0.001)
    assert [lost.id for lost in store.claimed(expired_only=True)] == [asked.id]


@pytest.mark.parametrize(("column", "words"), [("status", Status), ("edition", Edition), ("domain", Domain)])
def test_the_words_that_the_database_takes_are_those_of_the_domain(
    raw: sqlite3.Connection, column: str, words: type[Status] | type[Edition] | type[Domain]
) -> None:
    (sql,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'submission'").fetchone()
    listed = re.search(rf"\b{column} IN \(([^)]*)\)", sql)
    assert listed is not None
    assert set(re.findall(r"'(\w+)'", listed[1])) == {word.value for word in words}


def test_the_one_open_submission_of_a_commit_is_guarded_in_every_open_status(raw: sqlite3.Connection) -> None:
    (sql,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'one_open_submission'").fetchone()
    assert set(re.findall(r"'(\w+)'", sql)) == {status.value for status in OPEN_STATUSES}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("UPDATE submission SET status = 'pending'", "not in the table|CHECK"),
        ("UPDATE submission SET edition = 'half'", "what was asked for never changes"),
        ("UPDATE submission SET edition = 'full'", "what was asked for never changes"),
        ("UPDATE submission SET engine = 'other'", "what was asked for never changes"),
        ("UPDATE submission SET submitter = 'mallory'", "what was asked for never changes"),
        ("UPDATE submission SET id = 'another'", "what was asked for never changes"),
        ("UPDATE submission SET created_at = 0", "what was asked for never changes"),
        ("UPDATE submission SET revision = 'another'", "a commit is pinned once"),
        ("UPDATE submission SET model_id = 'acme/other'", "a commit is pinned once"),
        ("UPDATE submission SET suspect = 2", "CHECK"),
        ("DELETE FROM submission", "submissions are never deleted"),
        (
            "INSERT INTO submission SELECT 'new', model_id, 'r', params, licence, architecture, base_model, domain,"
            " edition, engine, url, submitter, 'cancelled', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL,"
            " created_at, updated_at, actor, NULL, NULL, NULL, 0, NULL FROM submission",
            "begins as received or queued",
        ),
        ("UPDATE submission SET domain = 'legal'", "CHECK"),
        ("UPDATE submission SET token = 't'", "CHECK"),
        ("UPDATE submission SET status = 'running'", "CHECK"),
        ("UPDATE submission SET status = 'failed'", "CHECK"),
        ("UPDATE event SET reason = 'never mind'", "append-only"),
        ("DELETE FROM event", "append-only"),
        ("INSERT INTO pulse (id) VALUES (2)", "CHECK"),
    ],
)
def test_the_database_refuses_what_may_never_be_written(
    store: Submissions, raw: sqlite3.Connection, change: str, sentence: str
) -> None:
    asked = add(store)
    before = row(raw, asked.id), store.events(asked.id)
    with pytest.raises(sqlite3.IntegrityError, match=sentence):
        raw.execute(change)
    assert (row(raw, asked.id), store.events(asked.id)) == before


def test_what_the_hub_says_later_is_written_to_a_received_submission(store: Submissions) -> None:
    asked = add(store, "acme/TINY", "", status=Status.RECEIVED)
    assert store.pin(asked, Model(hub_id="acme/tiny", revision=COMMIT, params=7, licence="mit", base_model="acme/base"))
    model = found(store, asked.id).model
    assert (model.hub_id, model.revision, model.params, model.base_model) == ("acme/tiny", COMMIT, 7, "acme/base")


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.FINISHED])
def test_a_received_submission_is_not_pinned_to_a_commit_that_is_there_already(
    store: Submissions, status: Status
) -> None:
    bring_to(store, add(store, "acme/tiny"), status)
    asked = add(store, "acme/Tiny", "", status=Status.RECEIVED)
    assert not store.pin(asked, Model(hub_id="acme/tiny", revision=COMMIT))
    assert found(store, asked.id) == asked


def test_a_pinned_submission_may_be_pinned_again(store: Submissions) -> None:
    asked = add(store, "acme/tiny", "", status=Status.RECEIVED)
    assert store.pin(asked, Model(hub_id="acme/tiny", revision=COMMIT))
    assert store.pin(found(store, asked.id), Model(hub_id="acme/tiny", revision=COMMIT))


def test_only_a_received_submission_is_pinned(store: Submissions) -> None:
    asked = add(store)
    store.pin(asked, Model(hub_id="acme/tiny", revision="d" * 40))
    assert found(store, asked.id).model.revision == COMMIT


def test_the_pulse_tells_when_a_worker_was_seen_and_why_the_queue_stands(store: Submissions, clock: Clock) -> None:
    assert store.pulse().seen_at is None and store.pulse().paused is None
    store.seen()
    store.pause("The disk is full.", 60)
    pulse = store.pulse()
    assert pulse.seen_at is not None and pulse.seen_at.timestamp() == clock.now and pulse.paused == "The disk is full."
    store.resume()
    assert store.pulse().paused is None and store.pulse().seen_at == pulse.seen_at


def test_reopening_the_file_keeps_everything(store: Submissions, path: Path, clock: Clock) -> None:
    asked = add(store)
    add(store, "acme/other")
    held = claim(store)
    store.pause("waiting for the operator", 60)
    again = Submissions(path, clock.pair)
    assert again.newest() == store.newest() and again.events(asked.id) == store.events(asked.id)
    assert again.pulse() == store.pulse() and again.waiting() == store.waiting()
    again.beat(held, 60, None)


def test_only_its_owner_may_read_the_queue(store: Submissions, path: Path, raw: sqlite3.Connection) -> None:
    add(store)
    raw.execute("SELECT * FROM submission").fetchall()
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert len(modes) == 3 and set(modes.values()) == {0o600}, modes


def test_a_file_of_a_newer_version_is_left_alone_with_a_sentence(path: Path) -> None:
    Submissions(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(OperatorFault, match="newer version"):
        Submissions(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (99,)
