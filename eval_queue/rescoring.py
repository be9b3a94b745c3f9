"""Judges what is published once more from the answers that are kept, many models at a time, and publishes changes."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

from backend.datasets.catalog import data_folder
from backend.domain import PROTOCOL, Access, Dataset, Edition, Prediction, Result, Task
from backend.errors import DataMissing, OperatorFault, UsageError
from backend.evaluation import manifest
from backend.judged import agrees
from backend.progress import StageProgress
from backend.reporting import score_record
from backend.rescoring import Change, Evidence, Rejudged, Skip, rejudge
from backend.scoring import Judges
from backend.settings import Settings
from backend.submission import OPERATOR
from eval_queue.queue import checked_reason
from storage.judgements import Judgements
from storage.ledger import Entry, EntryKind, Ledger
from storage.predictions import read_kept
from storage.submissions import Submissions

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
Tasks = Callable[[], Mapping[str, Task]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One published result to be judged again, as it is sent to another process; `tasks` is found there by its name."""

    tasks: Tasks
    settings: Settings
    wanted: tuple[str, ...] | None
    number: int
    at: datetime
    submission_id: str
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescoring:
    """The command's work. It may go on while page and worker run: it reads what they no longer write."""

    settings: Settings
    ledger: Ledger
    submissions: Submissions
    tasks: Tasks
    clock: Callable[[], float] = time.monotonic

    def run(
        self,
        ids: Sequence[str],
        wanted: Sequence[str] | None,
        report: StageProgress,
        *,
        processes: int | None = None,
        reason: str | None = None,
    ) -> dict[str, Any]:
        """What changed and what could not be judged, of these submissions or all; with a reason that is published.

        UsageError for a submission of which nothing stands published and for an unknown task. Runs that could not be
        judged again are published as they were.
        """
        why = None if reason is None else checked_reason(reason)
        begun = self.clock()
        jobs = self._jobs(ids, wanted)
        found: dict[int, Rejudged] = {}
        for number, rejudged in _rejudged(jobs, processes or _processes(self.settings)):
            found[number] = rejudged
            report("models", len(found), len(jobs))
        changed = [job for job in jobs if found[job.number].changes]
        published = {job.number: self._publish(job, found[job.number], why) for job in changed} if why else {}
        kept = sum(self._keep(job, found[job.number], published.get(job.number)) for job in jobs)
        return {
            "submissions": len(jobs),
            "unchanged": len(jobs) - len(changed),
            "changed": [_change_record(job, one) for job in changed for one in found[job.number].changes],
            "skipped": [_skip_record(job, one) for job in jobs for one in found[job.number].skipped],
            "published": [_published_record(job, published[job.number]) for job in changed if job.number in published],
            "kept": kept,
            "seconds": round(self.clock() - begun, 3),
        }

    def _jobs(self, ids: Sequence[str], wanted: Sequence[str] | None) -> list[Job]:
        known = self.tasks()
        for name in wanted or ():
            if name not in known:
                raise UsageError(f"There is no task {name!r}. Choose from: {', '.join(known)}.")
        standing = list(self._standing())
        for one in ids:
            if one not in {entry.submission_id for entry, _ in standing}:
                raise UsageError(f"Nothing of submission {one} stands published. `python app.py queue` lists them.")
        return [
            Job(
                tasks=self.tasks,
                settings=self.settings,
                wanted=None if wanted is None else tuple(wanted),
                number=entry.number,
                at=entry.at,
                submission_id=entry.submission_id,
                result=result,
            )
            for entry, result in standing
            if not ids or entry.submission_id in ids
        ]

    def _standing(self) -> Iterator[tuple[Entry, Result]]:
        for entry, _ in self.ledger.read():
            if (
                entry.kind is EntryKind.RESULT
                and entry.result
                and self.ledger.standing(entry.submission_id) == entry.number
            ):
                yield entry, entry.result

    def _publish(self, job: Job, rejudged: Rejudged, reason: str) -> int | None:
        """The number of the line that takes the old one's place; None when that does not stand any more."""
        try:
            entry = self.ledger.append(job.submission_id, rejudged.result, supersedes=job.number, reason=reason)
        except UsageError:
            return None
        if entry.supersedes != job.number:
            return None
        told = f"scored again: line {entry.number} takes the place of line {job.number}. {reason}"
        self.submissions.tell(job.submission_id, OPERATOR, told)
        return entry.number

    def _keep(self, job: Job, rejudged: Rejudged, line: int | None) -> int:
        """What each answer is worth is kept where it belongs to the scores that stand; for how many runs it was new."""
        judgements, new = Judgements(self.settings.home), 0
        result = job.result if line is None else rejudged.result
        for judged in rejudged.judged:
            run = next(one for one in result.runs if one.task == judged.task)
            scores = {score.metric: score for score in run.scores}
            there = judgements.read(job.submission_id, judged.task)
            stands = there is not None and there.data == judged.data and agrees(there, scores)
            if not stands and agrees(judged, scores):
                judgements.write(job.submission_id, judged)
                new += 1
        return new


