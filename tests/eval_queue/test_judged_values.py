"""What each answer was worth is kept with every published result, and rescoring brings it back where it is lost."""

import shutil
from pathlib import Path

import pytest

from backend.domain import Run
from backend.judged import Judged, agrees
from storage.judgements import Judgements
from tests.eval_queue.rescorer import TASKS, harsh_tasks, same_tasks
from tests.eval_queue.test_rescoring import entries, finished, rescored
from tests.eval_queue.toys import House
from tests.storage.records import result_of


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, tasks=TASKS)


def kept(house: House, submission_id: str) -> list[Judged | None]:
    return [Judgements(house.settings.home).read(submission_id, task.name) for task in TASKS]


def fits(judged: Judged | None, run: Run) -> bool:
    return judged is not None and agrees(judged, {score.metric: score for score in run.scores})


def all_fit(house: House, submission_id: str) -> bool:
    runs = result_of(entries(house)[-1]).runs
    return all(fits(judged, run) for judged, run in zip(kept(house, submission_id), runs, strict=True))


def test_the_worker_keeps_the_values_of_what_it_publishes(house: House) -> None:
    submission_id = finished(house)
    assert all_fit(house, submission_id)
    assert [one and one.values.tolist() for one in kept(house, submission_id)] == [[[1.0, 1.0, 1.0]]] * 2


def test_values_that_are_lost_or_not_of_the_published_scores_are_written_again(house: House) -> None:
    submission_id = finished(house)
    shutil.rmtree(house.settings.home / "judged")
    assert rescored(house, tasks=same_tasks)["kept"] == 2 and all_fit(house, submission_id)
    assert rescored(house, tasks=same_tasks)["kept"] == 0
    assert len(entries(house)) == 1


def test_values_of_other_scores_are_kept_only_once_those_are_published(house: House) -> None:
    submission_id = finished(house)
    assert rescored(house, tasks=harsh_tasks)["kept"] == 0 and all_fit(house, submission_id)
    assert rescored(house, tasks=harsh_tasks, reason="a fault in the metric")["kept"] == 2
    assert all_fit(house, submission_id)
    assert [one and one.values.tolist() for one in kept(house, submission_id)] == [[[0.0, 0.0, 0.0]]] * 2
