"""The timer's jobs go on around a broken ledger, and publishing goes on when it is whole again."""

import threading
from pathlib import Path
from threading import Event

from backend.settings import Settings
from backend.submission import Status
from eval_queue.schedule import publishing, run_worker
from tests.eval_queue.toys import House
from tests.storage.records import toy_result
from tests.waiting import wait_for

PATIENCE = 60


def test_a_worker_started_over_a_broken_ledger_publishes_when_it_is_put_back(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.ledger.append("before", toy_result("acme/before"))
    path = tmp_path / "ledger.jsonl"
    good = path.read_bytes()
    path.write_bytes(good.replace(b'"toy"', b'"boy"'))
    submission_id = house.submit()
    house.submissions.claim("a worker that is no more", 60)
    settings = Settings(home=tmp_path, tick_seconds=0.05, verify_seconds=0.2)
    arguments = (house.worker(), house.queue, house.submissions, settings, house.stop)
    worker = threading.Thread(target=run_worker, args=arguments)
    worker.start()
    try:
        wait_for(lambda: house.submissions.pulse().alive)
        house.clock.advance(3600)
        path.write_bytes(good)
        wait_for(lambda: house.queue.rescue() or house.found(submission_id).status is Status.FINISHED)
        wait_for(lambda: house.found(submission_id).status is Status.FINISHED)
    finally:
        house.stop.set()
        worker.join()
    assert house.published() == ["before", submission_id]


def test_a_page_follows_rescues_copies_and_verifies() -> None:
    followed, rescued, copied, verified = Event(), Event(), Event(), Event()
    with publishing(followed.set, rescued.set, copied.set, verified.set, 0.1, rescue_seconds=0.1):
        for job in (followed, rescued, copied, verified):
            assert job.wait(PATIENCE)
