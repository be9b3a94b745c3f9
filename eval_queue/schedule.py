"""APScheduler as the timer: it wakes the worker, the rescuer and the publisher, and remembers nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from apscheduler.schedulers.background import BackgroundScheduler

from backend.settings import Settings
from eval_queue.queue import Queue
from eval_queue.worker import Worker
from storage.submissions import Submissions

PULSE_SECONDS = 10
RESCUE_SECONDS = 10
RECEIVED_EVERY_TICKS = 10
PUBLISH_SECONDS = 1


def run_worker(worker: Worker, queue: Queue, submissions: Submissions, settings: Settings, stop: Event) -> None:
    """Looks at the queue at every tick until `stop` is set; returns when the work at hand has been given back.

    The caller holds the worker's lock: whatever is claimed at the start belongs to a worker that is no more.
    """
    jobs: list[tuple[Callable[[], object], float]] = [
        (lambda: _drain(worker, stop), settings.tick_seconds),
        (submissions.seen, PULSE_SECONDS),
        (queue.rescue, RESCUE_SECONDS),
        (queue.check_received, RECEIVED_EVERY_TICKS * settings.tick_seconds),
    ]
    submissions.seen()
    queue.rescue(all_claimed=True)
    with _timer(jobs):
        stop.wait()


def run_worker_once(worker: Worker, queue: Queue) -> int:
    """Evaluates what waits, or until the worker is told to stop; returns how many submissions were worked on."""
    queue.check_received()
    queue.rescue(all_claimed=True)
    worked = 0
    while not worker.stop.is_set() and worker.run_next():
        worked += 1
    return worked


@contextmanager
def publishing(
    refresh: Callable[[], object], rescue: Callable[[], object], *, every: float = RESCUE_SECONDS
) -> Iterator[None]:
    """While the block runs, what the ledger has beyond the board is taken in every second.

    `rescue()` gives back what silent workers hold, so that a page needs no worker beside it for that.
    """
    with _timer([(refresh, PUBLISH_SECONDS), (rescue, every)]):
        yield


def _drain(worker: Worker, stop: Event) -> None:
    while not stop.is_set() and worker.run_next():
        continue


@contextmanager
def _timer(jobs: list[tuple[Callable[[], object], float]]) -> Iterator[None]:
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for job, seconds in jobs:
        scheduler.add_job(job, "interval", seconds=seconds)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)
