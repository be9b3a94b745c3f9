"""A backup is whole, of one moment, and private; a damaged one is named and a half one is never taken for whole."""

import json
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from backend.errors import BackupDamaged, HomeInUse, LedgerBroken, OperatorFault, UsageError
from backend.submission import Status
from storage.backup import (
    HEAD,
    LEDGER,
    MANIFEST,
    QUEUE,
    last_backup,
    read_manifest,
    remember,
    verify_backup,
    write_backup,
)
from storage.files import whole_bytes
from storage.ledger import Ledger
from storage.submissions import Submissions
from tests.commands import PROJECT
from tests.small_disk import small_disk
from tests.storage.records import toy_result, wish


def publish(home: Path, model_id: str) -> str:
    """The id of a submission that was evaluated and stands in the ledger."""
    submissions, ledger = Submissions(home / QUEUE), Ledger(home / LEDGER)
    submission_id = submissions.add(wish(model_id), most_open=1_000).id
    claim = submissions.claim("worker", 60)
    assert claim is not None and claim.submission.id == submission_id
    submissions.step(claim, Status.SCORING, actor="worker")
    journal = home / "runs" / submission_id / "mednli.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_text('{"run":{},"facts":{}}\n{"example_id":"1"}\n')

    def append() -> str:
        return f"line {ledger.append(submission_id, toy_result(model_id)).number}"

    submissions.step(claim, Status.FINISHED, actor="worker", write=append)
    return submission_id


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for model in ("acme/one", "acme/two"):
        publish(home, model)
    return home


def test_a_backup_holds_queue_ledger_and_answers_and_verifies(home: Path, tmp_path: Path) -> None:
    waiting = Submissions(home / QUEUE).add(wish("acme/three"), most_open=9).id
    made = write_backup(home, tmp_path / "backups")
    manifest = verify_backup(made)
    assert manifest.ledger == Ledger(home / LEDGER).verify() and manifest.predictions
    assert made.name.endswith("Z-000002")
    assert (made / LEDGER).read_bytes() == (home / LEDGER).read_bytes()
    assert Submissions(made / QUEUE).waiting() == [waiting]
    assert len([part for part in manifest.files if part.path.startswith("runs/")]) == 2


