"""What an operator types: how it stands, a backup, a restore; with the real program at work."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.tasks import all_tasks
from storage.backup import LEDGER, QUEUE, last_backup, verify_backup, write_backup
from storage.ledger import Ledger
from storage.restoration import restore_backup
from storage.submissions import Submissions
from tests.commands import CommandLine
from tests.journeys.program import Program, running
from tests.rehearsals import short_rehearsal
from tests.waiting import wait_for

BOARD = "/v1/leaderboard.json?edition=rehearsal"


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(home=tmp_path / "home", settings={"CLUE_REHEARSAL": str(short_rehearsal())})


def submit(cli: CommandLine, model: str) -> str:
    return str(cli.json("submit", model, "--edition", "rehearsal")["id"])


def status(cli: CommandLine, code: int) -> dict[str, Any]:
    done = cli.run("status", "--json")
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["well"] is (code == 0)
    return found


def test_status_of_a_new_home_is_well_and_names_every_task(cli: CommandLine) -> None:
    found = status(cli, 0)
    assert found["data"] == dict.fromkeys(all_tasks(), "missing")
    assert found["ledger"]["lines"] == 0 and found["worker"]["seen_at"] is None and found["backup"] is None
    assert not (cli.home / "scores.duckdb").exists()
    shown = cli.run("status")
    assert shown.returncode == 0 and "All is well." in shown.stdout


def test_status_ends_with_1_when_something_needs_the_operator(cli: CommandLine) -> None:
    submission_id = submit(cli, "scripted/rules")
    found = status(cli, 1)
    assert found["queue"]["next"][0]["id"] == submission_id
    assert found["concerns"] == ["No worker was ever seen; unfinished submissions: 1. Start one: python app.py work."]


@pytest.mark.parametrize("command", ["backup", "snapshot"])
def test_a_folder_that_cannot_be_written_is_one_sentence(command: str, cli: CommandLine, tmp_path: Path) -> None:
    submit(cli, "scripted/rules")
    (tmp_path / "file").touch()
    done = cli.run(command, str(tmp_path / "file" / "below"))
    assert done.returncode == 1 and done.stderr.strip().count("\n") == 0
    assert done.stderr.strip().startswith(f"No {command} was written: ")


def test_backup_and_restore_print_where_and_what(cli: CommandLine, tmp_path: Path) -> None:
    submit(cli, "scripted/rules")
    assert cli.run("work", "--once").returncode == 0
    made = Path(cli.run("backup", str(tmp_path / "backups")).stdout.strip())
    assert verify_backup(made).predictions
    found = last_backup(cli.home)
    assert found is not None and found["folder"] == str(made)
    bare = Path(cli.run("backup", str(tmp_path / "backups"), "--without-predictions").stdout.strip())
    assert not (bare / "runs").exists()
    new = CommandLine(home=tmp_path / "new")
    done = new.run("restore", str(made))
    assert done.returncode == 0 and "1 published lines, 0 given up" in done.stdout
    assert (new.home / LEDGER).read_bytes() == (cli.home / LEDGER).read_bytes()
    (new.home / QUEUE).write_bytes(b"this is no database" * 999)
    damaged = new.run("status")
    assert damaged.returncode == 1 and "python app.py restore" in damaged.stderr and "Traceback" not in damaged.stderr
    assert new.run("restore", str(made)).returncode == 0
    assert [one.status for one in Submissions(new.home / QUEUE).newest()] == ["finished"]
    refused = new.run("restore", str(tmp_path))
    assert refused.returncode == 1 and "is no backup" in refused.stderr and "Traceback" not in refused.stderr


def rows(program: Program) -> int:
    found: int = program.get(BOARD)["rows"]
    return found


def publish(program: Program, model: str) -> str:
    submission_id = submit(program.cli, model)
    wait_for(lambda: program.submission(submission_id)["status"] == "finished")
    return submission_id


def test_a_restore_while_page_and_worker_run_shows_the_old_board_and_work_goes_on(tmp_path: Path) -> None:
    with running(tmp_path / "var") as program:
        publish(program, "scripted/rules")
        wait_for(lambda: program.get(BOARD)["ranges"])
        before = program.get(BOARD)
        made = program.cli.run("backup", str(tmp_path / "backups")).stdout.strip()
        publish(program, "scripted/silent")
        wait_for(lambda: rows(program) == 2)
        evaluated = submit(program.cli, "scripted/slow")
        wait_for(lambda: program.submission(evaluated)["status"] == "running")
        refused = program.cli.run("restore", made)
        assert refused.returncode == 2 and "--discard" in refused.stderr
        assert rows(program) >= 2
        done = program.cli.run("restore", made, "--discard")
        assert done.returncode == 0, done.stderr
        wait_for(lambda: rows(program) == 1)
        wait_for(lambda: program.get(BOARD) == before)  # ranks among two rows give way to those of one in a moment
        assert program.get(f"/v1/submissions/{evaluated}")["error"]
        publish(program, "scripted/silent")
        wait_for(lambda: rows(program) == 2)
        assert wait_for(lambda: program.get("/v1/health")["status"] == "ok")
        assert [entry.number for entry, _ in Ledger(program.home / LEDGER).read()] == [1, 2]


def test_backups_taken_without_end_while_a_worker_evaluates_all_restore_to_the_board_of_then(
    cli: CommandLine, tmp_path: Path
) -> None:
    wanted = {submit(cli, model) for model in ("scripted/rules", "scripted/silent")}
    made = []
    with cli.running("work"):
        while len(list(Ledger(cli.home / LEDGER).read())) < len(wanted):
            made.append(write_backup(cli.home, tmp_path / "backups"))
    made.append(write_backup(cli.home, tmp_path / "backups"))
    whole = (cli.home / LEDGER).read_bytes()
    lines = [manifest.ledger.number for manifest in map(verify_backup, made) if manifest.ledger]
    assert lines == sorted(lines) and set(lines) >= {0, 2}
    for number, each in enumerate([*made[:: max(1, len(made) // 10)], made[-1]]):
        new = tmp_path / f"new-{number}"
        Submissions(new / QUEUE)
        assert restore_backup(new, each).lost == 0
        assert whole.startswith((new / LEDGER).read_bytes())
        queue = {one.id: one.status for one in Submissions(new / QUEUE).newest()}
        published = {entry.submission_id for entry, _ in Ledger(new / LEDGER).read()}
        assert {one for one, stands in queue.items() if stands == "finished"} <= published <= set(queue) == wanted
        assert not set(queue.values()) & {"running", "scoring"}
