"""Another process holds the queue's file for a while: what was being done waits or is done again, nothing is lost."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from threading import Event

import pytest

from backend.domain import Prompt
from backend.errors import OperatorFault
from backend.submission import Status
from eval_queue.queue import Queue
from eval_queue.schedule import run_worker_once
from storage.submissions import Submissions
from tests.eval_queue.test_write_faults import assert_whole, go_on
from tests.eval_queue.toys import Answer, House, no_hub, say_yes, toy_engine
from tests.storage.racing import racer, said
from tests.storage.records import wish

SOON = 0.1


def impatient(home: Path, answer: Answer = say_yes) -> House:
    """A house whose store waits only a moment for others."""
    house = House(home, engine=toy_engine(answer))
    house.submissions = Submissions(home / "queue.sqlite", house.clock.pair, busy_seconds=SOON)
    house.queue = Queue(house.submissions, house.ledger, house.settings, no_hub)
    return house


@contextmanager
def locked(home: Path) -> Iterator[None]:
    with racer("hold_queue", home / "queue.sqlite") as process:
        assert said(process) == "held"
        yield


def test_a_submission_to_a_locked_queue_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    house = impatient(tmp_path)
    with locked(tmp_path), pytest.raises(sqlite3.OperationalError, match="locked"):
        house.submit()
    assert house.submissions.newest() == []
    house.submissions.add(wish(), most_open=1)


def test_a_lock_that_is_let_go_in_time_is_not_even_noticed(tmp_path: Path) -> None:
    house = House(tmp_path)
    with racer("hold_queue", tmp_path / "queue.sqlite", "0.3") as process:
        assert said(process) == "held"
        submission_id = house.submit()
    assert house.found(submission_id).status is Status.QUEUED


def test_who_only_looks_does_not_wait_for_who_writes(tmp_path: Path) -> None:
    submission_id = House(tmp_path).submit()
    with closing(sqlite3.connect(tmp_path / "queue.sqlite", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        looking = Submissions(tmp_path / "queue.sqlite", busy_seconds=SOON)
        assert looking.waiting() == [submission_id]


def test_work_done_once_ends_with_a_sentence_beside_a_locked_queue(tmp_path: Path) -> None:
    house = impatient(tmp_path)
    submission_id = house.submit()
    with locked(tmp_path), pytest.raises(OperatorFault, match="database is locked.*try again"):
        run_worker_once(house.worker(), house.queue)
    assert run_worker_once(house.worker(), house.queue) == 1
    assert house.found(submission_id).status is Status.FINISHED


def test_a_worker_survives_a_queue_that_is_locked_in_the_middle_of_its_work(tmp_path: Path) -> None:
    with ExitStack() as stack:
        begun: list[str] = []

        def answer(prompt: Prompt, halt: Event) -> str:
            if not begun:
                stack.enter_context(locked(tmp_path))
            begun.append(prompt.example_id)
            return "yes"

        house = impatient(tmp_path, answer)
        submission_id = house.submit()
        with suppress(sqlite3.OperationalError):
            house.worker().run_next()
        assert begun
    assert house.found(submission_id).status.open
    go_on(house, submission_id)
    assert_whole(house, submission_id)