class Archives:
    """Tasks, data and metrics of one process, each made ready once for all the models that it judges."""

    def __init__(self, tasks: Tasks, settings: Settings) -> None:
        self.tasks = tasks()
        self.judges = Judges(settings)
        self._settings = settings
        self._datasets: dict[tuple[str, Edition], Dataset | str] = {}

    def dataset(self, task: Task, edition: Edition) -> Dataset | str:
        """The task's examples, or why there are none."""
        if (task.name, edition) not in self._datasets:
            try:
                self._datasets[task.name, edition] = task.load(data_folder(edition, self._settings))
            except DataMissing as missing:
                self._datasets[task.name, edition] = missing.public
        return self._datasets[task.name, edition]


def rejudge_job(job: Job) -> Rejudged:
    """The job done; what it needs is made ready at the first job of a process."""
    here = _archives(job.tasks, job.settings)
    if job.result.protocol != PROTOCOL:
        reason = f"It was asked under protocol {job.result.protocol}, which is not judged here."
        skipped = tuple(Skip(task=run.task, reason=reason) for run in job.result.runs if run.missing is None)
        return Rejudged(result=job.result, changes=(), skipped=skipped)

    def kept(result: Result, task: Task, dataset: Dataset) -> Mapping[str, Prediction] | str:
        return _kept(job, task, dataset)

    evidence = Evidence(
        tasks=here.tasks, judges=here.judges, dataset=here.dataset, kept=kept, facts=manifest(limit=None)
    )
    return rejudge(job.result, evidence, job.wanted)


def _processes(settings: Settings) -> int:
    """One where UMLS is: every process would start a linker of its own, which takes gigabytes. Else one for a core."""
    return 1 if settings.umls else len(os.sched_getaffinity(0))


@cache
def _archives(tasks: Tasks, settings: Settings) -> Archives:
    return Archives(tasks, settings)


def _kept(job: Job, task: Task, dataset: Dataset) -> Mapping[str, Prediction] | str:
    found = read_kept(job.settings.home / "runs" / job.submission_id / f"{task.name}.jsonl")
    if found.header is None:
        days = job.settings.retention_days
        private = job.result.edition is Edition.FULL and task.access is not Access.OPEN
        if private and datetime.now(UTC) - job.at > timedelta(days=days):
            return f"Its answers were removed {days} days after it ended."
        return "Its answers are not kept here."
    run = found.header.run
    asked = {"submission": job.submission_id, "revision": job.result.model.revision, "version": task.version}
    if any(run.get(key) != value for key, value in {**asked, "dataset_sha256": dataset.sha256}.items()):
        return "The answers that are kept belong to another run."
    return found.predictions


def _rejudged(jobs: Sequence[Job], processes: int) -> Iterator[tuple[int, Rejudged]]:
    """Each job's number and what came of it, as soon as it is known."""
    busy = min(processes, len(jobs))
    if busy <= 1:
        for job in jobs:
            yield job.number, rejudge_job(job)
        return
    with _threads(max(1, (os.cpu_count() or 1) // busy)), _pool(busy) as pool:
        waiting: dict[Future[Rejudged], int] = {pool.submit(rejudge_job, job): job.number for job in jobs}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BrokenProcessPool:
            raise OperatorFault(
                "A process that judged was killed, most likely for its memory. Try again with --processes 1."
            ) from None


@contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that start from nothing, and are gone when the block ends or this process dies."""
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_begin)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Processes started in this block compute with so many threads each: more would wait for each other."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, str(number)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us is told and ends us
    Thread(target=_go_with_parent, daemon=True).start()


def _go_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _change_record(job: Job, change: Change) -> dict[str, Any]:
    return {
        **_whose(job),
        "task": change.task,
        "metric": change.metric,
        "old": None if change.old is None else score_record(change.old),
        "new": None if change.new is None else score_record(change.new),
    }


def _skip_record(job: Job, skip: Skip) -> dict[str, Any]:
    return {**_whose(job), "task": skip.task, "reason": skip.reason}


def _published_record(job: Job, line: int | None) -> dict[str, Any]:
    return {**_whose(job), "supersedes": job.number, "line": line}


def _whose(job: Job) -> dict[str, Any]:
    return {"submission": job.submission_id, "model": job.result.model.hub_id, "edition": job.result.edition}
