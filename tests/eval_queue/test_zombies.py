"""A worker that was stopped for longer than its lease and is woken again finds every door closed, and goes on."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil
import pytest

from backend.submission import Status
from storage.clocks import Clocks
from storage.ledger import Ledger
from storage.submissions import Submissions
from tests.commands import PROJECT
from tests.storage.records import wish
from tests.waiting import wait_for

PROGRAM = (sys.executable, "-m", "tests.eval_queue.zombies")


@contextmanager
def working(name: str, home: Path, where: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """A worker of this name while the block runs; it ends by itself when it is asked to."""
    process = subprocess.Popen([*PROGRAM, name, str(home), *([where] if where else [])], cwd=PROJECT)
    try:
        yield process
        (home / f"stop-{name}").touch()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def stop_outside_a_transaction(process: subprocess.Popen[bytes], queue: Path) -> None:
    """It is stopped and holds nothing: stopped within a beat, it would keep everybody out until it is killed."""
    while True:
        process.send_signal(signal.SIGSTOP)
        wait_for(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
        try:
            with closing(sqlite3.connect(queue, timeout=0, isolation_level=None)) as db:
                db.execute("BEGIN IMMEDIATE")
                return
        except sqlite3.OperationalError:
            process.send_signal(signal.SIGCONT)
            time.sleep(0.05)


def journals(home: Path, submission_id: str) -> dict[str, list[str]]:
    return {path.stem: path.read_text().splitlines() for path in (home / "runs" / submission_id).glob("*.jsonl")}


@pytest.mark.parametrize("where", ["predict", "score", "publish"])
def test_a_worker_that_slept_through_its_lease_is_refused_everywhere_and_then_serves_the_next(
    tmp_path: Path, where: str
) -> None:
    store = Submissions(tmp_path / "queue.sqlite", Clocks())
    first = store.add(wish("acme/first"), most_open=9).id
    with ExitStack() as workers:
        zombie = workers.enter_context(working("zombie", tmp_path, where))
        wait_for((tmp_path / "there").exists)
        stop_outside_a_transaction(zombie, tmp_path / "queue.sqlite")
        with working("other", tmp_path):
            wait_for(lambda: (found := store.find(first)) and found.status is Status.FINISHED)
        answers, events = journals(tmp_path, first), store.events(first)
        spent, published = store.spent(), Ledger(tmp_path / "ledger.jsonl").verify()
        assert [event.actor for event in events][-1] == "other"
        second = store.add(wish("acme/second"), most_open=9).id
        (tmp_path / "go").touch()
        zombie.send_signal(signal.SIGCONT)
        wait_for(lambda: (found := store.find(second)) and found.status is Status.FINISHED)
    assert store.events(first) == events and published.number == 1
    assert [event.actor for event in store.events(second)] == ["ann", "zombie", "zombie", "zombie"]
    lines = [entry.submission_id for entry, _ in Ledger(tmp_path / "ledger.jsonl").read()]
    assert lines == [first, second]
    assert len(store.spent()) == 2 * len(spent)
    if where != "predict":
        assert journals(tmp_path, first) == answers
