"""What a person sees when something goes down in the middle."""

from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Page, expect

from backend.tasks import all_tasks
from tests.journeys.board import assert_same_numbers
from tests.journeys.conftest import submit, wait_until_ended
from tests.journeys.program import Program, command_line, evaluation, running
from tests.loopback.hub import LoopbackHub
from tests.rehearsals import short_rehearsal
from tests.storage.kept import kept_answers
from tests.waiting import wait_for

MODEL = "acme/tiny-clinical"


def journal(program: Program, submission_id: str, task: str) -> list[str]:
    """The ids of the examples answered so far, in order."""
    return [one["example_id"] for one in kept_answers(program.home / "runs" / submission_id, task)]


def test_a_worker_killed_in_mid_task_is_replaced_and_every_example_is_asked_once(
    hub: LoopbackHub, tiny_model: Path, tmp_path: Path, page: Page
) -> None:
    hub.add(MODEL, tiny_model)
    with running(tmp_path / "var", CLUE_BATCH_TOKENS="1") as program:
        submission_id = submit(page, program, MODEL)
        wait_for(lambda: journal(program, submission_id, "mednli"))
        first = program.worker()
        family = first.children(recursive=True)
        first.kill()
        ended = wait_until_ended(program, submission_id)
        assert ended["status"] == "finished"
        assert program.worker().pid != first.pid
        wait_for(lambda: not any(process.is_running() and process.status() != "zombie" for process in family))
        for name, task in all_tasks().items():
            asked = journal(program, submission_id, name)
            assert sorted(asked) == sorted(example.id for example in task.load(short_rehearsal()).examples)
        uninterrupted = evaluation(program.cli, MODEL, "--engine", "transformers", "--edition", "rehearsal")
        assert_same_numbers(program, uninterrupted)


def test_a_second_start_and_a_taken_port_are_refused_with_a_sentence(tmp_path: Path) -> None:
    with running(tmp_path / "var") as program:
        second = program.cli.run()
        assert second.returncode == 1
        assert "already runs" in second.stderr
        elsewhere = replace(program.cli, home=tmp_path / "other").run()
        assert elsewhere.returncode == 1
        assert "CLUE_PORT" in elsewhere.stderr
        assert program.get("/v1/health")["worker"]


def test_a_broken_ledger_stops_publishing_and_leaves_the_board_up(tmp_path: Path, page: Page) -> None:
    home = tmp_path / "var"
    cli = command_line(home)
    assert cli.run("submit", "scripted/rules", "--edition", "rehearsal").returncode == 0
    assert cli.run("work", "--once").returncode == 0
    ledger = home / "ledger.jsonl"
    with running(home) as program:
        assert program.get("/v1/leaderboard.json?edition=rehearsal")["rows"] == 1
    ledger.write_bytes(ledger.read_bytes().replace(b"scripted/rules", b"scripted/ruled", 1))
    with running(home) as program:
        assert program.get("/v1/leaderboard.json?edition=rehearsal")["rows"] == 1
        page.goto(f"{program.address}/queue")
        expect(page.get_by_text("ledger.jsonl line 1").first).to_be_visible()
        submission_id = submit(page, program, "scripted/silent")
        wait_for(lambda: program.submission(submission_id)["note"])
        assert program.submission(submission_id)["status"] == "queued"
    assert len(ledger.read_bytes().splitlines()) == 1
