"""Answers are packed when a result is published, and answers to credentialed tasks go when their time is over."""

import errno
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from backend.domain import Access, Edition, Engine, Prompt, Task
from backend.errors import FailureCode, ModelFault
from backend.submission import OPERATOR, Status, Submission
from eval_queue.archive import ARCHIVIST, Archive
from eval_queue.schedule import run_worker_once
from storage.predictions import pack_journals
from storage.submissions import Submissions
from tests.eval_queue.test_worker import fail_at
from tests.eval_queue.toys import House, toy_engine
from tests.storage.records import toy_task

DAY = 24 * 3600
TASKS = [toy_task("open"), toy_task("secret", access=Access.CREDENTIALED)]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, tasks=TASKS)


def archive(house: House, tasks: list[Task] | None = None) -> Archive:
    def now() -> datetime:
        return datetime.fromtimestamp(house.clock(), UTC)

    return Archive(house.submissions, house.settings, tasks or TASKS, house.stop, now)


def folder(house: House, submission_id: str) -> Path:
    return house.settings.home / "runs" / submission_id


def names(house: House, submission_id: str) -> list[str]:
    """What lies in the run's folder, but for the note that its log is confidential."""
    return sorted(path.name for path in folder(house, submission_id).iterdir() if path.suffix != ".confidential")


def finished(house: House, edition: Edition = Edition.FULL, model_id: str = "acme/tiny") -> str:
    submission_id = house.submit(model_id, edition=edition)
    house.worker().run_next()
    assert house.found(submission_id).status is Status.FINISHED
    return submission_id


def litter(house: House, submission_id: str) -> None:
    """What crashes and other runs leave beside the answers, and what the model's process said."""
    for name in ("secret.1.stale", "secret.x.partial", "gone.jsonl", "model.log", "open.1.stale"):
        (folder(house, submission_id) / name).write_text("a text")


def test_answers_are_packed_once_their_result_is_published(house: House) -> None:
    submission_id = finished(house)
    assert names(house, submission_id) == ["open.parquet", "secret.parquet"]
    assert house.answers(submission_id) == [f"{task}-{number}" for task in ("open", "secret") for number in range(3)]


def at_the_last_example(act: Callable[[], object]) -> Engine:
    """Says yes to everything, and acts before it answers the last one."""

    def answer(prompt: Prompt, halt: Event) -> str:
        if prompt.example_id == "secret-2":
            act()
        return "yes"

    return toy_engine(answer)


def test_what_cannot_be_packed_is_published_all_the_same_and_packed_later(house: House) -> None:
    submission_id = house.submit()
    blocked = folder(house, submission_id) / "open.parquet"
    house.worker(at_the_last_example(blocked.mkdir)).run_next()
    assert house.found(submission_id).status is Status.FINISHED and house.published() == [submission_id]
    assert names(house, submission_id) == ["open.jsonl", "open.parquet", "secret.parquet"]
    blocked.rmdir()
    archive(house).tidy()
    assert names(house, submission_id) == ["open.parquet", "secret.parquet"]


def test_what_a_killed_worker_left_unpacked_is_packed_at_the_next_start(house: House, tmp_path: Path) -> None:
    submission_id = house.submit()
    journal, saved = folder(house, submission_id) / "open.jsonl", tmp_path / "saved"
    house.worker(at_the_last_example(lambda: shutil.copy(journal, saved))).run_next()
    packed = (folder(house, submission_id) / "open.parquet").read_bytes()
    shutil.copy(saved, journal)
    (folder(house, submission_id) / "open.parquet").unlink()
    run_worker_once(house.worker(), house.queue)
    assert names(house, submission_id) == ["open.parquet", "secret.parquet"]
    assert (folder(house, submission_id) / "open.parquet").read_bytes() == packed


def test_answers_of_what_was_not_published_stay_as_they_are(house: House) -> None:
    submission_id = house.submit()
    fault = ModelFault(FailureCode.TEMPLATE_ERROR)
    house.worker(toy_engine(fail_at("secret-1", fault))).run_next()
    archive(house).tidy()
    assert house.found(submission_id).status is Status.FAILED
    assert names(house, submission_id) == ["open.jsonl", "secret.jsonl"]


def test_a_withdrawal_keeps_no_answer_for_longer(house: House) -> None:
    submission_id = finished(house)
    house.clock.advance(29 * DAY)
    house.queue.withdraw(submission_id, OPERATOR, "The template was wrong.")
    house.clock.advance(1 * DAY + 1)
    archive(house).tidy()
    assert names(house, submission_id) == ["open.parquet"]


def test_answers_to_credentialed_tasks_and_the_models_log_are_removed_after_thirty_days(house: House) -> None:
    submission_id = finished(house)
    litter(house, submission_id)
    house.clock.advance(30 * DAY)
    archive(house).tidy()
    assert "secret.parquet" in names(house, submission_id) and "model.log" in names(house, submission_id)
    house.clock.advance(1)
    archive(house).tidy()
    assert names(house, submission_id) == ["open.1.stale", "open.parquet"]
    last = house.submissions.events(submission_id)[-1]
    assert (last.actor, last.status) == (ARCHIVIST, Status.FINISHED)
    assert last.reason == (
        "30 days after it ended, its answers to credentialed tasks and the model's log were removed. Its scores stay."
    )
    archive(house).tidy()
    assert house.submissions.events(submission_id)[-1] == last
    assert house.ledger.standing(submission_id) == 1


def test_a_rehearsals_answers_stay(house: House) -> None:
    submission_id = finished(house, Edition.REHEARSAL)
    house.clock.advance(1000 * DAY)
    archive(house).tidy()
    assert names(house, submission_id) == ["open.parquet", "secret.parquet"]


