"""A backup put in the place of what is here, while page and worker run; after a kill at any moment it is done again."""

import filecmp
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path

from filelock import FileLock

from backend.errors import OperatorFault, QueueDamaged, UsageError
from backend.progress import StageProgress
from backend.submission import OPERATOR, Status
from storage.backup import HEAD, LEDGER, QUEUE, RUNS, Manifest, copy_pages, keep_aside, quiet, verify_backup
from storage.database import BUSY_SECONDS
from storage.files import copy_file, replace_file, sync, whole_bytes
from storage.judgements import JUDGED
from storage.ledger import Ledger
from storage.lock import alone
from storage.submissions import LONGEST_DELAY, Submissions

RESTORED = "restored"
STAGE = ".restoring"
ASIDE = "before-restore-"
NOTICE = "A backup is being restored. If this stands for long, the operator must run restore again."
GOES_ON = "A backup was restored; it goes on from where it was."


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did: the backup it was made from, how many published lines it gave up, where the old state is."""

    manifest: Manifest
    lost: int
    aside: Path


def restore_backup(home: Path, backup: Path, *, discard: bool = False, report: StageProgress = quiet) -> Restored:
    """The home's queue and ledger are those of the backup, its answers beside what is here.

    Queue first, then ledger: in between and after a kill the queue knows less than the ledger, which a worker mends.
    BackupDamaged before anything is touched; UsageError when lines were published here that the backup does not have,
    unless `discard`. What was here is kept in the home as a backup of its own. Whoever works is fenced off.
    """
    with alone(home, "restore"):
        manifest = verify_backup(backup, report)
        Ledger(home / LEDGER)
        _lines_given_up(home, backup, discard=discard)
        _bring_answers(manifest, home, backup, report)
        stage = _stage(home, backup)
        with _nobody_working(home):
            aside = keep_aside(home, home, ASIDE)
            try:
                lost = _lines_given_up(aside, backup, discard=discard)  # of what is kept, so none goes unnoticed
            except UsageError:
                shutil.rmtree(aside)
                raise
            _put_queue(stage, home)
        _put_ledger(home, backup, (aside / LEDGER).stat().st_size)
        replace_file(home / RESTORED, f"{datetime.now(UTC).isoformat()}\n".encode())
        Submissions(home / QUEUE).resume()
        shutil.rmtree(stage)
    return Restored(manifest=manifest, lost=lost, aside=aside)


def lines_beyond(ledger: Path, backup: Path) -> int:
    """How many whole lines of a ledger the other does not have: those from the first that differs on."""
    beyond = 0
    with ledger.open("rb") as here, backup.open("rb") as there:
        for ours, theirs in zip_longest(here, there):
            if ours is None or not ours.endswith(b"\n"):
                break
            beyond += beyond > 0 or ours != theirs
    return beyond


def _lines_given_up(folder: Path, backup: Path, *, discard: bool) -> int:
    beyond = lines_beyond(folder / LEDGER, backup / LEDGER)
    if beyond and not discard:
        raise UsageError(
            f"The backup does not have all that was published here; lines that would be lost: {beyond}. Take a newer "
            f"backup, or add --discard to give them up; the present state is then kept in the home as {ASIDE}…"
        )
    return beyond


def _bring_answers(manifest: Manifest, home: Path, backup: Path, report: StageProgress) -> None:
    """Answers and judged values of the backup that are not here are; a file that says something else stays beside."""
    parts = [part for part in manifest.files if part.path.startswith((f"{RUNS}/", f"{JUDGED}/"))]
    total, done = sum(part.bytes for part in parts), 0
    for part in parts:
        source, target = backup / part.path, home / part.path
        if not _is_here(source, target):
            beside = target.with_name(f".{target.name}.new")
            copy_file(source, beside)
            if target.exists():
                target.replace(target.with_suffix(f".{target.stat().st_mtime_ns}.stale"))
            beside.replace(target)
            sync(target.parent)
        done += part.bytes
        report("predictions", done, total)


def _is_here(source: Path, target: Path) -> bool:
    """Whether all that the backup's file says is here: in a packed file, in the same file, or in one that goes on."""
    if target.suffix == ".jsonl" and target.with_suffix(".parquet").exists():
        return True
    if not target.exists() or target.suffix != ".jsonl":
        return target.exists() and filecmp.cmp(source, target, shallow=False)
    return lines_beyond(source, target) == 0


def _stage(home: Path, backup: Path) -> Path:
    """A copy of the backup's queue in which nobody works and, until all is done, nobody may begin."""
    stage = home / STAGE
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(mode=0o700)
    copy_file(backup / QUEUE, stage / QUEUE)
    _fence(Submissions(stage / QUEUE), GOES_ON)
    return stage


@contextmanager
def _nobody_working(home: Path) -> Iterator[None]:
    """Whoever works is fenced off and nobody may begin; undone when the block raises."""
    try:
        submissions = Submissions(home / QUEUE)
        _fence(submissions, NOTICE)
    except QueueDamaged:  # nobody works with it either
        yield
        return
    try:
        yield
    except BaseException:
        submissions.resume()
        raise


def _fence(submissions: Submissions, note: str) -> None:
    submissions.pause(NOTICE, LONGEST_DELAY)
    for running in submissions.claimed(expired_only=False):
        submissions.step_unclaimed(running, Status.QUEUED, actor=OPERATOR, note=note, refund=True)


def _put_queue(stage: Path, home: Path) -> None:
    staged, queue = stage / QUEUE, home / QUEUE
    try:
        with closing(sqlite3.connect(staged)) as db, closing(sqlite3.connect(queue, timeout=BUSY_SECONDS)) as live:
            copy_pages(db, live)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:  # no database to write into: the file itself is replaced
        for rest in ("-wal", "-shm"):
            queue.with_name(queue.name + rest).unlink(missing_ok=True)
        staged.replace(queue)
        sync(home)


def _put_ledger(home: Path, backup: Path, published: int) -> None:
    ledger, head = home / LEDGER, home / HEAD
    fresh = home / STAGE / LEDGER
    copy_file(backup / LEDGER, fresh)
    with FileLock(home / "ledger.lock"):
        if whole_bytes(ledger) != published:
            raise OperatorFault("A result was published or withdrawn in the meantime. Run restore again.")
        head.unlink(missing_ok=True)
        fresh.replace(ledger)
        if (backup / HEAD).exists():
            replace_file(head, (backup / HEAD).read_bytes())
        sync(home)