def test_a_backup_is_readable_by_its_owner_only(home: Path, tmp_path: Path) -> None:
    made = write_backup(home, tmp_path / "backups")
    for path in (made, *made.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_without_predictions_none_is_copied(home: Path, tmp_path: Path) -> None:
    made = write_backup(home, tmp_path / "backups", predictions=False)
    assert not (made / "runs").exists() and not verify_backup(made).predictions


def test_only_whole_lines_and_only_answers_are_copied(home: Path, tmp_path: Path) -> None:
    (run,) = list((home / "runs").glob("*"))[:1]
    with (run / "mednli.jsonl").open("ab") as journal:
        journal.write(b'{"example_id":"2')
    for name in ("model.log", ".mednli.jsonl.new", "mednli.7.stale"):
        (run / name).write_text("not this")
    (run / "meqsum.parquet").write_bytes(b"PAR1")
    with (home / LEDGER).open("ab") as ledger:
        ledger.write(b'{"at":"')
    made = write_backup(home, tmp_path / "backups")
    copied = made / "runs" / run.name
    assert sorted(path.name for path in copied.iterdir()) == ["mednli.jsonl", "meqsum.parquet"]
    assert (copied / "mednli.jsonl").read_bytes().endswith(b'{"example_id":"1"}\n')
    assert Ledger(made / LEDGER).verify().number == 2


def test_whole_bytes_end_with_the_last_newline(tmp_path: Path) -> None:
    file = tmp_path / "file"
    for content, whole in ((b"", 0), (b"a", 0), (b"a\n", 2), (b"a\nbc", 2), (b"a\n" + b"x" * 3_000_000, 2)):
        file.write_bytes(content)
        assert whole_bytes(file) == whole


def test_the_head_file_goes_along(home: Path, tmp_path: Path) -> None:
    (home / HEAD).unlink(missing_ok=True)
    assert not (write_backup(home, tmp_path / "backups") / HEAD).exists()
    Ledger(home / LEDGER).append("s3", toy_result("acme/three"))
    if not (home / HEAD).exists():
        (home / HEAD).write_text("{}")
    made = write_backup(home, tmp_path / "backups")
    assert (made / HEAD).read_bytes() == (home / HEAD).read_bytes()


def test_a_broken_ledger_is_not_backed_up_and_the_line_is_named(home: Path, tmp_path: Path) -> None:
    ledger = home / LEDGER
    ledger.write_bytes(ledger.read_bytes().replace(b"acme/two", b"acme/tow", 1))
    with pytest.raises(LedgerBroken, match="line 2"):
        write_backup(home, tmp_path / "backups")
    assert [path.name for path in (tmp_path / "backups").iterdir() if path.is_dir()] == []


def test_a_home_without_a_queue_is_not_backed_up(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=QUEUE):
        write_backup(tmp_path / "nothing", tmp_path / "backups")


@pytest.mark.parametrize("name", [QUEUE, LEDGER, MANIFEST, "runs/*/mednli.jsonl"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_backup_is_refused_and_the_file_named(home: Path, tmp_path: Path, name: str, damage: str) -> None:
    made = write_backup(home, tmp_path / "backups")
    (victim, *_) = made.glob(name)
    content = victim.read_bytes()
    if damage == "flip":
        victim.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    elif damage == "cut":
        victim.write_bytes(content[:-1] if victim.name != MANIFEST else content[: len(content) // 2])
    else:
        victim.unlink()
    with pytest.raises(BackupDamaged, match=victim.name):
        verify_backup(made)


def test_a_backup_whose_files_agree_with_a_false_manifest_is_still_looked_into(home: Path, tmp_path: Path) -> None:
    made = write_backup(home, tmp_path / "backups", predictions=False)
    manifest = json.loads((made / MANIFEST).read_bytes())
    manifest["ledger"]["number"] = 1
    (made / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BackupDamaged, match=LEDGER):
        verify_backup(made)


def test_a_manifest_cannot_name_a_file_outside(home: Path, tmp_path: Path) -> None:
    made = write_backup(home, tmp_path / "backups", predictions=False)
    manifest = json.loads((made / MANIFEST).read_bytes())
    for name in ("../outside", "/etc/passwd", "runs/../../x", "runs/a/../b"):
        manifest["files"][0]["path"] = name
        (made / MANIFEST).write_text(json.dumps(manifest))
        with pytest.raises(BackupDamaged):
            read_manifest(made)


def test_a_queue_of_a_newer_program_is_refused(home: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(home / QUEUE)) as db:
        db.execute("PRAGMA user_version = 999")
    with pytest.raises(BackupDamaged, match="newer"):
        write_backup(home, tmp_path / "backups")


def test_a_killed_backup_leaves_nothing_that_looks_whole_and_the_next_clears_it_away(
    home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    program = (
        "import os, signal, sys; from pathlib import Path; from storage.backup import write_backup\n"
        "def die(name, done, total): os.kill(os.getpid(), signal.SIGKILL) if name == sys.argv[3] else None\n"
        "write_backup(Path(sys.argv[1]), Path(sys.argv[2]), report=die)"
    )
    for stage in ("predictions", "check"):
        killed = subprocess.run(
            [sys.executable, "-c", program, str(home), str(folder), stage], cwd=PROJECT, check=False
        )
        assert killed.returncode == -9
        (left,) = [path for path in folder.iterdir() if path.is_dir()]
        assert left.name.startswith(".partial-")
    made = write_backup(home, folder)
    assert [path for path in folder.iterdir() if path.is_dir()] == [made]


@pytest.mark.small_disk
@pytest.mark.parametrize("size", [100, 800])
def test_a_disk_that_is_full_leaves_no_backup_and_says_so(home: Path, tmp_path: Path, size: int) -> None:
    (run, _) = (home / "runs").glob("*")
    (run / "longhealth.jsonl").write_bytes(b"answer\n" * 200_000)
    with small_disk(tmp_path / "disk", 1) as disk:
        (disk / "other").write_bytes(bytes((1000 - size) * 1024))
        with pytest.raises(OperatorFault, match="Make room"):
            write_backup(home, disk)
        assert [path.name for path in disk.iterdir() if path.is_dir()] == []


def test_a_queue_that_is_locked_is_waited_for_or_refused_but_never_copied_as_a_file(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.backup.BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(home / QUEUE, isolation_level=None)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OperatorFault, match="locked"):
            write_backup(home, tmp_path / "backups")
    assert verify_backup(write_backup(home, tmp_path / "backups"))


def test_two_backups_into_one_folder_do_not_get_into_each_others_way(home: Path, tmp_path: Path) -> None:
    refused = []

    def again(name: str, done: int, total: int | None) -> None:
        try:
            write_backup(home, tmp_path / "backups")
        except HomeInUse as error:
            refused.append(str(error))

    made = write_backup(home, tmp_path / "backups", report=again)
    assert refused and verify_backup(made)


def test_the_home_remembers_its_last_backup(home: Path, tmp_path: Path) -> None:
    assert last_backup(home) is None
    made = write_backup(home, tmp_path / "backups")
    remember(home, made)
    found = last_backup(home)
    assert found is not None and found["folder"] == str(made) and found["lines"] == 2
    shutil.rmtree(made)
    (home / "last-backup.json").write_text("[")
    assert last_backup(home) is None
