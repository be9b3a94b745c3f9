"""A restore puts back what was, gives nothing published up unasked, and after a kill is simply done again."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import FrameType

import pytest

from backend.domain import Edition, Provenance
from backend.errors import BackupDamaged, Replaced, UsageError
from backend.submission import Status
from storage.backup import LEDGER, QUEUE, verify_backup, write_backup
from storage.ledger import Ledger
from storage.restoration import RESTORED, lines_beyond, restore_backup
from storage.submissions import Submissions
from tests.commands import PROJECT
from tests.storage.records import board, toy_result, wish
from tests.storage.test_backup import publish


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for model in ("acme/one", "acme/two"):
        publish(home, model)
    return home


def models(home: Path) -> list[str]:
    """The board of a home."""
    with board(home) as (scores, _):
        return [standing.label for standing in scores.standings(Provenance.MEASURED, Edition.REHEARSAL)]


def statuses(home: Path) -> dict[str, Status]:
    return {each.model.hub_id: each.status for each in Submissions(home / QUEUE).newest()}


def test_an_empty_home_becomes_the_one_that_was_backed_up(home: Path, tmp_path: Path) -> None:
    made = write_backup(home, tmp_path / "backups")
    new = tmp_path / "new"
    new.mkdir()
    Submissions(new / QUEUE)
    done = restore_backup(new, made)
    assert done.lost == 0 and verify_backup(done.aside).ledger is not None
    assert models(new) == models(home) == ["acme/one", "acme/two"]
    assert statuses(new) == statuses(home)
    for file in (LEDGER, *(str(path.relative_to(home)) for path in (home / "runs").glob("*/*"))):
        assert (new / file).read_bytes() == (home / file).read_bytes()
    assert (new / RESTORED).exists() and Submissions(new / QUEUE).pulse().paused is None


def test_what_was_published_since_is_given_up_only_when_asked_and_is_kept_aside(home: Path, tmp_path: Path) -> None:
    made = write_backup(home, tmp_path / "backups")
    late = publish(home, "acme/three")
    before = (home / LEDGER).read_bytes()
    with pytest.raises(UsageError, match="lost: 1. .* --discard"):
        restore_backup(home, made)
    assert (home / LEDGER).read_bytes() == before and statuses(home)["acme/three"] is Status.FINISHED
    assert Submissions(home / QUEUE).pulse().paused is None
    done = restore_backup(home, made, discard=True)
    assert done.lost == 1
    assert models(home) == ["acme/one", "acme/two"] and "acme/three" not in statuses(home)
    assert (home / "runs" / late / "mednli.jsonl").exists()
    back = restore_backup(home, done.aside)
    assert back.lost == 0 and (home / LEDGER).read_bytes() == before
    assert statuses(home)["acme/three"] is Status.FINISHED


def test_what_is_published_in_the_middle_of_a_restore_is_not_given_up_unasked(home: Path, tmp_path: Path) -> None:
    made = write_backup(home, tmp_path / "backups")

    def trace(frame: FrameType, event: str, argument: object) -> None:
        if frame.f_code.co_name == "keep_aside":  # a person withdraws, or the operator scores again, just then
            Ledger(home / LEDGER).append("s9", toy_result("acme/late"))

    sys.settrace(trace)
    try:
        with pytest.raises(UsageError, match="lost: 1"):
            restore_backup(home, made)
    finally:
        sys.settrace(None)
    assert Ledger(home / LEDGER).verify().number == 3 and not list(home.glob("before-restore-*"))
    assert Submissions(home / QUEUE).pulse().paused is None


def test_a_ledger_that_went_another_way_is_kept_unless_discarded(home: Path, tmp_path: Path) -> None:
    made = write_backup(home, tmp_path / "backups")
    other = tmp_path / "other"
    for model in ("acme/one", "acme/else", "acme/more"):
        publish(other, model)
    with pytest.raises(UsageError, match="lost: 3"):
        restore_backup(other, made)
    assert restore_backup(other, made, discard=True).lost == 3
    assert models(other) == ["acme/one", "acme/two"]


def test_lines_are_counted_from_the_first_that_differs(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    cases = [
        (b"", b"a\n", 0), (b"a\n", b"a\nb\n", 0), (b"a\nb\n", b"a\n", 1), (b"a\nx\nc\n", b"a\nb\nc\n", 2),
        (b"a\nb\nto", b"a\nb\n", 0), (b"a\n", b"", 1),
    ]  # fmt: skip
    for ours, theirs, beyond in cases:
        here.write_bytes(ours)
        there.write_bytes(theirs)
        assert lines_beyond(here, there) == beyond, (ours, theirs)


def test_who_worked_then_begins_again_and_who_works_now_is_fenced_off(home: Path, tmp_path: Path) -> None:
    submissions = Submissions(home / QUEUE)
    submissions.add(wish("acme/slow", submission_id="slow"), most_open=9)
    then = submissions.claim("then", 60)
    assert then is not None
    made = write_backup(home, tmp_path / "backups")
    submissions.add(wish("acme/late", submission_id="late"), most_open=9)
    now = submissions.claim("now", 60)
    assert now is not None
    restore_backup(home, made)
    for claim in (then, now):
        with pytest.raises(Replaced):
            submissions.beat(claim, 60, None)
    slow = submissions.find("slow")
    assert slow is not None and (slow.status, slow.attempt) == (Status.QUEUED, 0)
    again = submissions.claim("next", 60)
    assert again is not None and again.submission.id == "slow"


def test_a_damaged_backup_changes_nothing(home: Path, tmp_path: Path) -> None:
    made = write_backup(home, tmp_path / "backups")
    (made / LEDGER).write_bytes((made / LEDGER).read_bytes()[:-9])
    before = sorted((path, path.read_bytes()) for path in home.rglob("*.jsonl"))
    with pytest.raises(BackupDamaged, match=LEDGER):
        restore_backup(home, made, discard=True)
    assert sorted((path, path.read_bytes()) for path in home.rglob("*.jsonl")) == before
    assert Submissions(home / QUEUE).pulse().paused is None


@pytest.mark.parametrize("victim", [QUEUE, LEDGER])
def test_a_home_whose_queue_or_ledger_is_damaged_is_mended(home: Path, tmp_path: Path, victim: str) -> None:
    made = write_backup(home, tmp_path / "backups")
    for rest in ("-wal", "-shm"):
        (home / f"{victim}{rest}").unlink(missing_ok=True)
    (home / victim).write_bytes(b"\x00 nothing of ours \n" * 500)
    done = restore_backup(home, made, discard=victim == LEDGER)
    assert done.lost == (500 if victim == LEDGER else 0)
    assert models(home) == ["acme/one", "acme/two"]
    assert set(statuses(home).values()) == {Status.FINISHED}
    assert (done.aside / victim).stat().st_size >= 8_000


def test_a_home_whose_queue_is_damaged_inside_is_mended(home: Path, tmp_path: Path) -> None:
    made = write_backup(home, tmp_path / "backups")
    queue = home / QUEUE
    with closing(sqlite3.connect(queue)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        ((root,), (size,)) = (
            db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'submission'").fetchone(),
            db.execute("PRAGMA page_size").fetchone(),
        )
    with queue.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    restore_backup(home, made)
    assert models(home) == ["acme/one", "acme/two"]
    assert set(statuses(home).values()) == {Status.FINISHED}


def test_answers_that_went_on_stay_and_others_are_kept_beside(home: Path, tmp_path: Path) -> None:
    made = write_backup(home, tmp_path / "backups")
    longer, other = sorted((home / "runs").glob("*/*"))
    longer.write_bytes(longer.read_bytes() + b'{"example_id":"2"}\n')
    other.write_text("something else\n")
    restore_backup(home, made)
    assert longer.read_bytes().endswith(b'"2"}\n')
    assert other.read_bytes() == (made / other.relative_to(home)).read_bytes()
    (beside,) = other.parent.glob("*.stale")
    assert beside.read_text() == "something else\n"
    packed = longer.with_suffix(".parquet")
    packed.write_bytes(b"PAR1")
    longer.unlink()
    restore_backup(home, made)
    assert not longer.exists()


KILL = """
import os, signal, sys
from pathlib import Path
from storage import backup, files, restoration
home, made, nth = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
inside = {files.__file__, restoration.__file__, backup.__file__}
count = 0
def trace(frame, event, argument):
    global count
    if frame.f_code.co_filename not in inside:
        return None
    if event == "line":
        count += 1
        if count == nth:
            os.kill(os.getpid(), signal.SIGKILL)
    return trace
