"""Every submission as the page tells of them: read again only when the queue's file was written since."""

import threading
from collections.abc import Sequence

from backend.submission import Submission
from storage.rows import submission_of
from storage.submissions import Submissions

Row = tuple[object, ...]


class KnownSubmissions:
    """What `newest` says, for many who ask many times a second; one of them reads while the others wait for it.

    Safe to use from several threads. Rows that say what they said before are not made into records again, for each beat
    of a worker changes one of them.
    """

    def __init__(self, submissions: Submissions) -> None:
        self._submissions = submissions
        self._lock = threading.Lock()
        self._version: object = None
        self._records: dict[Row, Submission] = {}
        self._newest: tuple[Submission, ...] = ()

    def __call__(self) -> Sequence[Submission]:
        """Every submission there ever was, newest first."""
        with self._lock:
            version = self._submissions.version()
            if version != self._version:
                rows = {tuple(row): row for row in self._submissions.newest_rows()}
                known = self._records
                self._records = {key: known.get(key) or submission_of(row) for key, row in rows.items()}
                self._newest, self._version = tuple(self._records.values()), version
            return self._newest
