"""Workers that are stopped for longer than their lease and go on after another has taken their place."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from backend.progress import FractionProgress
from backend.submission import Status
from eval_queue.storm.arena import Arena
from eval_queue.storm.lives import Life, wait_until
from eval_queue.storm.supervisor import Supervisor

PACE = 0.015
LONGEST = 30
STEP = 0.02


@dataclass
class Woken:
    """`zombies` went on after another had taken over, and `writes` of theirs were accepted.

    From `others` nobody took over: they were done when they were stopped, or in the middle of a transaction, so that
    nobody could write the queue until they went on.
    """

    zombies: int = 0
    others: int = 0
    writes: int = 0


def raise_zombies(supervisor: Supervisor, rounds: int, report: FractionProgress) -> Woken:
    """So many workers were stopped, replaced and woken, half of them after their successor was done."""
    woken = Woken()
    for number in range(rounds):
        report("zombies", number / rounds)
        _raise_one(supervisor, woken, wait_for_the_end=number % 2 == 0)
    return woken


def _raise_one(supervisor: Supervisor, woken: Woken, *, wait_for_the_end: bool) -> None:
    arena = supervisor.arena
    (submission_id,) = supervisor.submit(1)

    def work_once(name: str) -> None:
        arena.worker(name, PACE).run_next()

    first = supervisor.life("worker", work_once)
    wait_until(lambda: _status(arena, submission_id) is not Status.QUEUED, LONGEST)
    time.sleep(supervisor.chance.uniform(0, 10 * PACE))
    first.stop()
    supervisor.tally.stops += 1
    second, done = None, False
    if _taken_from(supervisor, submission_id):
        second = supervisor.life("worker", work_once)
        done = _wait_for_successor(arena, submission_id, second, to_the_end=wait_for_the_end)
        before = _kept(arena, submission_id)
        woken.zombies += 1
    else:
        woken.others += 1
    first.wake()
    first.wait(LONGEST)
    if done:
        woken.writes += _kept(arena, submission_id) != before
    for life in filter(None, (first, second)):
        life.wait(LONGEST)
        supervisor.bury(life)


def _taken_from(supervisor: Supervisor, submission_id: str) -> bool:
    """Whether the stopped worker lost its claim; not when it holds the queue, or was done before it was stopped."""
    near = supervisor.near

    def is_taken() -> bool:
        near.queue.rescue()
        return _status(near, submission_id) is Status.QUEUED

    with suppress(sqlite3.OperationalError):
        if _status(near, submission_id) in {Status.RUNNING, Status.SCORING}:
            return wait_until(is_taken, 3 * near.settings.lease_seconds, STEP)
    return False


def _wait_for_successor(arena: Arena, submission_id: str, second: Life, *, to_the_end: bool) -> bool:
    """Whether the successor has done all it does, so that whatever changes from now on is the zombie's."""
    if to_the_end:
        return second.wait(LONGEST)
    wait_until(_has_gone_on(arena, submission_id), LONGEST)
    return False


def _has_gone_on(arena: Arena, submission_id: str) -> Callable[[], bool]:
    return lambda: _status(arena, submission_id) is not Status.QUEUED


def _status(arena: Arena, submission_id: str) -> Status | None:
    found = arena.submissions.find(submission_id)
    return found.status if found else None


def _kept(arena: Arena, submission_id: str) -> list[object]:
    """Everything that a zombie could still write into, as it is now."""
    journals = sorted((arena.home / "runs" / submission_id).glob("*.jsonl"))
    told = [arena.submissions.find(submission_id), arena.submissions.events(submission_id)]
    return [*told, arena.ledger.verify(), *((path.name, path.read_bytes()) for path in journals)]
