"""A page and a worker with homes of their own, over a mailbox in memory, looked into when a test says so."""

from dataclasses import dataclass, field
from pathlib import Path

from backend.domain import Edition, Model
from backend.settings import Settings
from backend.submission import Receipt, Status, SubmissionForm
from eval_queue.incoming import Incoming, Named
from eval_queue.intake import Intake
from eval_queue.ledger_post import LedgerPost
from eval_queue.outgoing import Outgoing
from eval_queue.page_mail import PageMail
from eval_queue.rounds import Rounds
from eval_queue.worker_mail import WorkerMail
from storage.judgements import Judgements
from storage.taken_letters import TakenLetters
from tests.eval_queue.toys import House, toy_engine
from tests.storage.mailboxes import MemoryMailbox
from tests.storage.records import COMMIT, toy_result

KEY = "an-invented-secret"


def always_there(model_id: str, revision: str | None, engine: str) -> Model:
    """A Hub that has every model."""
    return Model(hub_id=model_id, revision=revision if revision and len(revision) == 40 else COMMIT)


class WorkerSide(House):
    """The worker's machine."""

    def __init__(self, home: Path, mailbox: MemoryMailbox, clock: "Hand", key: str | None) -> None:
        super().__init__(home, look_up=always_there)
        store, letters = Named(home / "queue.sqlite", self.clock.pair), TakenLetters(home / "letters.sqlite")
        rounds = Rounds(1, clock)
        intake = Intake(store, {"toy": toy_engine()}, self.settings, always_there)
        self.incoming = Incoming(mailbox, store, intake.submit, self.queue, letters, key, rounds)
        post, judgements = LedgerPost(self.ledger, home), Judgements(home)
        self.outgoing = Outgoing(mailbox, self.submissions, letters, post, judgements, key, rounds)
        self.mail = WorkerMail(mailbox, self.incoming, self.outgoing, rounds)
        self._clock = clock

    def look(self) -> None:
        """The next look is due, and done."""
        self._clock.now += 1_000
        self.mail.look()

    def finish(self, submission_id: str) -> None:
        """The next one in the queue is this one, and published."""
        claim = self.submissions.claim("worker", 60)
        assert claim is not None and claim.submission.id == submission_id
        self.submissions.step(claim, Status.SCORING, actor="worker")
        result = toy_result(claim.submission.model.hub_id, claim.submission.model.revision)
        self.submissions.step(
            claim, Status.FINISHED, actor="worker",
            write=lambda: f"line {self.ledger.append(submission_id, result).number}",
        )  # fmt: skip


class PageSide:
    """The page's machine."""

    def __init__(self, home: Path, mailbox: MemoryMailbox, clock: "Hand", key: str | None) -> None:
        home.mkdir(exist_ok=True)
        self.settings = Settings(home=home, mailbox="memory://mailbox", mailbox_key=key)
        self.mail = PageMail(self.settings, mailbox, Rounds(1, clock), sleep=lambda seconds: None)
        self.intake = Intake(self.mail.mirror, {"toy": toy_engine()}, self.settings, always_there)
        self._clock = clock

    def look(self) -> None:
        """The next look is due, and done."""
        self._clock.now += 1_000
        self.mail.look()

    def submit(self, model: str = "acme/tiny", person: str = "ada") -> Receipt:
        """What the form answers."""
        return self.intake.submit(SubmissionForm(model_id=model, engine="toy", edition=Edition.REHEARSAL), person)

    def shown(self) -> dict[str, str]:
        """The status of everything the page shows, by id."""
        return {one.id: one.status.value for one in self.mail.mirror.newest()}


@dataclass
class Hand:
    """A clock that is moved by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Pair:
    """Both sides and what is between them; either may be started anew, in its home or in an empty one."""

    folder: Path
    key: str | None = KEY
    mailbox: MemoryMailbox = field(default_factory=MemoryMailbox)
    clock: Hand = field(default_factory=Hand)
    homes: int = 0

    def __post_init__(self) -> None:
        self.start_page()
        self.start_worker()

    def start_page(self, *, empty: bool = True) -> None:
        """The page's process is a new one."""
        self.page = PageSide(self._home("page", empty=empty), self.mailbox, self.clock, self.key)

    def start_worker(self, *, empty: bool = True) -> None:
        """The worker's process is a new one."""
        self.worker = WorkerSide(self._home("worker", empty=empty), self.mailbox, self.clock, self.key)

    def exchange(self) -> None:
        """The worker looks, then the page."""
        self.worker.look()
        self.page.look()

    def _home(self, side: str, *, empty: bool) -> Path:
        self.homes += empty
        homes = sorted(self.folder.glob(f"{side}-*"))
        home = self.folder / f"{side}-{self.homes:03d}" if empty or not homes else homes[-1]
        home.mkdir(exist_ok=True)
        return home
