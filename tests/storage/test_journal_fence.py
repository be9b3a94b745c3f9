"""A worker that was stopped and woken writes where nobody reads, and a full disk costs no answer that was kept."""

import errno
import json
import os
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
from tests.commands import wait_for
from tests.storage.records import toy_dataset, toy_task, wish
from tests.storage.scribe import DATASET, FACTS, TASK, answer, journals_of

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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(folder: Path, leaving: int) -> Path:
    """A file that leaves so many bytes of the disk."""
    free = os.statvfs(folder)
    path = folder / "filler"
    path.write_bytes(b"." * max(0, free.f_bavail * free.f_frsize - leaving))
    return path


def append_many(journal: RunJournal, count: int) -> None:
    for number in range(count):
        journal.append(answer("long" * 100, number))


def test_on_a_full_disk_the_journal_stays_readable_and_goes_on_when_there_is_room(small_disk: Path) -> None:
    journals = Journals(small_disk / "run", {})
    filler = None
    with journals(toy_task(), toy_dataset(), FACTS) as journal:
        journal.append(answer("first", 0))
        filler = fill(small_disk, leaving=8192)
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


def test_a_journal_that_cannot_be_renewed_on_a_full_disk_is_still_there(small_disk: Path) -> None:
    journals = Journals(small_disk / "run", {})
    with journals(toy_task(), toy_dataset(), FACTS) as journal:
        append_many(journal, 100)
    fill(small_disk, leaving=8192)
    with pytest.raises(OSError), journals(toy_task(), toy_dataset(), FACTS):
        pass
    with journals(toy_task(), toy_dataset(), None) as seen:
        assert len(seen.predictions()) == 100
    assert [path.name for path in (small_disk / "run").iterdir()] == ["toy.jsonl"]
