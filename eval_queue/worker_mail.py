"""The worker's side of the mailbox: takes requests in, and tells how everything stands."""

import logging
import sqlite3
from collections.abc import Callable
from typing import Protocol

from backend.errors import HomeInUse, MailboxSilent, MailboxTaken, OperatorFault
from backend.logbook import fault_fields
from backend.settings import Settings
from backend.submission import Receipt, SubmissionForm
from eval_queue.incoming import Incoming, Named
from eval_queue.ledger_post import LedgerPost
from eval_queue.outgoing import Outgoing
from eval_queue.queue import Queue
from eval_queue.rounds import Rounds
from storage.judgements import Judgements
from storage.ledger import Ledger
from storage.mailbox import Mailbox, open_mailbox, paced
from storage.mirror import MIRROR
from storage.submissions import Submissions
from storage.taken_letters import TakenLetters

LETTERS = "letters.sqlite"
_LOG = logging.getLogger(__name__)


class SubmissionIntake(Protocol):
    """What judges whether a submission may enter."""

    def submit(self, form: SubmissionForm, submitter: str) -> Receipt:
        """The receipt; Declined with the sentence to show."""


class WorkerMail:
    """Looks into the mailbox at its own pace, whatever happens there."""

    def __init__(self, mailbox: Mailbox, incoming: Incoming, outgoing: Outgoing, rounds: Rounds) -> None:
        self._mailbox, self._incoming, self._outgoing, self._rounds = mailbox, incoming, outgoing, rounds
        self._stamp: str | None = None
        self._trouble: str | None = None

    @property
    def seconds(self) -> float:
        """Between two looks."""
        return self._rounds.seconds

    def look(self, *, at_once: bool = False) -> None:
        """Requests that have arrived are in the queue, and the mailbox says how it stands; trouble is logged once."""
        if not (at_once or self._rounds.due()):
            return
        try:
            stamp = self._mailbox.stamp()
            if stamp is None or stamp != self._stamp or self._incoming.waits:
                self._incoming.take_in()
                self._stamp = stamp
            self._outgoing.send(self._incoming.unreadable)
        except (MailboxSilent, MailboxTaken, sqlite3.OperationalError, OSError) as error:
            self._rounds.failed()
            self._tell(error)
        else:
            self._rounds.done()
            self._tell(None)

    def _tell(self, error: Exception | None) -> None:
        trouble = type(error).__name__ if error else None
        if error and trouble != self._trouble:
            said = error.public if isinstance(error, OperatorFault) else ""
            _LOG.error("page and worker do not hear of each other", extra=fault_fields(error) | {"public": said})
        if self._trouble and not trouble:
            _LOG.info("the mailbox answers again")
        self._trouble = trouble


def worker_mail(
    settings: Settings,
    submissions: Submissions,
    ledger: Ledger,
    afar: Callable[[Submissions], tuple[SubmissionIntake, Queue]],
) -> WorkerMail | None:
    """The worker's side of the mailbox that the settings name, None without one; HomeInUse in the home of a page.

    `afar(store)` judges what may enter the store, and what may be done with what is there.
    """
    if settings.mailbox is None:
        return None
    home, key = settings.home, settings.mailbox_key
    if (home / MIRROR).exists():
        raise HomeInUse(f"{home} is the home of a page without a worker. Set CLUE_HOME to another folder.")
    mailbox = open_mailbox(settings.mailbox)
    rounds = Rounds(paced(settings.mailbox, settings.mailbox_seconds))
    letters = TakenLetters(home / LETTERS)
    store = Named(home / "queue.sqlite")
    door, queue = afar(store)
    incoming = Incoming(mailbox, store, door.submit, queue, letters, key, rounds)
    outgoing = Outgoing(mailbox, submissions, letters, LedgerPost(ledger, home), Judgements(home), key, rounds)
    return WorkerMail(mailbox, incoming, outgoing, rounds)
