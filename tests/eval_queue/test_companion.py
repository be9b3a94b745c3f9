"""The page keeps its worker alive: one that dies or falls silent, whatever it holds, has a successor."""

import os
import signal
from pathlib import Path

from eval_queue.companion import companion
from eval_queue.schedule import publishing
from storage.submissions import Submissions
from tests.eval_queue.toys import House
from tests.storage.records import wish
from tests.waiting import wait_for

MODULE = ("-m", "tests.eval_queue.companions")


def pids(home: Path) -> list[int]:
    path = home / "pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_stopped_inside_a_transaction_is_killed_and_replaced(tmp_path: Path) -> None:
    store = Submissions(tmp_path / "queue.sqlite")
    asked = store.add(wish(), most_open=9)
    with companion([*MODULE, "stop_while_writing", str(tmp_path)], lambda: store.pulse().silent_seconds, most_silent=3):
        wait_for((tmp_path / "stopped").exists)
        store.tell(asked.id, "a visitor", "written as soon as nobody holds the queue any more")
        wait_for(lambda: len(pids(tmp_path)) == 2 and (tmp_path / "beats").exists())
        first, second = pids(tmp_path)
        assert not is_alive(first) and is_alive(second)
    assert not is_alive(second)
    assert [event.actor for event in store.events(asked.id)] == ["ann", "worker", "a visitor"]


def test_a_worker_that_was_never_heard_of_has_as_long_as_any_other_to_begin(tmp_path: Path) -> None:
    store = Submissions(tmp_path / "queue.sqlite")
    with companion([*MODULE, "live_quietly", str(tmp_path)], lambda: store.pulse().silent_seconds, most_silent=2):
        wait_for(lambda: len(pids(tmp_path)) >= 2)
        assert not is_alive(pids(tmp_path)[0])


def test_a_worker_that_is_heard_of_is_left_alone_and_a_dead_one_replaced(tmp_path: Path) -> None:
    with companion([*MODULE, "live_quietly", str(tmp_path)], lambda: 0.0, most_silent=0.2):
        wait_for(lambda: pids(tmp_path))
        (first,) = pids(tmp_path)
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: len(pids(tmp_path)) == 2)


def test_the_page_alone_gives_back_what_a_silent_worker_holds(tmp_path: Path) -> None:
    house = House(tmp_path)
    submission_id = house.submit()
    assert house.submissions.claim("a worker that is no more", 60) is not None
    house.clock.advance(61)
    with publishing(lambda: None, house.queue.rescue, rescue_seconds=0.1):
        wait_for(lambda: house.found(submission_id).status == "queued")
