"""Whatever the mailbox loses, doubles or holds back, and whoever is restarted: both sides agree in the end."""

import random
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from backend.errors import Declined, UsageError
from tests.eval_queue.bench import MEMORY
from tests.eval_queue.correspondents import Pair

PEOPLE = ("ada", "bob")
SHARES = st.sampled_from([0.0, 0.3, 0.6])


class Correspondence(RuleBasedStateMachine):
    """A page and a worker over a mailbox that is never quite well."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="clue-mail-", dir=MEMORY if MEMORY.is_dir() else None))
        self.pair = Pair(self.folder)
        self.receipts: list[str] = []

    @initialize(seed=st.integers(0, 1000), lost=SHARES, doubtful=SHARES, late=SHARES)
    def begin(self, seed: int, lost: float, doubtful: float, late: float) -> None:
        box = self.pair.mailbox
        box.chance, box.lost, box.doubtful, box.late = random.Random(seed), lost, doubtful, late

    @rule(model=st.integers(0, 3), person=st.sampled_from(PEOPLE))
    def submit(self, model: int, person: str) -> None:
        with suppress(Declined):
            receipt = self.pair.page.submit(f"acme/model-{model}", person)
            self.receipts += [receipt.submission.id] if receipt.is_new else []

    @rule(place=st.integers(0, 5), deed=st.sampled_from(["cancel", "retry"]))
    def ask(self, place: int, deed: str) -> None:
        if self.receipts:
            submission_id = self.receipts[place % len(self.receipts)]
            found = self.pair.page.mail.mirror.find(submission_id)
            with suppress(UsageError):
                getattr(self.pair.page.mail, deed)(submission_id, found.submitter if found else "nobody")

    @rule()
    def work(self) -> None:
        waiting = self.pair.worker.submissions.waiting()
        if waiting:
            self.pair.worker.finish(waiting[0])

    @rule()
    def worker_looks(self) -> None:
        self.pair.worker.look()

    @rule()
    def page_looks(self) -> None:
        self.pair.page.look()

    @rule(empty=st.booleans())
    def page_restarts(self, empty: bool) -> None:
        self.pair.start_page(empty=empty)

    @rule()
    def worker_restarts(self) -> None:
        self.pair.start_worker(empty=False)

    def teardown(self) -> None:
        try:
            box = self.pair.mailbox
            box.lost = box.doubtful = box.late = 0.0
            for _ in range(4):
                self.pair.clock.now += 10_000
                self.pair.exchange()
            queue = {one.id: one.status.value for one in self.pair.worker.submissions.newest()}
            shown = self.pair.page.shown()
            assert {each: shown.get(each) for each in queue} == queue
            assert all(shown[each] == "failed" for each in shown.keys() - queue.keys())  # refused, and said so
            assert set(self.receipts) <= shown.keys()
            assert self.pair.page.mail._inbox.asked == {}
            events = [self.pair.page.mail.events(each) == self.pair.worker.submissions.events(each) for each in queue]
            assert all(events)
        finally:
            shutil.rmtree(self.folder)


TestCorrespondence = Correspondence.TestCase
TestCorrespondence.settings = settings(
    max_examples=10, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
