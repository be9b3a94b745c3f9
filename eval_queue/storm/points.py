"""One worker after the other dies at the next line of the list, alone in its home, as the program runs them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict

from backend.progress import FractionProgress
from eval_queue.storm.arena import Arena
from eval_queue.storm.killpoints import Hit, dying_at, recorded
from eval_queue.storm.lives import wait_until
from eval_queue.storm.supervisor import Supervisor, submit_on

WAITING = 2
RECORDED = 1
LONGEST = 30


def list_points(supervisor: Supervisor) -> list[Hit]:
    """The places that a worker comes by that finds what a killed one left and finishes it.

    First the first time at each line, then the last.
    """
    supervisor.submit(RECORDED)
    broken_off = supervisor.worker(delay=0.01)
    wait_until(lambda: list(supervisor.arena.home.glob("runs/*/*.jsonl")), LONGEST)
    supervisor.kill(broken_off)
    return _recorded(supervisor, lambda name: _begin_and_work(supervisor.arena, name))


def list_points_of_submitting(supervisor: Supervisor) -> list[Hit]:
    """The places that somebody who submits comes by."""
    number = supervisor.next_number()
    return _recorded(supervisor, lambda name: submit_on(supervisor.arena, [number], name, supervisor.receipts))


def die_at_each(supervisor: Supervisor, points: Sequence[Hit], report: FractionProgress) -> list[Hit]:
    """A worker was killed at each of these places; returns those that none came by any more."""
    missed = []
    for done, point in enumerate(points):
        report("kill-points", done / len(points))
        supervisor.submit(max(0, WAITING - supervisor.open()))
        supervisor.leave_a_claim()

        def die(name: str, point: Hit = point) -> None:
            with dying_at(point):
                _begin_and_work(supervisor.arena, name)

        life = supervisor.life("worker", die)
        life.wait(LONGEST)
        if not life.killed:
            missed.append(point)
        supervisor.kill(life)
        supervisor.look_around()
    return missed


def die_submitting_at_each(supervisor: Supervisor, points: Sequence[Hit]) -> list[Hit]:
    """Somebody who submits was killed at each of these places; returns those that none came by any more."""
    missed = []
    for point in points:
        number = supervisor.next_number()

        def die(name: str, point: Hit = point, number: int = number) -> None:
            with dying_at(point):
                submit_on(supervisor.arena, [number], name, supervisor.receipts)

        life = supervisor.life("submitter", die)
        life.wait(LONGEST)
        if not life.killed:
            missed.append(point)
        supervisor.kill(life)
    return missed


def _recorded(supervisor: Supervisor, run: Callable[[str], object]) -> list[Hit]:
    """What a process of its own came by, because a process that was traced once stays slow."""
    listed = supervisor.arena.home / "points.json"

    def record(name: str) -> None:
        hits = recorded(lambda: run(name))
        listed.write_text(json.dumps([asdict(hit) for hit in hits]), encoding="utf-8")

    life = supervisor.life("recorder", record)
    life.wait(LONGEST)
    supervisor.bury(life)
    hits = [Hit(**hit) for hit in json.loads(listed.read_text(encoding="utf-8"))]
    return sorted(hits, key=lambda hit: hit.count > 1)


def _begin_and_work(arena: Arena, name: str) -> None:
    """What the program does with a worker that knows itself to be the only one, until nothing is left to do."""
    worker = arena.worker(name)
    arena.submissions.seen()
    worker.queue.rescue(all_claimed=True)
    while worker.run_next():
        continue
