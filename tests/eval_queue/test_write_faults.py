"""The disk refuses one write of an evaluation after the other, until one passes untouched; afterwards all goes on."""

import errno
import linecache
import re
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from backend.submission import Status
from eval_queue.storm.killpoints import Hit, failing_at
from tests.eval_queue.toys import House
from tests.storage.records import toy_task

WRITES = re.compile(
    r"write\(|fsync\(|truncate\(|replace\(|\.open\(|\.flush\(|mkdir\(|execute\(\"(BEGIN|COMMIT)|_QUERIES"
)
PAUSE = 200.0


def is_a_write(hit: Hit) -> bool:
    return "/storage/" in hit.file and bool(WRITES.search(linecache.getline(hit.file, hit.line)))


def full(file: str) -> Exception:
    if Path(file).name in {"database.py", "submissions.py"}:
        return sqlite3.OperationalError("database or disk is full")
    return OSError(errno.ENOSPC, "No space left on device")


def failing(file: str) -> Exception:
    if Path(file).name in {"database.py", "submissions.py"}:
        return sqlite3.OperationalError("disk I/O error")
    return OSError(errno.EIO, "Input/output error")


def go_on(house: House, submission_id: str) -> None:
    """What the program's clock does later: leases and pauses run out, what was left is taken up again."""
    for _ in range(6):
        if house.found(submission_id).status is Status.FINISHED:
            return
        house.clock.advance(PAUSE)
        house.queue.rescue()
        house.worker().run_next()


def assert_whole(house: House, submission_id: str) -> None:
    found = house.found(submission_id)
    assert (found.status, found.attempt) == (Status.FINISHED, 1), (found.failure_code, found.note)
    assert house.published().count(submission_id) == 1


# A connection that is closed because of a fault leaves aiosql's generator of rows behind, which complains of it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("fault", [full, failing], ids=["disk full", "disk failing"])
def test_whichever_write_the_disk_refuses_nothing_is_lost_and_no_attempt_is_used_up(
    tmp_path: Path, fault: Callable[[str], Exception]
) -> None:
    house = House(tmp_path, tasks=[toy_task(examples=2)])
    number, refused = 0, True
    while refused:
        number += 1
        submission_id = house.submit(f"acme/m{number}")
        with failing_at(number, fault, is_a_write) as passed, suppress(OSError, sqlite3.OperationalError):
            house.worker().run_next()
        refused = len(passed) >= number
        go_on(house, submission_id)
        assert_whole(house, submission_id)
    assert house.ledger.verify().number == number > 25
