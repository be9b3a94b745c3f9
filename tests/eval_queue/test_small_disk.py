"""A home on a disk that is really full: the queue waits with a public sentence, and goes on once there is room."""

import sqlite3
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from backend.domain import Prompt, Result
from backend.submission import Status
from storage.ledger import Entry, Ledger
from tests.eval_queue.test_write_faults import assert_whole, go_on
from tests.eval_queue.toys import House, toy_engine
from tests.small_disk import fill, small_disk

PAGE = 4096
LONG = "no " * 100_000

pytestmark = pytest.mark.small_disk


def test_a_submission_that_the_disk_does_not_take_is_not_there_and_can_be_made_again(tmp_path: Path) -> None:
    with small_disk(tmp_path / "home", 2) as home:
        house = House(home)
        before = house.submit("acme/before")
        filler = fill(home)
        with pytest.raises(sqlite3.OperationalError):
            house.submit("acme/tiny")
        filler.unlink()
        assert [one.id for one in house.submissions.newest()] == [before]
        again = house.submit("acme/tiny")
        assert {one.id for one in house.submissions.newest()} == {before, again}


def test_an_answer_that_the_disk_does_not_take_pauses_the_queue_and_uses_up_no_attempt(tmp_path: Path) -> None:
    with small_disk(tmp_path / "home", 2) as home:
        fillers: list[Path] = []

        def answer(prompt: Prompt, halt: Event) -> str:
            if not fillers:
                fillers.append(fill(home, leave=200_000))
                return LONG
            return "yes"

        house = House(home, engine=toy_engine(answer))
        submission_id, behind = house.submit(), house.submit("acme/behind")
        house.worker().run_next()
        found = house.found(submission_id)
        assert (found.status, found.attempt, found.failure_code) == (Status.QUEUED, 0, None)
        assert "disk is full" in (house.submissions.pulse().paused or "")
        assert not house.worker().run_next() and house.found(behind).attempt == 0
        fillers[0].unlink()
        for waiting in (behind, submission_id):
            go_on(house, waiting)
        assert {house.found(one).status for one in (submission_id, behind)} == {Status.FINISHED}
        assert {house.found(one).attempt for one in (submission_id, behind)} == {1}
        assert sorted(house.published()) == sorted([submission_id, behind])
        assert house.submissions.pulse().paused is None


def test_a_result_that_the_disk_does_not_take_is_published_once_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "home", 2) as home:
        house = House(home)
        submission_id = house.submit()
        fillers: list[Path] = []

        class FullAtLast(Ledger):
            def append(self, submission_id: str, result: Result, **more: Any) -> Entry:
                if not fillers:
                    fillers.append(fill(home))
                return super().append(submission_id, result, **more)

        house.ledger = FullAtLast(home / "ledger.jsonl")
        with suppress(sqlite3.OperationalError):
            house.worker().run_next()
        assert fillers and house.published() == []
        fillers[0].unlink()
        go_on(house, submission_id)
        assert_whole(house, submission_id)


def test_with_a_little_more_room_each_time_every_evaluation_goes_on_once_there_is_enough(tmp_path: Path) -> None:
    with small_disk(tmp_path / "home", 4) as home:
        house = House(home)
        house.submit("acme/first")
        house.worker().run_next()
        untouched, room = False, -PAGE
        while not untouched:
            room += PAGE
            submission_id = house.submit(f"acme/m{room}")
            filler = fill(home, leave=room)
            with suppress(sqlite3.OperationalError, OSError):
                house.worker().run_next()
            filler.unlink()
            untouched = house.found(submission_id).status is Status.FINISHED
            go_on(house, submission_id)
            assert (house.found(submission_id).status, house.found(submission_id).attempt) == (Status.FINISHED, 1)
            assert house.published().count(submission_id) == 1
        assert house.ledger.verify().number == room // PAGE + 2 > 10
