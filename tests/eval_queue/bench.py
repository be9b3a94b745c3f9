"""One real queue and one real ledger, and beside them what must be true of both."""

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from backend.domain import Progress, Stage
from backend.errors import OperatorFault, UsageError
from backend.settings import Settings
from backend.submission import OPERATOR, Status
from eval_queue.queue import Queue
from storage.clocks import Clocks
from storage.ledger import Ledger
from storage.submissions import Claim, Submissions
from tests.eval_queue.reference import LEASE, OPEN, WEEKLY, Known, counted
from tests.eval_queue.toys import no_hub
from tests.storage.records import COMMIT, Clock, toy_result

MEMORY = Path("/dev/shm")  # thousands of transactions need not wait for a disk
WHY = "a reason"


class Died(BaseException):
    """The process is no more."""


class QueueBench(RuleBasedStateMachine):
    """What the rules of the state machine are made of."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="clue-machine-", dir=MEMORY if MEMORY.is_dir() else None))
        self.wall, self.steady = Clock(), Clock(500_000.0)
        self.submissions = Submissions(self.home / "queue.sqlite", Clocks(self.wall, self.steady))
        self.ledger = Ledger(self.home / "ledger.jsonl")
        self.settings = Settings(home=self.home, lease_seconds=LEASE, weekly_submissions=WEEKLY)
        self.queue = Queue(self.submissions, self.ledger, self.settings, no_hub)
        self.known: dict[str, Known] = {}
        self.claims: dict[str, Claim] = {}
        self.dead: list[Claim] = []
        self.standing: dict[str, str] = {}  # model -> submission whose line stands
        self.untold: set[str] = set()  # withdrawn in the ledger, and the queue was not told
        self.paused_until: float | None = None
        self.told: list[tuple[Any, ...]] = []

    def teardown(self) -> None:
        """The folder is gone."""
        shutil.rmtree(self.home)

    def note(
        self, submission_id: str, person: str, model: str, supersedes: str | None = None, *, counts: bool = False
    ) -> None:
        self.known[submission_id] = Known(
            id=submission_id,
            number=len(self.known),
            person=person,
            model=model,
            created=self.wall.now,
            updated=self.wall.now,
            supersedes=supersedes,
            admitted=[self.wall.now] if counts else [],
        )

    def has_used_up_the_week(self, person: str) -> bool:
        return counted(self.known.values(), person, self.wall.now) >= WEEKLY

    def same(self, model: str) -> Known | None:
        replaced = {one.supersedes for one in self.known.values() if one.status in {Status.FINISHED, Status.WITHDRAWN}}
        these = [one for one in self.known.values() if one.model == model]
        under_way = [one for one in these if one.status in OPEN]
        done = [one for one in these if one.status is Status.FINISHED and one.id not in replaced]
        return next(iter(under_way + done[::-1]), None)

    def beat(self, claim: Claim, known: Known, stage: Stage | None, answers: int) -> None:
        with self.submissions.holding(claim):
            self.write_answers(known, answers)
        self.submissions.beat(claim, LEASE, Progress(stage=stage) if stage else None)
        known.lease_until = self.steady.now + LEASE
        known.stage = stage or known.stage

    def score(self, claim: Claim, known: Known) -> None:
        if known.status is Status.RUNNING:
            self.submissions.step(claim, Status.SCORING, actor="worker")
            known.step(Status.SCORING, self.wall.now)

    def write_the_line(self, claim: Claim, known: Known, *, dies: bool) -> None:
        def append() -> str:
            replaced = self.ledger.standing(known.supersedes) if known.supersedes else None
            result = toy_result(known.model, COMMIT)
            entry = self.ledger.append(known.id, result, supersedes=replaced, reason=WHY)
            assert entry.submission_id == known.id
            if dies:
                raise Died
            return f"published as line {entry.number}"

        self.standing[known.model] = known.id
        if dies:
            with pytest.raises(Died):
                self.submissions.step(claim, Status.FINISHED, actor="worker", write=append)
            return
        self.submissions.step(claim, Status.FINISHED, actor="worker", write=append)
        known.step(Status.FINISHED, self.wall.now)
        self.end(known)

    def settle(self, claim: Claim, known: Known, fault: Exception, stage: Stage) -> None:
        delay = self.queue.settle(claim, fault, stage).delay
        known.settle(fault, stage, self.wall.now, self.steady.now + delay)
        if isinstance(fault, OperatorFault):
            self.paused_until = self.steady.now + 60
        self.end(known)

    def end(self, known: Known) -> None:
        if known.id in self.claims:
            self.dead.append(self.claims.pop(known.id))

    def write_answers(self, known: Known, answers: int) -> None:
        path = self.home / "runs" / known.id / "toy.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as journal:
            journal.write(("" if path.stat().st_size else "{}\n") + "{}\n" * answers)
        known.answers += answers

    def one_at_work(self, data: st.DataObject) -> tuple[Claim, Known]:
        claim = self.claims[data.draw(st.sampled_from(sorted(self.claims)))]
        return claim, self.known[claim.submission.id]

    def anyone(self, data: st.DataObject) -> Known:
        return data.draw(st.sampled_from(list(self.known.values())))

    def finished(self, data: st.DataObject) -> Known:
        done = [one for one in self.known.values() if one.status is Status.FINISHED]
        return data.draw(st.sampled_from(done or list(self.known.values())))

    def may(self, known: Known, actor: str) -> bool:
        return actor in (OPERATOR, known.person)

    def refused(self, act: object) -> None:
        before = self.everything()
        assert callable(act)
        with pytest.raises(UsageError):
            act()
        assert self.everything() == before

    def everything(self) -> tuple[object, ...]:
        tables = [self.rows(f"SELECT * FROM {table}") for table in ("submission", "event", "spent")]
        return tables, self.rows("SELECT paused, paused_until FROM pulse"), (self.home / "ledger.jsonl").read_bytes()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.home / "queue.sqlite")) as db:
            return db.execute(query).fetchall()
