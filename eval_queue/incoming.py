"""Takes requests out of the mailbox into the queue: each once, each judged by the rules of the door."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from backend.errors import Declined, LetterRefused, QueueBusy, UsageError
from backend.submission import OPEN_STATUSES, OPERATOR, Person, Receipt, Status, Submission, SubmissionForm
from eval_queue.intake import already_here
from eval_queue.queue import BUSY, Queue
from eval_queue.rights import NOT_YOURS
from eval_queue.rounds import Rounds
from storage.letters import (
    DAY,
    LARGEST_REQUEST,
    LARGEST_STATUS,
    REQUEST_FILE,
    REQUESTS,
    Answer,
    Deed,
    Request,
    read_letter,
    read_status,
    status_name,
    unnamed,
)
from storage.mailbox import Mailbox
from storage.submissions import Submissions
from storage.taken_letters import TakenLetters

NEWEST_DAYS = 3
SWEEP_SECONDS = 3600.0
MOST_AT_ONCE = 200
PATIENCE_SECONDS = 600.0
NOT_HERE = "There is no such submission."
_LOG = logging.getLogger(__name__)


class Named(Submissions):
    """The queue's store, for a door that gives the next submission the id of its request."""

    given = ""

    def add(self, submission: Submission, **rules: Any) -> Submission:
        """As for any queue, under the id that was given."""
        return super().add(replace(submission, id=self.given), **rules)