def test_answers_to_a_task_that_nobody_knows_are_removed_too(house: House) -> None:
    submission_id = finished(house)
    house.clock.advance(31 * DAY)
    archive(house, tasks=[toy_task("another")]).tidy()
    assert names(house, submission_id) == []


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.SCORING])
def test_nothing_that_waits_or_runs_is_touched_however_old_it_is(house: House, status: Status) -> None:
    submission_id = house.submit(edition=Edition.FULL)
    claim = house.submissions.claim("worker", 60) if status is not Status.QUEUED else None
    if claim and status is Status.SCORING:
        house.submissions.step(claim, Status.SCORING, actor="worker")
    folder(house, submission_id).mkdir(parents=True)
    litter(house, submission_id)
    before = names(house, submission_id)
    house.clock.advance(1000 * DAY)
    archive(house).tidy()
    assert house.found(submission_id).status is status and names(house, submission_id) == before


def test_a_submission_that_is_retried_meanwhile_keeps_its_answers(house: House) -> None:
    submission_id = finished_badly(house)
    house.clock.advance(31 * DAY)
    seen: list[Submission] = house.submissions.newest()
    house.queue.retry(submission_id, OPERATOR)
    assert not house.submissions.amend(seen[0], actor=ARCHIVIST, write=lambda: pytest.fail("it was written"))


def finished_badly(house: House) -> str:
    submission_id = house.submit(edition=Edition.FULL)
    house.worker(toy_engine(fail_at("secret-1", ModelFault(FailureCode.TEMPLATE_ERROR)))).run_next()
    assert house.found(submission_id).status is Status.FAILED
    return submission_id


def test_a_retry_after_that_asks_again_what_was_removed(house: House) -> None:
    submission_id = finished_badly(house)
    house.clock.advance(31 * DAY)
    archive(house).tidy()
    assert names(house, submission_id) == ["open.jsonl"]
    house.queue.retry(submission_id, OPERATOR)
    asked: list[str] = []
    house.worker(toy_engine(asked=asked)).run_next()
    assert asked == ["secret-0", "secret-1", "secret-2"]
    assert house.found(submission_id).status is Status.FINISHED


def test_a_retry_goes_on_from_answers_that_are_packed(house: House) -> None:
    submission_id = finished_badly(house)
    assert pack_journals(folder(house, submission_id)) == 2
    house.queue.retry(submission_id, OPERATOR)
    asked: list[str] = []
    house.worker(toy_engine(asked=asked)).run_next()
    assert asked == ["secret-1", "secret-2"] and house.found(submission_id).status is Status.FINISHED
    assert names(house, submission_id) == ["open.parquet", "secret.parquet"]


class DiskTrouble(Submissions):
    """A queue that cannot be written for one submission."""

    trouble_with = ""

    def amend(self, submission: Submission, *, actor: str, write: Callable[[], str]) -> bool:
        if submission.id == self.trouble_with:
            raise OSError(errno.EIO, "the disk is failing")
        return super().amend(submission, actor=actor, write=write)


def test_what_cannot_be_removed_now_holds_up_nothing_else(house: House, caplog: pytest.LogCaptureFixture) -> None:
    older, newer = finished(house), finished(house, model_id="acme/newer")
    house.clock.advance(31 * DAY)
    troubled = DiskTrouble(house.settings.home / "queue.sqlite", house.clock.pair)
    troubled.trouble_with = newer
    house.submissions = troubled
    archive(house).tidy()
    assert names(house, older) == ["open.parquet"]
    assert names(house, newer) == ["open.parquet", "secret.parquet"]
    told = [(getattr(record, "submission", None), getattr(record, "fault", None)) for record in caplog.records]
    assert (newer, "OSError") in told
    troubled.trouble_with = ""
    archive(house).tidy()
    assert names(house, newer) == ["open.parquet"]


@pytest.mark.parametrize("end", ["failed", "cancelled", "superseded"])
def test_answers_go_however_a_submission_ended(house: House, end: str) -> None:
    if end == "superseded":
        submission_id = finished(house)
        house.queue.supersede(submission_id, OPERATOR, "a mended metric")
    else:
        submission_id = finished_badly(house)
        if end == "cancelled":
            house.queue.retry(submission_id, OPERATOR)
            house.queue.cancel(submission_id, OPERATOR)
    (folder(house, submission_id) / "deeper").mkdir()
    (folder(house, submission_id) / "deeper" / "note.txt").write_text("a text")
    assert any(name.startswith("secret") for name in names(house, submission_id))
    house.clock.advance(31 * DAY)
    archive(house).tidy()
    left = [path.name for path in folder(house, submission_id).rglob("*") if path.is_file()]
    assert left and all(name.startswith("open.") for name in left)


def test_answers_that_the_queue_knows_nothing_of_and_old_logs_go_too(house: House) -> None:
    home = house.settings.home
    stray = folder(house, "stray")
    texts = [stray / "secret.jsonl", stray / "model.log", home / "logs" / "model-2027-01-01.log"]
    kept = [stray / "open.jsonl", home / "logs" / "model-2027-01-20.log"]
    for path in (*texts, *kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a text")
        days = 0 if path is kept[1] else 30
        os.utime(path, (house.clock() - days * DAY, house.clock() - days * DAY))
    archive(house).tidy()
    assert all(path.exists() for path in texts)
    house.clock.advance(1)
    archive(house).tidy()
    assert [path for path in (*texts, *kept) if path.exists()] == kept


def test_a_pass_ends_early_when_the_worker_is_told_to_stop(house: House) -> None:
    submission_id = finished(house)
    house.clock.advance(31 * DAY)
    house.stop.set()
    archive(house).tidy()
    assert "secret.parquet" in names(house, submission_id)
