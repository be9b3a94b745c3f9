"""Takes what the worker told in the mailbox into a page's home: submissions, judged values, and the ledger's lines."""

import hashlib
import io
import logging
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

from backend.errors import LetterRefused
from backend.submission import PUBLISHED
from eval_queue.received import Shown, pending_of, refused_of
from storage.judgements import Judgements
from storage.letters import (
    HISTORY,
    LARGEST_HISTORY,
    LARGEST_REQUEST,
    LARGEST_STATUS,
    REQUEST_FILE,
    REQUESTS,
    Beginning,
    Deed,
    PulseLetter,
    Request,
    StatusLetter,
    judged_name,
    read_letter,
    read_status,
    status_name,
)
from storage.mailbox import Mailbox
from storage.mirror import Mirror

MOST_AT_ONCE = 500
MOST_PENDING = 2_000
LARGEST_JUDGED, LARGEST_UNPACKED = 64 << 20, 1 << 30
_LOG = logging.getLogger(__name__)


class PageInbox:
    """What of the mailbox is in the mirror already.

    `asked` are deeds that nobody has answered yet, by request id; `names` what people are called, by subject.
    `complete`: what waits to be taken in is shown. `behind`: more has been told than has arrived.
    """

    def __init__(self, mailbox: Mailbox, mirror: Mirror, judgements: Judgements, key: str | None) -> None:
        self._mailbox, self._mirror, self._judgements, self._key = mailbox, mirror, judgements, key
        self._epoch: str | None = None
        self._base = -1
        self._serials: dict[str, int] = {}
        self._wanted: dict[tuple[str, str], str] = {}
        self.asked: dict[str, Request] = {}
        self.names: dict[str, str] = {}
        self.complete = False
        self.behind = True

    def follow(self, pulse: PulseLetter) -> None:
        """Everything that the pulse speaks of has been taken in, as far as it has arrived."""
        if (pulse.epoch, pulse.base) != (self._epoch, self._base) and not self._read_history(pulse):
            return
        due = [each for each, serial in pulse.changed.items() if self._serials.get(each, -1) < serial]
        self.behind = True
        for each in due[:MOST_AT_ONCE]:
            raw = self._mailbox.read(status_name(each), LARGEST_STATUS + 1)
            if raw is not None:
                self._take([raw], about=each)
        self._fetch_judged()
        self.behind = bool(self._wanted) or any(
            self._serials.get(each, -1) < told for each, told in pulse.changed.items()
        )

    def adopt(self, *, prune: bool) -> None:
        """Requests that the worker has not answered are shown as such; needed only after a start.

        `prune`: what neither side knows of any more is not shown.
        """
        names = [found for name in self._mailbox.all_names(REQUESTS) if (found := REQUEST_FILE.fullmatch(name))]
        open_ones = [name for name in names if name["id"] not in self._serials]
        for found in open_ones[:MOST_PENDING]:
            name = f"{REQUESTS}/{found.string}"
            raw = self._mailbox.read(name, LARGEST_REQUEST + 1) or b""
            try:
                request = read_letter(Request, raw, name, self._key)
            except LetterRefused:
                continue  # the worker says what becomes of it
            self.names.setdefault(request.subject, request.name)
            if request.deed is Deed.SUBMIT:
                self._mirror.put([pending_of(request)])
            else:
                self.asked[request.id] = request
        self.complete = True
        if prune:
            self._mirror.keep_only({*self._serials, *(found["id"] for found in names)})

    def _read_history(self, pulse: PulseLetter) -> bool:
        """Whether the history that the pulse builds upon is here, and taken in."""
        raw = self._mailbox.read(HISTORY, LARGEST_HISTORY) or b""
        first, _, rest = raw.partition(b"\n")
        lines = rest.splitlines()
        try:
            beginning = read_letter(Beginning, first, HISTORY, self._key)
        except LetterRefused:
            return False
        if (beginning.epoch, beginning.serial, beginning.lines) != (pulse.epoch, pulse.base, len(lines)):
            return False  # one of the two has not arrived yet
        anew = self._epoch != pulse.epoch
        if anew:
            self._serials.clear()
        self._take(lines)
        self._epoch, self._base = pulse.epoch, pulse.base
        if anew:
            self.adopt(prune=True)
        return True

    def _take(self, raws: list[bytes], about: str | None = None) -> None:
        """What is newer than what is here stands in the mirror; what cannot be read is passed over, and counted."""
        shown: list[Shown] = []
        unreadable = 0
        for raw in raws:
            try:
                told = read_status(raw, self._key, about)
            except LetterRefused:
                unreadable += 1
                continue
            if told.serial > self._serials.get(told.id, -1):
                self._serials[told.id] = told.serial
                shown.extend(self._shown(told))
        unreadable += self._mirror.put(shown)
        if unreadable:
            _LOG.warning("what the worker told cannot be read", extra={"count": unreadable})

    def _shown(self, told: StatusLetter) -> Iterator[Shown]:
        if told.submission:
            self.names[told.submission.submitter] = told.name
            if told.submission.status in PUBLISHED:
                self._wanted |= {(told.id, task): digest for task, digest in told.judged.items()}
            yield told.submission, told.events
        elif told.answer:
            self.asked.pop(told.id, None)
            if told.answer.request.deed is Deed.SUBMIT:
                yield refused_of(told.answer, told.events[0].at if told.events else datetime.now(UTC))

    def _fetch_judged(self) -> None:
        for (submission_id, task), digest in list(self._wanted.items())[:MOST_AT_ONCE]:
            here = self._judgements.packed(submission_id).get(task, b"")
            if hashlib.sha256(here).hexdigest() != digest:
                raw = self._mailbox.read(judged_name(submission_id, task), LARGEST_JUDGED) or b""
                if hashlib.sha256(raw).hexdigest() != digest or not _unpacks(raw):
                    continue  # it has not arrived yet
                self._judgements.put(submission_id, task, raw)
            del self._wanted[submission_id, task]


def _unpacks(raw: bytes) -> bool:
    """Whether it is an archive that does not grow beyond what a run's values can be."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            return sum(each.file_size for each in packed.infolist()) <= LARGEST_UNPACKED
    except zipfile.BadZipFile:
        return False
