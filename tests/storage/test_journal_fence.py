"""A worker that was stopped and woken writes where nobody reads, and a full disk costs no answer that was kept."""

import errno
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend.submission import Status
from storage.predictions import Journals, RunJournal
from storage.submissions import Submissions
from tests.small_disk import fill, small_disk
from tests.storage.records import toy_dataset, toy_task, wish
from tests.storage.scribe import DATASET, FACTS, TASK, answer, journals_of
from tests.waiting import wait_for

PROJECT = Path(__file__).resolve().parents[2]
ENOUGH = 20


@contextmanager
def scribe(home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that appends answers; killed in the end."""
    said = (home / "said.txt").open("w")
    process = subprocess.Popen([sys.executable, "-m", "tests.storage.scribe", str(home)], cwd=PROJECT, stdout=said)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        said.close()


def said(home: Path) -> list[str]:
    return (home / "said.txt").read_text().split()


def answers(home: Path) -> list[str]:
    lines = (home / "run" / "toy.jsonl").read_bytes().split(b"\n")
    assert lines.pop() == b""
    return [json.loads(line)["example_id"] for line in lines[1:]]


def test_a_stopped_worker_that_is_woken_writes_nothing_into_its_successors_journal(tmp_path: Path) -> None:
    store = Submissions(tmp_path / "queue.sqlite")
    submission = store.add(wish(), most_open=9)
    with scribe(tmp_path) as first:
        wait_for(lambda: len(said(tmp_path)) > ENOUGH)
        first.send_signal(signal.SIGSTOP)
        (lost,) = store.claimed(expired_only=False)
        assert store.step_unclaimed(lost, Status.QUEUED, actor="the rescuer")
        claim = store.claim("second", 60)
        assert claim is not None and claim.submission.id == submission.id
        with journals_of(tmp_path, store, claim)(TASK, DATASET, FACTS) as journal:
            before = answers(tmp_path)
            assert set(said(tmp_path)) <= set(before) and list(journal.predictions()) == before
            journal.append(answer("second", 0))
            woken_after = len(said(tmp_path))
            first.send_signal(signal.SIGCONT)
            wait_for(lambda: len(said(tmp_path)) > woken_after + ENOUGH)
            for number in range(1, 5):
                journal.append(answer("second", number))
            (tmp_path / "stop").touch()
            wait_for(lambda: first.poll() is not None)
    assert said(tmp_path)[-1] == "refused"
    assert answers(tmp_path) == [*before, *(f"second-{number}" for number in range(5))]


def append_many(journal: RunJournal, count: int) -> None:
    for number in range(count):
        journal.append(answer("long" * 100, number))


@pytest.mark.small_disk
def test_on_a_full_disk_the_journal_stays_readable_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        journals = Journals(disk / "run", {})
        with journals(toy_task(), toy_dataset(), FACTS) as journal:
            journal.append(answer("first", 0))
            filler = fill(disk, leave=8192)
            with pytest.raises(OSError) as fault:
                append_many(journal, 1000)
            assert fault.value.errno == errno.ENOSPC
            kept = list(journal.predictions())
            assert len(kept) > 1
            with journals(toy_task(), toy_dataset(), None) as seen:
                assert list(seen.predictions()) == kept
            filler.unlink()
            journal.append(answer("after", 0))
        with journals(toy_task(), toy_dataset(), None) as seen:
            assert list(seen.predictions()) == [*kept, "after-0"]


@pytest.mark.small_disk
def test_a_journal_that_cannot_be_renewed_on_a_full_disk_is_still_there(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        journals = Journals(disk / "run", {})
        with journals(toy_task(), toy_dataset(), FACTS) as journal:
            append_many(journal, 100)
        fill(disk, leave=8192)
        with pytest.raises(OSError), journals(toy_task(), toy_dataset(), FACTS):
            pass
        with journals(toy_task(), toy_dataset(), None) as seen:
            assert len(seen.predictions()) == 100
        assert [path.name for path in (disk / "run").iterdir()] == ["toy.jsonl"]