class Incoming:
    """Requests of the mailbox, found in the folders of the newest days and now and then in all of them.

    What cannot be read may be half written: it is looked at again for ten minutes, then counted in `unreadable` and
    left alone. `submit(form, subject)` is the door's, over `store`. `waits`: something has to be looked at again.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        store: Named,
        submit: Callable[[SubmissionForm, str], Receipt],
        queue: Queue,
        letters: TakenLetters,
        key: str | None,
        rounds: Rounds,
    ) -> None:
        self._mailbox, self._store, self._submit, self._queue = mailbox, store, submit, queue
        self._letters, self._key, self._clock = letters, key, rounds.clock
        self._done: set[str] = set()
        self._doubtful: dict[str, float] = {}
        self._early: dict[str, float] = {}
        self._swept: float | None = None
        self._ids: set[str] | None = None
        self.waits = False

    @property
    def unreadable(self) -> int:
        """How many files among the requests are none."""
        return sum(self._given_up(name) for name in self._doubtful)

    def take_in(self) -> int:
        """Every request that is listed by now has been carried out or refused; returns how many were new."""
        new = [name for name in self._listed() if name not in self._done and not self._given_up(name)]
        new.sort(key=lambda name: (name in self._doubtful or name in self._early, name))  # what waits delays nobody
        remembered = self._remembered()
        known = [name for name in new if _id_of(name) in remembered]
        self._done.update(known)
        due = [name for name in new if name not in self._done][:MOST_AT_ONCE]
        requests = [(name, read) for name in due if (read := self._read(name))]
        # A deed comes after the submission that it is about, and after what was asked earlier.
        requests.sort(key=lambda each: (each[1].deed is not Deed.SUBMIT, each[1].at, each[1].id))
        settled = [name for name, request in requests if self._settle(name, request)]
        self._done.update(settled)
        self.waits = len(new) > len(known) + len(settled)
        return len(settled)

    def _remembered(self) -> set[str]:
        """The ids of all requests of which this home knew what became when it was started."""
        if self._ids is None:
            answered = {answer.request.id for answer in self._letters.answers()}
            self._ids = answered | {row["id"] for row in self._store.newest_rows()}
        return self._ids

    def _listed(self) -> list[str]:
        """The requests' files, by day and id; a name that is none counts as unreadable."""
        now = self._clock()
        if self._swept is None or now - self._swept >= SWEEP_SECONDS:
            names = self._mailbox.all_names(REQUESTS)
            self._swept = now
        else:
            days = sorted(day for day in self._mailbox.names(REQUESTS) if DAY.fullmatch(day))[-NEWEST_DAYS:]
            names = [f"{day}/{name}" for day in days for name in self._mailbox.names(f"{REQUESTS}/{day}")]
        for name in names:
            if not REQUEST_FILE.fullmatch(name):
                self._doubtful.setdefault(name, now)
        return sorted(name for name in names if REQUEST_FILE.fullmatch(name))

    def _read(self, name: str) -> Request | None:
        path = f"{REQUESTS}/{name}"
        raw = self._mailbox.read(path, LARGEST_REQUEST + 1)
        try:
            if raw is None:
                return None
            if len(raw) > LARGEST_REQUEST:
                raise LetterRefused("It is too large.")
            request = read_letter(Request, raw, path, self._key)
            if not name.endswith(f"/{request.id}.json"):
                raise LetterRefused("It has another's name.")
        except LetterRefused:
            self._doubt(name)
            return None
        self._doubtful.pop(name, None)
        return request

    def _doubt(self, name: str) -> None:
        first = self._doubtful.setdefault(name, self._clock())
        if self._clock() - first >= PATIENCE_SECONDS:
            _LOG.warning("a file among the requests is none", extra={"count": len(self._doubtful)})

    def _given_up(self, name: str) -> bool:
        first = self._doubtful.get(name)
        return first is not None and self._clock() - first >= PATIENCE_SECONDS

    def _settle(self, name: str, request: Request) -> bool:
        """Whether nothing is left to do for this request."""
        if answer := self._answered_before(request):
            self._letters.finish(answer)
            return True
        if request.name:
            with suppress(UsageError):  # whoever is nobody is refused like anybody else
                self._store.people.meet(Person(request.subject, request.name))
        answer = self._enter(request) if request.deed is Deed.SUBMIT else self._carry_out(name, request)
        if answer:
            self._letters.finish(answer)
        return answer is not None or self._store.find(request.id) is not None

    def _answered_before(self, request: Request) -> Answer | None:
        """What the mailbox says that became of it, where this home has forgotten."""
        raw = self._mailbox.read(status_name(request.id), LARGEST_STATUS + 1)
        try:
            told = read_status(raw, self._key, request.id) if raw else None
        except LetterRefused:
            return None
        return told.answer if told and told.answer and told.answer.request == unnamed(request) else None

    def _enter(self, request: Request) -> Answer | None:
        """None when it is in the queue, or the queue cannot take it just now."""
        if request.subject == OPERATOR or request.model is None:
            return _refusal(request, "It names no person or no model.")
        form = SubmissionForm(
            model_id=request.model,
            revision=request.revision,
            edition=request.edition,
            engine=request.engine,
            base_model=request.base_model,
            domain=request.domain,
        )
        self._store.given = request.id
        try:
            receipt = self._submit(form, request.subject)
        except QueueBusy:
            return None
        except Declined as declined:
            return _refusal(request, str(declined))
        stored = receipt.submission
        if stored.id == request.id:
            return None
        return _refusal(request, f"{already_here(stored)} It is submission {stored.id}.", stored.id)

    def _carry_out(self, name: str, request: Request) -> Answer | None:
        """None when it has to wait: for the queue, or for the submission that it is about to be listed."""
        about = self._store.find(request.submission_id or "")
        if about is None:
            first = self._early.setdefault(name, self._clock())
            return _refusal(request, NOT_HERE) if self._clock() - first >= PATIENCE_SECONDS else None
        if request.subject == OPERATOR:
            return _refusal(request, NOT_YOURS, about.id)
        begun = self._letters.state(request.id) == "begun"
        if begun and _is_done(request.deed, about.status):
            return _done(request, about)
        self._letters.begin(request.id)
        try:
            self._do(request, about)
        except UsageError as refused:
            if str(refused) == BUSY:
                return None
            if request.subject == about.submitter:
                self._store.tell(about.id, request.subject, f"Asked to {request.deed}, which was refused. {refused}")
            return _refusal(request, str(refused), about.id)
        return _done(request, about)

    def _do(self, request: Request, about: Submission) -> None:
        if request.deed is Deed.CANCEL:
            self._queue.cancel(about.id, request.subject)
        elif request.deed is Deed.RETRY:
            self._queue.retry(about.id, request.subject)
        else:
            self._queue.withdraw(about.id, request.subject, request.reason or "")


def _id_of(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".json")


def _is_done(deed: Deed, status: Status) -> bool:
    wanted = {Deed.CANCEL: {Status.CANCELLED}, Deed.RETRY: OPEN_STATUSES, Deed.WITHDRAW: {Status.WITHDRAWN}}
    return status in wanted[deed]


def _done(request: Request, about: Submission) -> Answer:
    return Answer(request=request, done=True, sentence="", submission_id=about.id)


def _refusal(request: Request, sentence: str, submission_id: str | None = None) -> Answer:
    return Answer(request=request, done=False, sentence=sentence[:2_000], submission_id=submission_id)
