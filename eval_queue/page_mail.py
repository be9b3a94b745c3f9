"""The page's side of the mailbox: looks at what the worker told, and hands over what people ask for."""

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from backend.errors import FailureCode, HomeInUse, LedgerBroken, LetterRefused, MailboxSilent, UsageError
from backend.logbook import fault_fields
from backend.settings import Settings
from backend.submission import Event, Person, Submission
from eval_queue.heard import Heard
from eval_queue.page_inbox import PageInbox
from eval_queue.postman import AT_THE_WORKER, Postman
from eval_queue.queue import checked_reason
from eval_queue.received import asked_event
from eval_queue.rights import CANCEL, RETRY, WITHDRAW, Rights, When
from eval_queue.rounds import Rounds
from storage.judgements import Judgements
from storage.ledger_copy import LedgerCopy
from storage.letters import LARGEST_PULSE, PAGE, PULSE, Deed, PageLetter, PulseLetter, read_letter, write_letter
from storage.mailbox import Mailbox, open_mailbox, paced
from storage.mirror import MIRROR, Mirror

PAGE_SECONDS = 60.0
UNREADABLE = "What the worker writes into the mailbox cannot be read here: are both of one version, with one key?"
SILENT = (
    "The mailbox between this page and its worker cannot be reached. What is shown is as it was when it last could; "
    "nothing can be submitted until it is back."
)
_LOG = logging.getLogger(__name__)


