"""The ledger's chain checked on raw bytes: a line's hash covers every byte of it except the field that holds it."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.errors import LedgerBroken
from storage.entries import Head

# A quote inside a JSON string is escaped, so a pattern that is followed field by field from a line's beginning (or from
# a bare quote to its end) can be met by fields only and never by the text inside of one.
_TEXT = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_BEGINNING = re.compile(
    rb'\{(?:"actor":' + _TEXT + rb',)?"at":' + _TEXT + rb',(?P<field>"hash":"(?P<hash>[0-9a-f]{64})",)"identity":'
    rb"(?P<identity>" + _TEXT + rb'),(?:"kind":' + _TEXT + rb',)?"number":(?P<number>[1-9][0-9]*),"previous":'
    rb'"(?P<previous>[0-9a-f]{64})"[,}]'
)
_LAST_KEYS = b',"submission_id":"'
_END = re.compile(
    rb',"submission_id":(?P<submission>' + _TEXT + rb")"
    rb'(?:,"supersedes":(?P<supersedes>[1-9][0-9]*))?(?:,"withdraws":(?P<withdraws>[1-9][0-9]*))?\}\n'
)


@dataclass(frozen=True, slots=True)
class ChainLine:
    """Where an entry lies, whose it is, and which earlier line it takes off the board."""

    number: int
    identity: str
    submission_id: str
    before: Head
    supersedes: int | None = None
    withdraws: int | None = None


def follow_chain(path: Path, after: Head | None = None) -> Iterator[tuple[bytes, Head]]:
    """Each line after a head, its hash and place in the chain checked, with the head that it makes.

    An unfinished last line is not there yet. LedgerBroken names the first line that does not fit.
    """
    head = after or Head()
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise LedgerBroken(head.number + 1, "the file is gone") from None
    with file:
        if os.fstat(file.fileno()).st_size < head.offset:
            raise LedgerBroken(head.number, "the file is shorter than it was")
        file.seek(head.offset)
        for line in file:
            if not line.endswith(b"\n"):
                _require_unfinished(line, head)
                return
            head = check_line(line, head)
            yield line, head


def check_line(line: bytes, before: Head) -> Head:
    """The head that a whole line makes after another one; LedgerBroken when it does not fit there."""
    number = before.number + 1
    found = _BEGINNING.match(line)
    if found is None:
        raise LedgerBroken(number, "it cannot be read")
    start, end = found.span("field")
    closing = hashlib.sha256(line[:start] + line[end:-1]).hexdigest()
    if found["hash"] != closing.encode():
        raise LedgerBroken(number, "its content does not match its hash")
    if found["previous"] != before.hash.encode() or found["number"] != b"%d" % number:
        raise LedgerBroken(number, "it does not follow the line before it")
    return Head(number, closing, before.offset + len(line))


def outline(line: bytes, before: Head) -> ChainLine:
    """Whose a checked line is and which line it retires, read without the result inside of it."""
    beginning = _BEGINNING.match(line)
    end = _END.fullmatch(line, line.rfind(_LAST_KEYS))
    if beginning is None or end is None:
        raise LedgerBroken(before.number + 1, "its fields are not those of an entry")
    supersedes, withdraws = end["supersedes"], end["withdraws"]
    return ChainLine(
        int(beginning["number"]),
        json.loads(beginning["identity"]),
        json.loads(end["submission"]),
        before,
        int(supersedes) if supersedes else None,
        int(withdraws) if withdraws else None,
    )


def _require_unfinished(line: bytes, before: Head) -> None:
    """LedgerBroken when only the end of the line is damaged: its writer had finished it, so it was published."""
    try:
        check_line(line[:-1] + b"\n", before)
    except LedgerBroken:
        return
    raise LedgerBroken(before.number + 1, "its last byte is not a newline")
