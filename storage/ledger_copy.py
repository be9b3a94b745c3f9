"""A page's own copy of the ledger in the mailbox: grown by what verifies, never shortened."""

import os
from collections import deque
from itertools import chain
from pathlib import Path

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from backend.errors import LedgerBroken
from storage.chain import check_line, follow_chain
from storage.entries import Head, parse_entry
from storage.files import replace_file, whole_bytes
from storage.ledger_head import HeadFile, HeadStatement
from storage.letters import LEDGER, LEDGER_HEAD
from storage.mailbox import Mailbox

MOST_AT_ONCE = 1 << 30
LARGEST_HEAD = 16 << 10
_STATEMENT = TypeAdapter(HeadStatement)


class LedgerCopy:
    """`ledger.jsonl` and its head in a page's home. What was copied once is never taken back by what is copied later.

    `trusted` is the public key that must have signed the head.
    """

    def __init__(self, path: Path, trusted: str | None = None) -> None:
        self._path, self._trusted = path, trusted
        self._head_file = HeadFile(path.with_name(LEDGER_HEAD))
        self._head: Head | None = None

    def follow(self, mailbox: Mailbox) -> None:
        """The copy goes as far as the mailbox's head says, once all of that has arrived.

        LedgerBroken, and nothing changed, when the mailbox's ledger does not continue the copy, or is not signed as it
        must be.
        """
        head = self._here()
        raw = mailbox.read(LEDGER_HEAD, LARGEST_HEAD)
        if raw is None:
            if head.number:
                raise LedgerBroken(head.number, f"the mailbox has no {LEDGER_HEAD} any more")
            return
        stated = self._stated(raw, head)
        if stated.head == head:
            self._state(raw)
            return
        if stated.number < head.number:
            raise LedgerBroken(
                stated.number + 1, f"the mailbox's ledger has lost it; this page has {head.number} lines"
            )
        if stated.number == head.number:
            raise LedgerBroken(head.number, "the mailbox's ledger has another line in its place")
        if self._take(mailbox, head, stated.head):
            self._state(raw)

    def _stated(self, raw: bytes, head: Head) -> HeadStatement:
        try:
            stated = _STATEMENT.validate_json(raw, strict=True)
        except ValidationError:
            raise LedgerBroken(head.number, f"the mailbox's {LEDGER_HEAD} cannot be read") from None
        self._head_file.require_signature(stated, stated.number, self._trusted)
        return stated

    def _take(self, mailbox: Mailbox, head: Head, goal: Head) -> bool:
        """Whether all up to the goal had arrived, and is here now; nothing is written that does not lead there."""
        size = goal.offset - head.offset
        if not 0 < size <= MOST_AT_ONCE:
            raise LedgerBroken(head.number + 1, "the mailbox's ledger says that it is of a size that it cannot have")
        coming = mailbox.read(LEDGER, size, head.offset) or b""
        if len(coming) < size:
            return False
        for line in coming.splitlines(keepends=True):
            head = check_line(line, head)
            parse_entry(line, head.number)
        if head != goal:
            raise LedgerBroken(goal.number, f"it is not the line that the mailbox's {LEDGER_HEAD} states")
        with FileLock(self._path.with_suffix(".lock")), self._path.open("ab") as file:
            file.write(coming)
            file.flush()
            os.fsync(file.fileno())
        self._head = head
        return True

    def _here(self) -> Head:
        """How far the copy goes; what a kill left unfinished does not count."""
        if self._head is None:
            self._path.touch(mode=0o600)
            with self._path.open("r+b") as file:
                file.truncate(whole_bytes(self._path))
            self._head = deque(chain([Head()], (head for _, head in follow_chain(self._path))), maxlen=1)[0]
        return self._head

    def _state(self, raw: bytes) -> None:
        if not self._head_file.path.exists() or self._head_file.path.read_bytes() != raw:
            replace_file(self._head_file.path, raw)
