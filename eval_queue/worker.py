"""Takes the next submission and runs every task, from where it was left off."""

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Thread
from types import TracebackType

from backend.datasets.catalog import holds_credentialed
from backend.domain import (
    PROTOCOL,
    Edition,
    Engine,
    Model,
    ModelSource,
    Progress,
    Result,
    Run,
    ScoredExample,
    Stage,
    Task,
)
from backend.errors import Halted, Replaced
from backend.evaluation import Evaluation
from backend.logbook import fault_fields
from backend.progress import ByteProgress
from backend.settings import Settings
from backend.submission import Status, Submission
from eval_queue.estimates import REST
from eval_queue.failure_log import FailureLog
from eval_queue.queue import Queue
from storage.judgements import Judgements
from storage.ledger import Ledger
from storage.predictions import Journals, pack_journals
from storage.submissions import Claim, Submissions

BEAT_SECONDS = 2.0
STOP_POLL_SECONDS = 0.5
Download = Callable[[Model, Event, ByteProgress], Path]
_LOG = logging.getLogger(__name__)


class Heartbeat:
    """Keeps a claim alive and its progress visible; sets `halt` when the claim is lost or the worker goes down."""

    def __init__(self, claim: Claim, submissions: Submissions, settings: Settings, stop: Event) -> None:
        self._claim, self._submissions, self._stop = claim, submissions, stop
        self._lease = settings.lease_seconds
        self._done = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self.halt = Event()
        self.progress = Progress(stage=Stage.DOWNLOAD)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def report(self, progress: Progress) -> None:
        """Shows how far the work is from the next beat on; Halted when it should not go on."""
        self.progress = progress
        if self.halt.is_set():
            raise Halted("The evaluation was told to stop.")

    def beat(self) -> None:
        """Renews the claim now; Replaced when it is lost."""
        self._submissions.beat(self._claim, self._lease, self.progress)
        self._submissions.seen()

    def _run(self) -> None:
        every = min(BEAT_SECONDS, self._lease / 4)
        waited = every
        while not self._done.wait(min(STOP_POLL_SECONDS, every)):
            waited += min(STOP_POLL_SECONDS, every)
            if self._stop.is_set():
                self.halt.set()
            if waited >= every:
                waited = 0
                try:
                    self.beat()
                except Replaced:
                    self.halt.set()
                    return
                except sqlite3.OperationalError as error:  # busy or full just now; the lease outlives a few beats
                    _LOG.warning("the queue cannot be written just now", extra=fault_fields(error))


