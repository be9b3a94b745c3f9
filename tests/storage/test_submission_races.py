"""Many threads and processes at one queue file: nothing is lost, nothing is there twice."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from backend.submission import Status
from storage.submissions import Submissions
from tests.storage.racing import race, racer, said
from tests.storage.records import wish

MODELS = 50


def test_racing_processes_store_each_model_once_and_lose_none(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    told = race(*(("submit_models", path, f"p{number}", 50, MODELS) for number in range(4)))
    stored = Submissions(path).newest()
    assert len(stored) == MODELS and {one.model.hub_id.lower() for one in stored} == {f"acme/m{n}" for n in range(50)}
    assert {submission_id for ids in told for submission_id in ids} == {one.id for one in stored}
    assert [len(Submissions(path).events(one.id)) for one in stored] == [1] * MODELS


def test_a_thousand_racing_submissions_of_one_model_are_one(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    told = race(*(("submit_models", path, f"p{number}", 250, 1) for number in range(4)))
    (stored,) = Submissions(path).newest()
    assert [submission_id for ids in told for submission_id in ids] == [stored.id] * 1_000
    assert len(Submissions(path).events(stored.id)) == 1


def test_a_thousand_racing_submissions_of_distinct_models_are_a_thousand(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    told = race(*(("submit_models", path, f"p{number}", 250, 250, 250 * number) for number in range(4)))
    stored = Submissions(path).newest()
    assert len(stored) == 1_000 and len(Submissions(path).waiting()) == 1_000
    assert {submission_id for ids in told for submission_id in ids} == {one.id for one in stored}


def test_racing_threads_store_each_model_once_and_lose_none(tmp_path: Path) -> None:
    store = Submissions(tmp_path / "queue.sqlite")

    def submit(number: int) -> str:
        return store.add(wish(f"acme/m{number % MODELS}", submission_id=f"s{number}"), most_open=1_000).id

    with ThreadPoolExecutor(16) as threads:
        ids = list(threads.map(submit, range(200)))
    assert len(store.newest()) == MODELS and set(ids) == {one.id for one in store.newest()}


def test_racing_threads_never_get_past_the_quota(tmp_path: Path) -> None:
    store = Submissions(tmp_path / "queue.sqlite")

    def submit(number: int) -> bool:
        try:
            store.add(wish(f"acme/m{number}", submission_id=f"s{number}"), most_open=3)
        except OverflowError:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        taken = Counter(threads.map(submit, range(60)))
    assert taken == {True: 3, False: 57} and len(store.newest()) == 3


def test_racing_workers_never_claim_the_same_submission(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    store = Submissions(path)
    for number in range(40):
        store.add(wish(f"acme/m{number}", submission_id=f"s{number}"), most_open=100)
    told = race(*(("claim_all", path, f"worker{number}") for number in range(4)))
    claimed = [submission_id for ids in told for submission_id in ids]
    assert sorted(claimed) == sorted(f"s{number}" for number in range(40))
    assert {(one.status, one.attempt) for one in store.newest()} == {(Status.RUNNING, 1)}


def test_what_was_acknowledged_before_a_kill_is_there_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    with racer("submit_endlessly", path) as process:
        acknowledged = [said(process) for _ in range(30)]
    assert set(acknowledged) <= {one.id for one in Submissions(path).newest()}
