"""The worker's ledger on its way into the mailbox: a longer or another one that lies there is never overwritten."""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from backend.errors import MailboxTaken
from storage.ledger import Ledger, Stamp
from storage.ledger_head import HeadStatement
from storage.letters import LEDGER, LEDGER_HEAD
from storage.mailbox import Mailbox

LARGEST_HEAD = 16 << 10
_STATEMENT = TypeAdapter(HeadStatement)


class LedgerPost:
    """The ledger of a home, and what of it is in the mailbox."""

    def __init__(self, ledger: Ledger, home: Path) -> None:
        self._ledger, self._home = ledger, home
        self._found: Stamp | None = None
        self._sent: Stamp | None = None

    def files(self, mailbox: Mailbox) -> dict[str, bytes]:
        """The ledger and its head as they are to lie in the mailbox; none where they lie there.

        LedgerBroken when our own does not verify. MailboxTaken when the mailbox's does not lead to ours.
        """
        stamp = self._ledger.stamp()
        if stamp == self._sent:
            return {}
        self._ledger.verify()
        there = mailbox.read(LEDGER_HEAD, LARGEST_HEAD)
        self._require_prefix(there)
        self._found = stamp
        try:
            head = (self._home / LEDGER_HEAD).read_bytes()
        except FileNotFoundError:
            return {}
        if head == there:
            return {}
        lines = (self._home / LEDGER).read_bytes()[: _STATEMENT.validate_json(head).offset]
        return {LEDGER: lines, LEDGER_HEAD: head}

    def sent(self) -> None:
        """What `files` last gave lies in the mailbox now."""
        self._sent = self._found

    def _require_prefix(self, there: bytes | None) -> None:
        if there is None:
            return
        try:
            stated = _STATEMENT.validate_json(there, strict=True)
        except ValidationError:
            return  # nobody can read it, and no page believes it
        if not self._ledger.holds(stated.head):
            raise MailboxTaken(
                f"The mailbox's ledger has {stated.number} lines that this home's does not go on from. Nothing is "
                "written there until the home is restored from a backup, or ledger.jsonl and ledger.head.json are "
                "removed from the mailbox by hand."
            )