class Clerk:
    """Tells the queue how an evaluation goes; `answering` is how many seconds went into answers so far."""

    def __init__(
        self, claim: Claim, submissions: Submissions, heartbeat: Heartbeat, name: str, judgements: Judgements
    ) -> None:
        self._claim, self._submissions, self._heartbeat, self._name = claim, submissions, heartbeat, name
        self._judgements = judgements
        self._answers = False
        self.answering = 0.0

    def report(self, progress: Progress) -> None:
        """As the heartbeat's; the first new answer ends a pause, the first score begins the scoring."""
        if progress.per_second and not self._answers:
            self._answers = True
            self._submissions.resume()  # whatever the queue was paused for is over
        if progress.stage is Stage.SCORE and self._heartbeat.progress.stage is not Stage.SCORE:
            self._submissions.step(self._claim, Status.SCORING, actor=self._name)
        self._heartbeat.report(progress)

    def judged(self, run: Run, examples: Sequence[ScoredExample]) -> None:
        """Keeps what each answer was worth, and what the task took."""
        self._judgements.keep(self._claim.submission.id, run, examples)
        if run.diagnostics and run.diagnostics.seconds is not None:
            self._submissions.spend(self._claim, run.task, run.diagnostics.n, run.diagnostics.seconds)
            self.answering += run.diagnostics.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Evaluates submissions one at a time until `stop` is set.

    `download(model, halt, report)` fetches a model's files, telling bytes done and in all, and raises Halted once told
    to stop; `prepare(edition)` fetches the data that may be fetched.
    """

    name: str
    settings: Settings
    submissions: Submissions
    queue: Queue
    ledger: Ledger
    tasks: Sequence[Task]
    engines: Mapping[str, Engine]
    download: Download
    stop: Event
    prepare: Callable[[Edition], None] = lambda edition: None

    def run_next(self) -> bool:
        """Works on the next submission until it is published, failed, or given back; False when none is due."""
        claim = self.submissions.claim(self.name, self.settings.lease_seconds)
        if claim is None:
            return False
        submission = claim.submission
        _LOG.info("an attempt begins", extra={"submission": submission.id, "attempt": submission.attempt})
        guarded = holds_credentialed(self.tasks, self.settings.data_dir)
        log = FailureLog(self.settings.home / "runs" / submission.id, submission.attempt, guarded=guarded)
        with Heartbeat(claim, self.submissions, self.settings, self.stop) as heartbeat:
            fault = self._attempt(claim, heartbeat, log)
            # Not while the fault is being handled: an error in here would carry its text along into the log.
            if fault is not None:
                self._settle(claim, fault, heartbeat, log)
        return True

    def _attempt(self, claim: Claim, heartbeat: Heartbeat, log: FailureLog) -> Exception | None:
        """The fault that stopped the work, if one did."""
        try:
            self._publish(claim, self._evaluate(claim, heartbeat, log), heartbeat)
        except Halted:
            self._give_back(claim)
        except Exception as fault:  # noqa: BLE001 - the one place where anything may arrive
            return fault
        return None

    def _evaluate(self, claim: Claim, heartbeat: Heartbeat, log: FailureLog) -> Result:
        submission, begun = claim.submission, time.monotonic()
        engine = self.engines[submission.engine]
        self.prepare(submission.edition)
        folder = self._download(submission.model, heartbeat) if engine.needs_files else None
        heartbeat.report(Progress(stage=Stage.LOAD, task_count=len(self.tasks)))

        judgements = Judgements(self.settings.home)
        clerk = Clerk(claim, self.submissions, heartbeat, self.name, judgements)
        folder_of_run = self.settings.home / "runs" / submission.id
        result = Evaluation(
            model=submission.model,
            source=ModelSource(
                hub_id=submission.model.hub_id,
                revision=submission.model.revision,
                folder=folder,
                url=submission.url or self.settings.endpoint_url,
                log=log.path,
            ),
            engine=engine,
            edition=submission.edition,
            tasks=self.tasks,
            settings=self.settings,
            journal=Journals(folder_of_run, run_identity(submission), partial(self.submissions.holding, claim)),
            report=clerk.report,
            confide=log.confide,
            judged=clerk.judged,
            halt=heartbeat.halt,
        ).run()
        rest = time.monotonic() - begun - clerk.answering
        if rest > 0:  # or some of the answers are of an earlier attempt
            self.submissions.spend(claim, REST, 1, rest)
        return result

    def _download(self, model: Model, heartbeat: Heartbeat) -> Path:
        def report(done: int, total: int) -> None:
            heartbeat.report(Progress(stage=Stage.DOWNLOAD, task_count=len(self.tasks), done=done, total=total))

        return self.download(model, heartbeat.halt, report)

    def _publish(self, claim: Claim, result: Result, heartbeat: Heartbeat) -> None:
        heartbeat.report(Progress(stage=Stage.PUBLISH, task_count=len(self.tasks)))
        submission = claim.submission
        why = self.submissions.events(submission.id)[0].reason

        def append() -> str:
            replaced = self.ledger.standing(submission.supersedes) if submission.supersedes else None
            entry = self.ledger.append(submission.id, result, supersedes=replaced, reason=why)
            return f"published as line {entry.number}"

        self.submissions.step(claim, Status.FINISHED, actor=self.name, write=append)
        self.submissions.resume()
        _LOG.info("published", extra={"submission": submission.id})
        pack_journals(self.settings.home / "runs" / submission.id)

    def _give_back(self, claim: Claim) -> None:
        with suppress(Replaced):
            note = "The worker went down; it goes on from where it was."
            self.submissions.step(claim, Status.QUEUED, actor=self.name, note=note, refund=True)
        _LOG.info("stopped, what was answered is kept", extra={"submission": claim.submission.id})

    def _settle(self, claim: Claim, fault: Exception, heartbeat: Heartbeat, log: FailureLog) -> None:
        stage = heartbeat.progress.stage
        fields = {"submission": claim.submission.id, "attempt": claim.submission.attempt, "stage": stage}
        _LOG.error("an attempt was stopped by a fault", extra=fields | fault_fields(fault))
        with suppress(Replaced):
            heartbeat.beat()  # the item it stopped at is the one that is shown
            self.queue.settle(claim, fault, stage, log.excerpt())


def run_identity(submission: Submission) -> dict[str, str]:
    """What the journals of a submission say of whose they are."""
    return {
        "submission": submission.id,
        "model": submission.model.hub_id,
        "revision": submission.model.revision,
        "edition": submission.edition,
        "protocol": PROTOCOL,
        "engine": submission.engine,
    }