sys.settrace(trace)
restoration.restore_backup(home, made, discard=True)
sys.settrace(None)
print(count)
"""


def restored_in_a_process(home: Path, made: Path, nth: int) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-c", KILL, str(home), str(made), str(nth)]
    return subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_a_restore_that_was_killed_anywhere_loses_nothing_and_is_done_again(home: Path, tmp_path: Path) -> None:
    made = write_backup(home, tmp_path / "backups")
    publish(home, "acme/three")
    late = (home / LEDGER).read_bytes()
    trial = restored_in_a_process(home, made, 0)
    assert trial.returncode == 0, trial.stderr
    lines = int(trial.stdout)
    restore_backup(home, next(home.glob("before-restore-*")))
    for nth in range(1, lines, max(1, lines // 12)):
        assert restored_in_a_process(home, made, nth).returncode == -signal.SIGKILL
        between = (home / LEDGER).read_bytes()
        assert between in (late, (made / LEDGER).read_bytes())
        finished = [name for name, status in statuses(home).items() if status is Status.FINISHED]
        assert len(finished) <= Ledger(home / LEDGER).verify().number, "a finished submission lacks its line"
        restore_backup(home, made, discard=True)
        assert models(home) == ["acme/one", "acme/two"] and not list(home.glob(".[pr]*"))
        publish(home, "acme/three")
        late = (home / LEDGER).read_bytes()


def test_a_backup_in_the_middle_of_publishing_is_of_one_moment(home: Path, tmp_path: Path) -> None:
    for number in range(5):
        publish(home, f"acme/more-{number}")
        Submissions(home / QUEUE)
        Ledger(home / LEDGER).append(f"unfinished-{number}", toy_result(f"acme/unfinished-{number}"))
        made = write_backup(home, tmp_path / "backups")
        lines = {entry.submission_id for entry, _ in Ledger(made / LEDGER).read()}
        finished = {each.id for each in Submissions(made / QUEUE).newest() if each.status is Status.FINISHED}
        assert finished <= lines
