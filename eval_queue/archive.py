"""What becomes of answers once a submission has ended: packed when published, removed when their time is over."""

import logging
import sqlite3
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from backend.domain import Access, Edition, Task
from backend.logbook import fault_fields
from backend.settings import Settings
from backend.submission import PUBLISHED, Status, Submission
from storage.predictions import pack_journals
from storage.submissions import Submissions

ARCHIVIST = "the archive"  # with a blank, as no user of the Hub can be called
_LOG = logging.getLogger(__name__)


class Archive:
    """The folders of submissions that have ended; nothing that waits or runs is touched."""

    def __init__(
        self,
        submissions: Submissions,
        settings: Settings,
        tasks: Sequence[Task],
        halt: Event,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._submissions = submissions
        self._runs, self._logs = settings.home / "runs", settings.home / "logs"
        self._days = settings.retention_days
        self._open = {task.name for task in tasks if task.access is Access.OPEN}
        self._halt = halt
        self._clock = clock

    def tidy(self) -> None:
        """What a worker left unpacked is packed, what it left half written is gone.

        So are answers to credentialed tasks whose time is over, also of submissions that the queue no longer knows, and
        logs of models that were asked without it.

        What cannot be done now is left for the next time; it ends early once `halt` is set.
        """
        submissions = self._submissions.newest()
        self._tidy_strays({each.id for each in submissions})
        for submission in submissions:
            if self._halt.is_set():
                return
            folder = self._runs / submission.id
            if submission.status.open or not folder.is_dir():
                continue
            try:
                if self._is_over(submission):
                    self._remove(submission, folder)
                for half in folder.glob("*.partial"):  # of a writer that was killed
                    half.unlink(missing_ok=True)
                if submission.status in PUBLISHED:
                    pack_journals(folder)
            except (OSError, sqlite3.OperationalError) as error:
                _LOG.warning(
                    "a submission cannot be tidied up", extra={"submission": submission.id} | fault_fields(error)
                )

    def _tidy_strays(self, known: Collection[str]) -> None:
        """Nobody can say when these ended: their time runs from the last write."""
        strays = [folder for folder in self._runs.glob("*/") if folder.name not in known]
        doomed = [path for folder in strays for path in _files(folder) if _task_of(path) not in self._open]
        for path in (*doomed, *_files(self._logs)):
            if self._halt.is_set():
                return
            try:
                age = self._clock() - datetime.fromtimestamp(path.stat().st_mtime, UTC)
                if age > timedelta(days=self._days):
                    path.unlink(missing_ok=True)
            except OSError as error:
                _LOG.warning("a file whose time is over cannot be removed", extra=fault_fields(error))

    def _is_over(self, submission: Submission) -> bool:
        age = self._clock() - self._ended_at(submission)
        return submission.edition is Edition.FULL and age > timedelta(days=self._days)

    def _ended_at(self, submission: Submission) -> datetime:
        """When its work was over; a withdrawal later on keeps nothing for longer."""
        ended = [event.at for event in self._submissions.events(submission.id) if event.status is Status.FINISHED]
        return ended[0] if submission.status is Status.WITHDRAWN and ended else submission.updated_at

    def _remove(self, submission: Submission, folder: Path) -> None:
        """Only the answers to open tasks stay: whatever else lies there may quote a credentialed text."""
        doomed = [path for path in _files(folder) if _task_of(path) not in self._open]
        if not doomed:
            return

        def remove() -> str:
            for path in doomed:
                path.unlink(missing_ok=True)
            return (
                f"{self._days} days after it ended, its answers to credentialed tasks and the model's log were "
                "removed. Its scores stay."
            )

        if self._submissions.amend(submission, actor=ARCHIVIST, write=remove):
            _LOG.info(
                "files whose time was over were removed", extra={"submission": submission.id, "count": len(doomed)}
            )


def _files(folder: Path) -> list[Path]:
    """Every file below, however deep."""
    return [path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()]


def _task_of(path: Path) -> str:
    return path.name.partition(".")[0]
