"""A real worker in a process of its own is killed, stopped and doubled; nothing is lost and nothing is there twice."""

import json
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from backend.tasks import all_tasks
from storage.ledger import Ledger
from tests.commands import CommandLine
from tests.eval_queue.at_work import ONE_BY_ONE, SHORT, answers, asking_a_model, gone, published, stand, submit
from tests.loopback.hub import LoopbackHub
from tests.rehearsals import short_rehearsal
from tests.storage.records import result_of
from tests.waiting import wait_for

GRACE_SECONDS = 20


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(home=tmp_path, settings=SHORT)


def ids(predictions: list[dict[str, Any]]) -> list[str]:
    return sorted(prediction["example_id"] for prediction in predictions)


def texts(predictions: Iterable[dict[str, Any]]) -> dict[str, tuple[str, str, int]]:
    return {one["example_id"]: (one["text"], one["finish"], one["output_tokens"]) for one in predictions}


def asked(cli: CommandLine, task: str) -> list[str]:
    return sorted(example.id for example in all_tasks()[task].load(short_rehearsal()).examples)


def test_a_killed_worker_goes_on_where_it_was_and_publishes_once(cli: CommandLine) -> None:
    submission_id = submit(cli, "scripted/slow")
    with cli.running("work") as worker:
        wait_for(lambda: len(answers(cli, submission_id)) >= 3)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    kept = answers(cli, submission_id)
    assert 3 <= len(kept) < len(asked(cli, "mednli")) and published(cli) == []
    assert stand(cli, submission_id)["status"] == "running"
    assert cli.run("work", "--once").returncode == 0
    found = stand(cli, submission_id)
    assert (found["status"], found["attempt"]) == ("finished", 1)
    for task in all_tasks():
        assert ids(answers(cli, submission_id, task)) == asked(cli, task)
    assert answers(cli, submission_id)[: len(kept)] == kept
    assert published(cli) == [submission_id]
    assert cli.run("work", "--once").returncode == 0 and published(cli) == [submission_id]


@pytest.mark.parametrize("once", [[], ["--once"]], ids=["always", "once"])
def test_a_worker_told_to_stop_gives_its_work_back_and_goes(cli: CommandLine, once: list[str]) -> None:
    submission_id = submit(cli, "scripted/slow")
    with cli.running("work", *once) as worker:
        wait_for(lambda: len(answers(cli, submission_id)) >= 3)
        children = worker.children(recursive=True)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(GRACE_SECONDS) == 0
    assert not [child for child in children if child.is_running()]
    found = stand(cli, submission_id)
    assert (found["status"], found["attempt"], found["position"]) == ("queued", 0, 1)
    assert len(answers(cli, submission_id)) >= 3 and published(cli) == []


def test_a_second_worker_on_the_same_home_is_refused(tmp_path: Path) -> None:
    cli = CommandLine(home=tmp_path)  # the whole rehearsal: the first is at work as long as the second needs to start
    submission_id = submit(cli, "scripted/slow")
    with cli.running("work") as worker:
        wait_for(lambda: answers(cli, submission_id))
        second = cli.run("work", "--once")
        assert second.returncode == 1
        assert "A worker already runs on" in second.stderr and "Traceback" not in second.stderr
        assert worker.is_running() and stand(cli, submission_id)["status"] == "running"
    assert published(cli) == []


def test_a_long_evaluation_does_not_fill_the_log(cli: CommandLine) -> None:
    submission_id = submit(cli, "scripted/slow")
    with cli.running("work"):
        done = f'"event": "published", "submission": "{submission_id}"'
        wait_for(lambda: done in (cli.home / "stderr.txt").read_text())
    log = (cli.home / "stderr.txt").read_text()
    assert published(cli) == [submission_id]
    assert len(log.splitlines()) <= 4, log


def test_a_killed_worker_takes_its_model_along_and_the_resumed_run_equals_an_uninterrupted_one(
    tmp_path: Path, hub: LoopbackHub, tiny_model: Path
) -> None:
    cli = CommandLine(home=tmp_path, settings=ONE_BY_ONE)
    with asking_a_model(cli, hub, tiny_model, least=3) as (submission_id, worker, family):
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        kept = answers(cli, submission_id)
        wait_for(lambda: gone(family))
    assert 3 <= len(kept) < len(asked(cli, "mednli"))
    assert cli.run("work", "--once", timeout=240).returncode == 0
    assert stand(cli, submission_id)["status"] == "finished" and published(cli) == [submission_id]
    resumed = answers(cli, submission_id)
    assert ids(resumed) == asked(cli, "mednli") and resumed[: len(kept)] == kept
    out = tmp_path / "uninterrupted"
    whole = cli.json(
        "evaluate", str(tiny_model), "--tasks", "mednli", "--edition", "rehearsal", "--out", str(out)
    )  # fmt: skip
    lines = (out / "predictions" / "mednli.jsonl").read_text().splitlines()[1:]
    assert texts(map(json.loads, lines)) == texts(resumed)
    (entry, _), *_ = Ledger(tmp_path / "ledger.jsonl").read()
    mednli = next(run for run in result_of(entry).runs if run.task == "mednli")
    assert mednli.task_score.value == whole["tasks"]["mednli"]["task_score"]["value"]
