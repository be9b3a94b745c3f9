"""APScheduler as the timer: it wakes the worker, the rescuer and the publisher, and remembers nothing."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from apscheduler.schedulers.background import BackgroundScheduler

from backend.errors import OperatorFault
from backend.settings import Settings
from eval_queue.archive import Archive
from eval_queue.queue import Queue
from eval_queue.worker import Worker
from eval_queue.worker_mail import WorkerMail
from storage.ledger_watch import LedgerWatch
from storage.submissions import Submissions

PULSE_SECONDS = 10
RESCUE_SECONDS = 10
RECEIVED_EVERY_TICKS = 10
LOOK_SECONDS = 10
PUBLISH_SECONDS = 1
TIDY_SECONDS = 24 * 3600
SNAPSHOT_SECONDS = 5
RANK_SECONDS = 2


def run_worker(
    worker: Worker,
    queue: Queue,
    submissions: Submissions,
    settings: Settings,
    stop: Event,
    mail: WorkerMail | None = None,
) -> None:
    """Looks at the queue at every tick until `stop` is set; returns when the work at hand has been given back.

    The caller holds the worker's lock: whatever is claimed at the start belongs to a worker that is no more.
    """
    archive = _archive_of(worker)
    watch = LedgerWatch(worker.ledger, mended=submissions.resume)
    jobs: list[tuple[Callable[[], object], float]] = [
        (lambda: _drain(worker, stop), settings.tick_seconds),
        (submissions.seen, PULSE_SECONDS),
        (queue.rescue, RESCUE_SECONDS),
        (watch.look, LOOK_SECONDS),
        (watch.check, settings.verify_seconds),
        (queue.check_received, RECEIVED_EVERY_TICKS * settings.tick_seconds),
        (archive.tidy, TIDY_SECONDS),
        *([(mail.look, min(mail.seconds, LOOK_SECONDS))] if mail else []),
    ]
    submissions.seen()
    watch.check()
    queue.rescue(all_claimed=True)
    with _timer(jobs, at_once=archive.tidy):
        stop.wait()


def run_worker_once(worker: Worker, queue: Queue, mail: WorkerMail | None = None) -> int:
    """Evaluates what waits, or until the worker is told to stop; returns how many submissions were worked on.

    OperatorFault when the queue stays locked, or its disk does not take it.
    """
    worked = 0
    try:
        if mail:
            mail.look(at_once=True)
        queue.check_received()
        queue.rescue(all_claimed=True)
        _archive_of(worker).tidy()
        while not worker.stop.is_set() and worker.run_next():
            worked += 1
        if mail:
            mail.look(at_once=True)
    except sqlite3.OperationalError as error:
        raise OperatorFault(
            f"The queue cannot be read or written just now: {error}. Nothing is lost; try again in a minute."
        ) from None
    return worked


@contextmanager
def publishing(
    follow: Callable[[], object],
    rescue: Callable[[], object],
    snapshot: Callable[[], object] = lambda: None,
    verify: Callable[[], object] = lambda: None,
    verify_seconds: float = 3600,
    *,
    rank: Callable[[], object] = lambda: None,
    rescue_seconds: float = RESCUE_SECONDS,
) -> Iterator[None]:
    """While the block runs, what the ledger has beyond the board is taken in every second and then copied for others.

    `rescue()` gives back what silent workers hold, so that a page needs no worker beside it for that. `rank()` works
    out ranges of ranks. Now and then all of the ledger is verified.
    """
    jobs: list[tuple[Callable[[], object], float]] = [
        (follow, PUBLISH_SECONDS),
        (rescue, rescue_seconds),
        (snapshot, SNAPSHOT_SECONDS),
        (rank, RANK_SECONDS),
        (verify, verify_seconds),
    ]
    with _timer(jobs):
        yield


def _archive_of(worker: Worker) -> Archive:
    """The archive of the answers that this worker collects."""
    return Archive(worker.submissions, worker.settings, worker.tasks, worker.stop)


def _drain(worker: Worker, stop: Event) -> None:
    while not stop.is_set() and worker.run_next():
        continue


@contextmanager
def _timer(
    jobs: list[tuple[Callable[[], object], float]], at_once: Callable[[], object] | None = None
) -> Iterator[None]:
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for job, seconds in jobs:
        scheduler.add_job(job, "interval", seconds=seconds)
    if at_once:
        scheduler.add_job(at_once)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)
