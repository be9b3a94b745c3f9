"""Published answers are judged again without a model; new numbers take the place of old ones only for a reason."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend.domain import Dataset, Edition, Task
from backend.errors import DataMissing, UsageError
from backend.submission import OPERATOR
from eval_queue.archive import Archive
from eval_queue.rescoring import Rescoring, Tasks
from storage.ledger import Entry, Ledger
from tests.commands import PROJECT
from tests.eval_queue.rescorer import TASKS, harsh_tasks, same_tasks
from tests.eval_queue.toys import House
from tests.storage.records import result_of
from tests.waiting import wait_for

LONG = 31 * 24 * 3600


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, tasks=TASKS)


def finished(house: House, model_id: str = "acme/tiny") -> str:
    submission_id = house.submit(model_id, edition=Edition.REHEARSAL)
    house.worker().run_next()
    return submission_id


def rescored(house: House, *ids: str, tasks: Tasks = harsh_tasks, **options: Any) -> dict[str, Any]:
    work = Rescoring(settings=house.settings, ledger=house.ledger, submissions=house.submissions, tasks=tasks)
    wanted, report = options.pop("wanted", None), options.pop("report", lambda name, done, total: None)
    return work.run(ids, wanted, report, **{"processes": 1, **options})


def entries(house: House) -> list[Entry]:
    return [entry for entry, _ in house.ledger.read()]


def cells(found: Mapping[str, Any]) -> list[tuple[str, str, float, float]]:
    return [(one["task"], one["metric"], one["old"]["value"], one["new"]["value"]) for one in found["changed"]]


EVERYTHING = [(task, metric, 100.0, 0.0) for task in ("open", "secret") for metric in ("exact", "task_score")]


def test_what_changed_is_told_and_nothing_is_written(house: House) -> None:
    submission_id = finished(house)
    before = (house.settings.home / "ledger.jsonl").read_bytes(), house.submissions.events(submission_id)
    found = rescored(house)
    assert cells(found) == EVERYTHING and (found["submissions"], found["unchanged"]) == (1, 0)
    assert {(one["submission"], one["model"]) for one in found["changed"]} == {(submission_id, "acme/tiny")}
    assert found["skipped"] == [] and found["published"] == []
    assert before == ((house.settings.home / "ledger.jsonl").read_bytes(), house.submissions.events(submission_id))


def test_what_is_judged_as_before_is_unchanged(house: House) -> None:
    finished(house)
    found = rescored(house, tasks=same_tasks, reason="a look")
    assert (found["unchanged"], found["changed"], found["published"]) == (1, [], []) and len(entries(house)) == 1


def test_with_a_reason_the_new_result_takes_the_place_of_the_old_one_once(house: House) -> None:
    submission_id = finished(house)
    found = rescored(house, reason="  a fault\nin the metric ")
    assert [(one["supersedes"], one["line"]) for one in found["published"]] == [(1, 2)]
    old, new = entries(house)
    assert (new.submission_id, new.supersedes, new.reason) == (submission_id, 1, "a fault in the metric")
    assert house.ledger.standing(submission_id) == 2
    assert [run.task_score.value for run in result_of(new).runs] == [0.0, 0.0]
    kept = {key: fact for key, fact in result_of(new).manifest.items() if not key.startswith("rescored_")}
    assert kept == result_of(old).manifest and "rescored_numpy" in result_of(new).manifest
    told = house.submissions.events(submission_id)[-1]
    assert told.actor == OPERATOR and "line 2 takes the place of line 1. a fault in the metric" in (told.reason or "")
    again = rescored(house, reason="once more")
    assert (again["submissions"], again["unchanged"]) == (1, 1) and len(entries(house)) == 2


def test_runs_whose_answers_are_gone_are_published_as_they_were(house: House) -> None:
    submission_id = house.submit(edition=Edition.FULL)
    house.worker().run_next()
    house.clock.advance(LONG)
    Archive(
        house.submissions, house.settings, TASKS, house.stop, lambda: datetime.fromtimestamp(house.clock(), UTC)
    ).tidy()
    found = rescored(house, reason="a fault")
    assert [(one["task"], one["reason"]) for one in found["skipped"]] == [("secret", "Its answers are not kept here.")]
    old, new = entries(house)
    assert result_of(new).runs[1] == result_of(old).runs[1]
    assert [run.task_score.value for run in result_of(new).runs] == [0.0, 100.0]
    assert house.ledger.standing(submission_id) == 2


def test_answers_that_were_removed_when_their_time_was_over_are_named_so(tmp_path: Path) -> None:
    house = House(tmp_path, tasks=TASKS)
    house.ledger = Ledger(tmp_path / "ledger.jsonl", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    submission_id = house.submit(edition=Edition.FULL)
    house.worker().run_next()
    (house.settings.home / "runs" / submission_id / "secret.parquet").unlink()
    (skipped,) = rescored(house)["skipped"]
    assert skipped["reason"] == "Its answers were removed 30 days after it ended."


def test_what_was_withdrawn_or_replaced_is_not_judged(house: House) -> None:
    withdrawn, replaced = finished(house, "acme/withdrawn"), finished(house, "acme/replaced")
    house.queue.withdraw(withdrawn, OPERATOR, "a mistake")
    again = house.queue.supersede(replaced, OPERATOR, "a look")
    house.worker().run_next()
    found = rescored(house)
    assert {one["submission"] for one in found["changed"]} == {again.id} and found["submissions"] == 1
    with pytest.raises(UsageError, match="Nothing of submission"):
        rescored(house, withdrawn)


def test_what_is_withdrawn_while_it_is_judged_is_left_alone(house: House) -> None:
    submission_id = finished(house)

    def report(name: str, done: int, total: int) -> None:
        house.queue.withdraw(submission_id, OPERATOR, "a mistake")

    found = rescored(house, report=report, reason="a fault")
    assert [one["line"] for one in found["published"]] == [None]
    assert house.ledger.standing(submission_id) is None and len(entries(house)) == 2


def test_only_the_submissions_and_tasks_that_are_named_are_judged(house: House) -> None:
    one, _ = finished(house, "acme/one"), finished(house, "acme/other")
    seen: list[tuple[str, int, int]] = []
    found = rescored(house, one, wanted=["secret"], report=lambda *told: seen.append(told))
    assert cells(found) == [cell for cell in EVERYTHING if cell[0] == "secret"] and found["submissions"] == 1
    assert seen == [("models", 1, 1)]


@pytest.mark.parametrize(
    ("options", "says"),
    [({"wanted": ["nothing"]}, "no task 'nothing'"), ({"reason": " "}, "Say why"), ({"reason": "a" * 501}, "longer")],
    ids=["task", "no reason", "long reason"],
)
def test_a_request_that_makes_no_sense_is_refused(house: House, options: dict[str, Any], says: str) -> None:
    finished(house)
    with pytest.raises(UsageError, match=says):
        rescored(house, **options)


def test_data_that_are_not_here_any_more_are_a_reason(house: House) -> None:
    finished(house)

    def missing(data_dir: Path) -> Dataset:
        raise DataMissing("/secret/path", public="The data file is not installed on this leaderboard.")

    def tasks() -> dict[str, Task]:
        return {name: replace(task, load=missing) for name, task in same_tasks().items()}

    found = rescored(house, tasks=tasks)
    assert {one["reason"] for one in found["skipped"]} == {"The data file is not installed on this leaderboard."}


def test_answers_of_another_run_are_not_judged(house: House) -> None:
    one, other = finished(house, "acme/one"), finished(house, "acme/other")
    runs = house.settings.home / "runs"
    (runs / one / "open.parquet").write_bytes((runs / other / "open.parquet").read_bytes())
    found = rescored(house, one)
    assert [skip["reason"] for skip in found["skipped"]] == ["The answers that are kept belong to another run."]


def test_many_processes_find_what_one_finds(house: House) -> None:
    for number in range(3):
        finished(house, f"acme/m{number}")
    alone, spread = rescored(house), rescored(house, processes=2)
    assert {**alone, "seconds": 0} == {**spread, "seconds": 0} and spread["submissions"] == 3
    assert len(spread["changed"]) == 3 * len(EVERYTHING)


def test_processes_that_judge_go_when_the_one_that_started_them_is_killed(house: House) -> None:
    for number in range(2):
        finished(house, f"acme/m{number}")
    program = psutil.Popen([sys.executable, "-m", "tests.eval_queue.rescorer", str(house.settings.home)], cwd=PROJECT)
    try:
        wait_for(lambda: len(judging(program.children(recursive=True))) == 2)
        children = program.children(recursive=True)
    finally:
        program.kill()
        program.wait()
    wait_for(lambda: not [child for child in children if child.is_running() and child.status() != "zombie"])


def judging(children: list[psutil.Process]) -> list[psutil.Process]:
    return [child for child in children if child.num_threads() > 1]


def test_the_ledger_holds_after_all_of_it(house: House) -> None:
    finished(house)
    rescored(house, reason="a fault")
    rescored(house, tasks=same_tasks, reason="it was none")
    assert house.ledger.verify().number == 3
    assert [run.task_score.value for run in result_of(entries(house)[-1]).runs] == [100.0, 100.0]
