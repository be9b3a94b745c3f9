"""A storm of real kills leaves nothing lost, doubled or stuck; and the count of that would notice if it did."""

import json
import os
import time
from pathlib import Path

import pytest

from backend.domain import Finish
from backend.submission import Status
from eval_queue.storm.arena import Arena, Kit, essence, open_arena
from eval_queue.storm.inspection import Findings, inspect
from eval_queue.storm.killpoints import Hit, dying_at, recorded
from eval_queue.storm.lives import Life, wait_until
from eval_queue.storm.racing import quantile
from eval_queue.storm.supervisor import Tally
from tests.commands import CommandLine
from tests.eval_queue.toys import toy_engine
from tests.storage.records import COMMIT, toy_result, toy_task

KILLS = 520  # each line of the stores and of the worker once, and some at random
KIT = Kit(tasks=[toy_task("mednli")], engine=toy_engine(), models=["toy/yes"])


@pytest.fixture
def arena(tmp_path: Path) -> Arena:
    return open_arena(tmp_path, KIT, lease_seconds=5)


def published(arena: Arena) -> str:
    submission_id = arena.submit(1)
    assert arena.worker("worker-1").run_next()
    return submission_id


def findings(arena: Arena, *acknowledged: str) -> Findings:
    results = [entry.result for entry, _ in arena.ledger.read() if entry.result]
    calm = [essence(results[0])] if results else [{}]
    return inspect(arena, Tally(acknowledged=set(acknowledged)), calm)


@pytest.mark.timeout(1200)
def test_hundreds_of_kills_at_every_line_and_at_random_lose_double_and_block_nothing(tmp_path: Path) -> None:
    cli = CommandLine(home=tmp_path)
    ended = cli.run("bench", "queue", "--kills", str(KILLS), "--json", timeout=1200)
    record = json.loads(ended.stdout)
    told = {name: record[name] for name in ("lost", "doubled", "stuck", "zombie_writes", "errors")}
    assert told == dict.fromkeys(told, 0), record
    assert ended.returncode == 0 and record["clean"], record
    assert record["kills"] >= KILLS - len(record["kill_points_missed"]) and record["kill_points"] > 300
    assert record["zombies"] > 0 and record["submitters_killed"] > 50
    assert list(tmp_path.iterdir()) == []


def test_a_calm_home_is_clean(arena: Arena) -> None:
    assert findings(arena, published(arena)).clean


def test_a_submission_that_is_not_there_is_lost(arena: Arena) -> None:
    assert findings(arena, published(arena), "never-stored").lost == 1


def test_a_submission_that_did_not_end_is_stuck(arena: Arena) -> None:
    published(arena)
    arena.submit(2)
    assert findings(arena).stuck == 1


def test_an_answer_that_is_there_twice_is_doubled(arena: Arena) -> None:
    submission_id = published(arena)
    folder = arena.home / "runs" / submission_id
    folder.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"example_id": "mednli-0", "text": "yes", "finish": Finish.STOP})
    (folder / "meqsum.jsonl").write_text(f"{{}}\n{line}\n{line}\n", encoding="utf-8")
    assert findings(arena, submission_id).doubled == 1
    (folder / "mednli.jsonl").write_text(f"{{}}\n{line}\n", encoding="utf-8")
    assert findings(arena, submission_id).doubled == 2, "one is in the packed file too"


def test_a_line_that_no_submission_finished_for_is_a_disagreement_and_another_result_is_wrong(arena: Arena) -> None:
    submission_id = published(arena)
    arena.ledger.append("nobody", toy_result("storm/m7", COMMIT))
    found = findings(arena, submission_id)
    assert (found.disagreements, found.wrong_results, found.doubled) == (1, 1, 0)


def test_a_step_by_a_worker_whose_claim_was_taken_over_is_foreign(arena: Arena) -> None:
    submission_id = arena.submit(1)
    claim = arena.submissions.claim("worker-1", 60)
    assert claim is not None
    assert not findings(arena).foreign_steps
    arena.submissions.step(claim, Status.SCORING, actor="worker-2")
    assert findings(arena).foreign_steps == 1
    assert arena.submissions.find(submission_id) is not None


@pytest.mark.parametrize("name", ["a.partial", "clue-model-x", "b.tmp"])
def test_scratch_that_stayed_is_left_over(arena: Arena, name: str) -> None:
    submission_id = published(arena)
    (arena.home / "runs" / name).touch()
    assert findings(arena, submission_id).leftovers == 1


def test_a_process_dies_before_the_line_it_was_told_to_die_at(arena: Arena) -> None:
    hits = recorded(lambda: arena.submit(1))
    stored = next(
        hit for hit in hits if hit.file.endswith("database.py") and _text(hit).strip() == 'db.execute("COMMIT")'
    )
    assert stored.in_main and stored.count == 1

    def die() -> None:
        with dying_at(stored):
            arena.submit(2)

    life = Life("submitter", die, arena.home / "faults")
    assert life.wait(30) and life.killed and not life.end()
    assert [one.model.hub_id for one in arena.submissions.newest()] == ["storm/m1"]


def test_what_a_process_left_behind_is_noticed_and_ended(tmp_path: Path) -> None:
    told = tmp_path / "pid"

    def leave_a_child() -> None:
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        told.write_text(str(child), encoding="utf-8")

    life = Life("parent", leave_a_child, tmp_path / "faults")
    # Waiting for its end would be waiting for its child, which holds the same pipe.
    assert wait_until(lambda: life.ended and told.exists(), 30)
    assert life.end()


def test_a_quantile_is_a_value_that_was_measured() -> None:
    assert quantile([0.3, 0.1, 0.2], 0.5) == 0.2
    assert quantile([float(number) for number in range(100)], 0.95) == 95
    assert quantile([], 0.95) == 0


def _text(hit: Hit) -> str:
    return Path(hit.file).read_text(encoding="utf-8").splitlines()[hit.line - 1]