class PageMail:
    """A page without a worker, as far as the queue goes. `mirror` is its queue; all else is asked of the worker."""

    def __init__(
        self, settings: Settings, mailbox: Mailbox, rounds: Rounds, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        home, key = settings.home, settings.mailbox_key
        self._mailbox, self._rounds, self._key = mailbox, rounds, key
        self._rights = Rights(settings, operators=frozenset())  # whoever may do everything does so at the worker
        self._heard = Heard(home, key)
        self._postman = Postman(mailbox, key, sleep)
        self.mirror = Mirror(home / MIRROR, self._postman.submit, self._heard.elsewhere)
        self._inbox = PageInbox(mailbox, self.mirror, Judgements(home), key)
        self._postman.names = self._inbox.names
        self._copy = LedgerCopy(home / "ledger.jsonl", settings.ledger_key)
        self._stamp: str | None = None
        self._told_at: float | None = None
        self._found: str | None = None
        self._met: dict[str, str] = {}

    @property
    def seconds(self) -> float:
        """Between two looks."""
        return self._rounds.seconds

    def look(self) -> None:
        """What the worker told by now is on this page; a silent mailbox or a broken ledger is shown as such."""
        if not self._rounds.due():
            return
        try:
            trouble = self._exchange()
        except (MailboxSilent, sqlite3.OperationalError, OSError) as error:
            self._rounds.failed()
            if self._heard.trouble != SILENT:
                _LOG.error("the mailbox cannot be read", extra=fault_fields(error))
            self._heard.complain(SILENT)
            return
        self._rounds.done()
        if trouble and trouble != self._heard.trouble:
            _LOG.error("the mailbox is not as it should be", extra={"public": trouble})
        self._heard.complain(trouble)

    def desk(self) -> dict[str, Any]:
        """What a desk does differently here, by the names of its fields."""
        return {
            "events": self.events,
            "cancel": self.cancel,
            "retry": self.retry,
            "withdraw": self.withdraw,
            "supersede": self.supersede,
            "meet": self.note_name,
            "is_operator": lambda subject: False,
            "elsewhere": True,
        }

    def events(self, submission_id: str) -> list[Event]:
        """All that befell a submission, and what was asked of the worker since."""
        found = self.mirror.find(submission_id)
        asked = [each for each in self._inbox.asked.values() if each.submission_id == submission_id]
        events = self.mirror.events(submission_id)
        return events + [asked_event(each, found.status) for each in asked if found]

    def cancel(self, submission_id: str, actor: str) -> Submission:
        """The submission as it stands, its cancelling asked for."""
        return self._ask(Deed.CANCEL, CANCEL, self._own(submission_id, actor), actor)

    def retry(self, submission_id: str, actor: str) -> Submission:
        """The submission as it stands, another try asked for."""
        found = self._own(submission_id, actor)
        self._rights.refuse_set_aside(found, actor)
        return self._ask(Deed.RETRY, RETRY, found, actor)

    def withdraw(self, submission_id: str, actor: str, reason: str) -> Submission:
        """The submission as it stands, its withdrawal asked for."""
        found = self._own(submission_id, actor)
        return self._ask(Deed.WITHDRAW, WITHDRAW, found, actor, checked_reason(reason))

    def supersede(self, submission_id: str, actor: str, reason: str) -> Submission:
        """Nothing that is done from here."""
        raise UsageError(AT_THE_WORKER)

    def note_name(self, person: Person) -> None:
        """The person's name goes along with what they ask for."""
        self._inbox.names[person.subject] = self._met[person.subject] = person.name
        self.mirror.people.meet(person)

    def _own(self, submission_id: str, actor: str) -> Submission:
        return self._rights.own(self.mirror, submission_id, actor)

    def _ask(self, deed: Deed, when: When, found: Submission, actor: str, reason: str | None = None) -> Submission:
        if found.failure_code is FailureCode.REFUSED:
            raise UsageError("The worker did not take it in. Submit the model again.")
        when.check(found)
        if all((each.deed, each.submission_id) != (deed, found.id) for each in self._inbox.asked.values()):
            request = self._postman.ask(deed, found.id, actor, reason)
            self._inbox.asked[request.id] = request
        return found

    def _exchange(self) -> str | None:
        """What is wrong with what lies in the mailbox, None when nothing is."""
        stamp = self._mailbox.stamp()
        if stamp is None or stamp != self._stamp or self._inbox.behind or self._heard.trouble == SILENT:
            self._stamp = None
            self._found = self._read()
            self._stamp = stamp
        self._tell(costly=stamp is not None)
        return self._found

    def _read(self) -> str | None:
        raw = self._mailbox.read(PULSE, LARGEST_PULSE)
        if raw is not None:
            try:
                pulse = read_letter(PulseLetter, raw, PULSE, self._key)
            except LetterRefused:
                return UNREADABLE
            self._heard.take(pulse, raw)
            self._inbox.follow(pulse)
            self._introduce()
        elif not self._inbox.complete:
            self._inbox.adopt(prune=False)
        try:
            self._copy.follow(self._mailbox)
        except LedgerBroken as broken:
            return str(broken)
        return None

    def _introduce(self) -> None:
        """Whoever the worker knows by name is known by it here."""
        for subject, name in list(self._inbox.names.items()):
            if name and self._met.get(subject) != name:
                self._met[subject] = name
                self.mirror.people.meet(Person(subject, name))

    def _tell(self, *, costly: bool) -> None:
        """That this page is there, now and then; more seldom where every write is a commit."""
        promise = PAGE_SECONDS * 60 if costly else max(PAGE_SECONDS, self._rounds.seconds)
        if self._told_at is None or self._rounds.clock() - self._told_at >= promise:
            letter = PageLetter(at=datetime.now(UTC), promise=promise)
            with suppress(MailboxSilent):  # reading goes on where writing fails; whoever submits is told
                self._mailbox.write({PAGE: write_letter(letter, PAGE, self._key)})
            self._told_at = self._rounds.clock()


def claim_home(settings: Settings, *, with_worker: bool) -> None:
    """With a mailbox, this home is a page's from now on; HomeInUse if it is a worker's, UsageError for both in one."""
    if settings.mailbox is None:
        return
    if with_worker:
        raise UsageError(
            "CLUE_MAILBOX is for a page and a worker on two machines: start `python app.py serve` on the one and "
            "`python app.py work` on the other, or unset it to have both here."
        )
    if (settings.home / "queue.sqlite").exists():
        raise HomeInUse(
            f"{settings.home} is the home of a worker or of a whole installation. With CLUE_MAILBOX a page needs a "
            "home of its own: set CLUE_HOME to another folder."
        )
    (settings.home / MIRROR).touch(mode=0o600)


def page_mail(settings: Settings) -> PageMail | None:
    """The page's side of the mailbox, None in a home that is not a page's or without a mailbox."""
    if settings.mailbox is None or not (settings.home / MIRROR).exists():
        return None
    seconds = paced(settings.mailbox, settings.mailbox_seconds)
    return PageMail(settings, open_mailbox(settings.mailbox), Rounds(seconds))
