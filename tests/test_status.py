"""How the installation stands: what is counted, what is told of what runs, and which sentences ask for the operator."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.settings import Settings
from backend.submission import OperatorPause, Pulse
from frontend_config.status import status_record
from frontend_config.status_table import print_status
from storage.isolation_note import note_isolation
from storage.ledger import Ledger
from tests.pages import records
from tests.pages.serving import Shelf
from tests.storage.records import toy_result

WELL = Pulse(seen_at=datetime.now(UTC), silent_seconds=12)
Record = dict[str, Any]
Look = Callable[..., Record]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """The record of a shelf in a home with one published line; anything of the shelf or its settings may differ."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append("s0005", toy_result())

    def look(*, min_free_gb: float = 0, **differs: Any) -> Record:
        settings = Settings(home=tmp_path, min_free_gb=min_free_gb)
        shelf = replace(Shelf(settings=settings, pulse=WELL), **differs)
        return status_record(shelf.desk(), ledger)

    return look


def test_all_is_well_while_a_worker_works(look: Look) -> None:
    found = look()
    assert found["well"] and found["concerns"] == []
    assert found["queue"]["statuses"] == {
        "received": 1, "queued": 2, "running": 1, "scoring": 0, "finished": 2, "failed": 3, "cancelled": 1,
        "withdrawn": 1,
    }  # fmt: skip
    (running,) = found["queue"]["running"]
    wanted = {"id": "s0006", "stage": "predict", "task": "meqsum", "task_number": 2, "done": 412, "total": 997}
    assert running.items() >= wanted.items()
    assert [each["id"] for each in found["queue"]["next"]] == ["s0007", "s0008"]
    assert (found["ledger"]["lines"], found["ledger"]["ok"], found["worker"]["silent_seconds"]) == (1, True, 12)
    assert "hunter2" not in str(found) and "j.doe" not in str(found)


def test_failures_are_those_of_the_last_seven_days(look: Look) -> None:
    ended = {each.id: each for each in records.SUBMISSIONS}
    now = datetime.now(UTC)
    fresh = replace(ended["s0004"], updated_at=now - timedelta(days=6.9))
    old = replace(ended["s0002"], updated_at=now - timedelta(days=7.1))
    assert look(submissions=(fresh, old))["queue"]["failures_7_days"] == {"out_of_memory": 1}


def test_a_silent_worker_matters_only_while_something_waits(look: Look) -> None:
    silent = Pulse(seen_at=WELL.seen_at, silent_seconds=121)
    (concern,) = look(pulse=silent)["concerns"]
    assert concern.startswith("No worker was seen since ") and "unfinished submissions: 4" in concern
    assert look(pulse=silent, submissions=())["well"]
    assert look(pulse=Pulse(seen_at=None))["concerns"][0].startswith("No worker was ever seen")


def test_a_pause_a_full_disk_and_a_broken_ledger_are_told_together(look: Look, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b"acme", b"amce", 1))
    found = look(min_free_gb=1e6, pulse=replace(WELL, paused="The GPU is gone."))
    paused, broken, full = found["concerns"]
    assert paused == "The queue is paused: The GPU is gone."
    assert broken.startswith("ledger.jsonl line 1") and found["ledger"]["ok"] is False
    assert "less than the 1e+06 GB of CLUE_MIN_FREE_GB" in full


def test_what_the_worker_found_of_isolation_is_told_with_its_reason(look: Look, tmp_path: Path) -> None:
    assert look()["isolation"] is None and look()["well"]
    note_isolation(Settings(home=tmp_path, isolation="none"))
    found = look()
    assert found["isolation"]["level"] == "none" and "CLUE_ISOLATION" in found["isolation"]["why"]
    (concern,) = found["concerns"]
    assert concern.startswith("A model's process is not isolated here (CLUE_ISOLATION")
    note_isolation(Settings(home=tmp_path))
    assert look()["isolation"]["level"] == "full" and look()["well"]
    (tmp_path / "isolation.json").write_text("[")
    assert look()["isolation"] is None


def test_a_pause_of_the_operator_is_told_with_its_end(look: Look) -> None:
    noon = datetime(2026, 12, 24, 12, 0, tzinfo=UTC)
    pause = OperatorPause(reason="Moving house.", since=noon)
    (concern,) = look(pulse=replace(WELL, operator_pause=pause))["concerns"]
    assert concern == "The operator has paused the queue until `python app.py resume`: Moving house."
    (concern,) = look(pulse=replace(WELL, operator_pause=replace(pause, until=noon)))["concerns"]
    assert concern.startswith("The operator has paused the queue until 2026-12-24 12:00 UTC")


def test_a_person_reads_the_same(look: Look, capsys: pytest.CaptureFixture[str]) -> None:
    print_status(look(pulse=replace(WELL, paused="[red]It waits[/red]")))
    shown = " ".join(capsys.readouterr().out.split())
    for words in (
        "1 received, 2 queued",
        "seen 12 s ago",
        "predict, task 2 of 6 meqsum, 412 of 997",
        "1 lines, verified",
        "no worker has tried it yet",
    ):
        assert words in shown
    assert "! The queue is paused: [red]It waits[/red]" in shown and "All is well" not in shown
