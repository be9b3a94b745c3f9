"""Kills at random moments, stops in between, and processes killed while they submit."""

import sqlite3
import time
from dataclasses import dataclass
from time import monotonic

from backend.progress import FractionProgress
from eval_queue.storm.lives import Life
from eval_queue.storm.supervisor import Supervisor, submit_on

WORKERS = 2
WAITING = 12
LONGEST_LIFE = 0.2
LONGEST_SUBMITTER = 0.02
SUBMISSIONS_EACH = 3
SUBMITTERS = 0.1
STOPS = 0.02
CANCELS = 0.01
STEP = 0.002


@dataclass
class Doomed:
    """A process with the moment at which it is killed; `stop_at` and `wake_at` if it is to stand still before."""

    life: Life
    kill_at: float
    stop_at: float | None = None
    wake_at: float | None = None


class Tempest:
    """Rages until so many were killed or so much time has passed, over workers that are replaced at once."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._chance = supervisor.chance
        self._doomed: list[Doomed] = []

    def rage(self, report: FractionProgress, *, kills: int | None = None, seconds: float | None = None) -> None:
        """All is over with nobody alive; what was being worked on lies as it was left."""
        begun, before = monotonic(), self._supervisor.tally.kills

        def part() -> float:
            by_kills = (self._supervisor.tally.kills - before) / kills if kills else 0
            return max(by_kills, (monotonic() - begun) / seconds if seconds else 0)

        while (done := part()) < 1:
            report("storm", done)
            self._strike()
            try:
                self._replace()
                self._supervisor.look_around()
            except sqlite3.OperationalError:
                self._wake_all()
            time.sleep(STEP)
        for one in self._doomed:
            self._supervisor.kill(one.life)
        self._doomed.clear()

    def _replace(self) -> None:
        if self._supervisor.open() < WAITING:
            self._supervisor.submit(WAITING)
        while len(self._doomed) < WORKERS:
            self._doomed.append(self._submitter() if self._chance.random() < SUBMITTERS else self._worker())
        if self._chance.random() < CANCELS:
            self._supervisor.cancel_one()

    def _worker(self) -> Doomed:
        life = self._supervisor.worker()
        now = monotonic()
        kill_at = now + self._chance.uniform(0, LONGEST_LIFE)
        if self._chance.random() >= STOPS:
            return Doomed(life, kill_at)
        pause = 1.5 * self._supervisor.arena.settings.lease_seconds
        stop_at = now + self._chance.uniform(0, LONGEST_LIFE)
        return Doomed(life, kill_at + pause + LONGEST_LIFE, stop_at, stop_at + pause)

    def _submitter(self) -> Doomed:
        numbers = [self._supervisor.next_number() for _ in range(SUBMISSIONS_EACH)]
        arena, receipts = self._supervisor.arena, self._supervisor.receipts
        life = self._supervisor.life("submitter", lambda name: submit_on(arena, numbers, name, receipts))
        return Doomed(life, monotonic() + self._chance.uniform(0, LONGEST_SUBMITTER))

    def _strike(self) -> None:
        now = monotonic()
        for one in list(self._doomed):
            if one.life.ended:
                self._doomed.remove(one)
                self._supervisor.bury(one.life)
            elif now >= one.kill_at:
                self._doomed.remove(one)
                self._supervisor.kill(one.life)
            elif one.wake_at is not None and now >= one.wake_at:
                one.wake_at = None
                one.life.wake()
            elif one.stop_at is not None and now >= one.stop_at:
                one.stop_at = None
                one.life.stop()
                self._supervisor.tally.stops += 1

    def _wake_all(self) -> None:
        """Somebody who was stopped holds the queue, and nobody can take anything from them until they go on."""
        for one in self._doomed:
            if one.life.stopped_at is not None:
                one.wake_at = None
                one.life.wake()
