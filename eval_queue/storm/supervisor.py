"""Keeps workers alive as the program does, plays the operator, and remembers who was killed and what was promised."""

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from backend.errors import UsageError
from backend.progress import FractionProgress
from backend.submission import OPERATOR, Status
from eval_queue.storm.arena import Arena
from eval_queue.storm.lives import Life, wait_until

IDLE_SECONDS = 0.01
RESCUE_EVERY = 0.1
RETRY_EVERY = 0.5
PATIENCE = 0.5
ENDED = frozenset({Status.FINISHED, Status.CANCELLED, Status.WITHDRAWN})


@dataclass
class Tally:
    """What happened so far. `deaths` holds each killed process's name with the second of its death, in Unix time."""

    kills: int = 0
    submitters_killed: int = 0
    stops: int = 0
    retried: int = 0
    left_behind: int = 0
    acknowledged: set[str] = field(default_factory=set)
    deaths: dict[str, float] = field(default_factory=dict)


class Supervisor:
    """Over one home. Nothing here waits for the queue for long: whoever holds it may have been stopped by us."""

    def __init__(self, arena: Arena, chance: Random) -> None:
        self.arena = arena
        self.chance = chance
        self.tally = Tally()
        self.receipts = arena.home / "receipts.txt"
        self.near = arena.patience(PATIENCE)
        self._rules = self.near.queue
        self._lives: set[Life] = set()
        self._born = 0
        self._submitted = 0
        self._rescued = self._retried = 0.0
        self._retry_pause = RETRY_EVERY

    def worker(self, delay: float = 0) -> Life:
        """A worker that goes on until it is killed."""
        return self.life("worker", lambda name: work_on(self.arena, name, delay))

    def life(self, kind: str, body: Callable[[str], None]) -> Life:
        """A process that runs `body` with its own name, which no other ever had."""
        self._born += 1
        name = f"{kind}-{self._born}"
        life = Life(name, lambda: body(name), self.arena.home / "faults")
        self._lives.add(life)
        return life

    def submit(self, count: int) -> list[str]:
        """The ids on the receipts of so many new submissions."""
        taken = [self.near.submit(self.next_number()) for _ in range(count)]
        self.tally.acknowledged.update(taken)
        return taken

    def next_number(self) -> int:
        """The number of a model that nobody has submitted yet."""
        self._submitted += 1
        return self._submitted

    def kill(self, life: Life) -> None:
        """The process is gone, and counted if it was killed and had not ended by itself."""
        life.kill()
        self.bury(life)

    def bury(self, life: Life) -> None:
        """A process that is over is counted, and nothing of it is left."""
        if life.killed:
            self.tally.kills += 1
            self.tally.submitters_killed += life.name.startswith("submitter")
            self.tally.deaths[life.name] = time.time()
        self.tally.left_behind += life.end()
        self._lives.discard(life)

    def end(self) -> None:
        """Nobody that was brought to life here is alive; those who idled count for no kills."""
        for life in self._lives:
            self.tally.left_behind += life.end()
        self._lives.clear()

    def look_around(self) -> None:
        """Does what the program's clock does: rescues, and, as the operator, retries. OperationalError: it is held."""
        now = time.monotonic()
        if now - self._rescued > RESCUE_EVERY:
            self._rescued = now
            self._rules.rescue()
        if now - self._retried > self._retry_pause:
            self._retry_failed()
            self._retried = time.monotonic()
            self._retry_pause = max(RETRY_EVERY, 20 * (self._retried - now))  # a long list is read less often

    def open(self) -> int:
        """How many submissions have work still to come."""
        return sum(count for (status, _), count in self.near.submissions.counts().items() if status.open)

    def leave_a_claim(self) -> None:
        """Some submission lies as it does when its worker was killed, so that there is something to rescue."""
        if not self.near.submissions.claimed(expired_only=False):
            self._born += 1
            self.near.submissions.claim(f"worker-{self._born}", self.near.settings.lease_seconds)

    def cancel_one(self) -> None:
        """Some submission that waits is cancelled, unless a worker was faster."""
        waiting = self.near.submissions.waiting()
        if waiting:
            with suppress(UsageError):
                self._rules.cancel(self.chance.choice(waiting), OPERATOR)

    def settle(self, seconds: float, report: FractionProgress) -> int:
        """How many submissions have not ended although workers were left in peace for so long."""
        lives: list[Life] = []
        self.collect()

        def all_ended() -> bool:
            lives[:] = [life for life in lives if not life.ended] or [self.worker(), self.worker()]
            with suppress(sqlite3.OperationalError):
                self.look_around()
            left = self._unended()
            report("calm", 1 - left / max(1, len(self.tally.acknowledged)))
            return left == 0

        wait_until(all_ended, seconds, step=0.1)
        self.end()
        return self._unended()

    def collect(self) -> None:
        """The receipts that submitting processes got are remembered; one that was cut off in writing is no receipt."""
        if self.receipts.exists():
            lines = self.receipts.read_text(encoding="utf-8").split("\n")[:-1]
            self.tally.acknowledged.update(line for line in lines if line)

    def _unended(self) -> int:
        counts = self.arena.submissions.counts().items()
        return sum(count for (status, _), count in counts if status not in ENDED)

    def _retry_failed(self) -> None:
        counts = self.near.submissions.counts()
        if any(status is Status.FAILED for status, _ in counts):
            for one in self.near.submissions.newest():
                if one.status is Status.FAILED:
                    self._rules.retry(one.id, OPERATOR)
                    self.tally.retried += 1


def work_on(arena: Arena, name: str, delay: float = 0) -> None:
    """Works until killed, or until whoever would do that is gone."""
    worker, parent = arena.worker(name, delay), os.getppid()
    while os.getppid() == parent:
        if not worker.run_next():
            time.sleep(IDLE_SECONDS)


def submit_on(arena: Arena, numbers: Sequence[int], submitter: str, receipts: Path) -> None:
    """Submits these models and writes each receipt's id down as soon as it is there."""
    file = os.open(receipts, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for number in numbers:
        taken = arena.submit(number, submitter)
        os.write(file, f"\n{taken}\n".encode())
