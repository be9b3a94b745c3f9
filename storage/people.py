"""The people in the queue's file: what they are called, when they were here, and who is blocked."""

import hashlib
import hmac
import sqlite3
import threading
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiosql

from backend.errors import UsageError
from backend.submission import LOCAL_USER, OPERATOR, SYSTEM, Person, PublicPerson
from storage.audit import note_deed
from storage.clocks import Clocks
from storage.database import Database
from storage.rows import moment

LONGEST_NAME = 60
MOST_MARKS = 2  # on one letter
KEY_DIGITS = 16
TAIL_DIGITS = 4
SEEN_SECONDS = 3600
NAMELESS = "somebody"
OURS = frozenset({"local", "operator", "system", OPERATOR, "the submitter", "worker", "a worker", "queue", NAMELESS})
_QUERIES: Any = aiosql.from_path(Path(__file__).parent / "sql" / "people.sql", "sqlite3", mandatory_parameters=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Since when somebody may do nothing here, whose subject decided it, and why."""

    since: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A person as the operator sees them; of their submissions all, those open, and those that count this week."""

    subject: str
    name: str
    key: str
    first_seen: datetime
    last_seen: datetime
    submissions: int
    open: int
    counted: int
    block: Block | None


class People:
    """Everybody who was ever here. Safe to use from several threads and processes at once."""

    def __init__(self, database: Database, clocks: Clocks) -> None:
        self._database = database
        self._clocks = clocks
        self._lock = threading.Lock()
        self._version: object = None
        self._standing = _Standing(salt=b"", names={}, shown={})

    def meet(self, person: Person) -> None:
        """The person's name is the one they have now, and they were seen now, to the hour.

        UsageError for a subject that is none: those of ours, or an empty one.
        """
        if person.subject in ("", OPERATOR, SYSTEM):
            raise UsageError("This sign-in names nobody.")
        name, now = readable_name(person.name), self._clocks.wall()
        with self._database.reading() as db:
            found = _QUERIES.find_person(db, subject=person.subject)
        if found and found["name"] == name and abs(now - found["last_seen"]) < SEEN_SECONDS:
            return
        with self._database.writing() as db:
            before = _QUERIES.find_person(db, subject=person.subject)
            _QUERIES.meet(db, subject=person.subject, name=name, now=now)
            if before is None:
                note_deed(db, now, person.subject, "arrive", person.subject)
            elif before["name"] != name:
                note_deed(db, now, person.subject, "rename", person.subject)

    def forget(self, subject: str, *, by: str) -> None:
        """The person's name is kept nowhere any more, until they come again; what counts under their subject stays.

        sqlite3.OperationalError when it is shown no more, and its letters are still on the disk: to be done again.
        """
        with self._database.writing() as db:
            _QUERIES.forget(db, subject=subject)
            note_deed(db, self._clocks.wall(), by, "forget", subject)
        self._database.scrub()

    def names(self) -> Mapping[str, str]:
        """What people call themselves, by subject; empty where nobody has said, or it was forgotten."""
        return self._known().names

    def public(self, subject: str) -> PublicPerson:
        """What everybody may know of whoever has this subject, also when nobody has.

        A name that several have, or that could be taken for one of ours, is told apart by the key's first digits.
        """
        known = self._known()
        key = _key(known.salt, subject)
        if subject == LOCAL_USER:
            return PublicPerson(LOCAL_USER, key, met=True)
        return PublicPerson(known.shown.get(subject, NAMELESS), key, met=subject in known.shown)

    def blocked(self, subject: str) -> Block | None:
        """Why this person may do nothing here, if so."""
        with self._database.reading() as db:
            return blocked_in(db, subject)

    def block(self, subject: str, *, by: str, reason: str) -> None:
        """This person may do nothing any more, from the next transaction on."""
        now = self._clocks.wall()
        with self._database.writing() as db:
            _QUERIES.block(db, subject=subject, actor=by, reason=reason, now=now)
            note_deed(db, now, by, "block", subject, reason)

    def unblock(self, subject: str, *, by: str) -> bool:
        """They may take part again; False when they were not blocked."""
        now = self._clocks.wall()
        with self._database.writing() as db:
            changed = bool(_QUERIES.unblock(db, subject=subject))
            if changed:
                note_deed(db, now, by, "unblock", subject)
            return changed

    def everybody(self, counting_since: float = 0) -> list[Known]:
        """All people, whoever was seen last first; `counted` is since a moment of Unix time."""
        with self._database.reading() as db:
            rows = list(_QUERIES.standing_of_people(db, since=counting_since))
            salt = _salt_of(db)
        return [
            Known(
                subject=row["subject"],
                name=readable_name(row["name"]),
                key=_key(salt, row["subject"]),
                first_seen=moment(row["first_seen"]),
                last_seen=moment(row["last_seen"]),
                submissions=row["submissions"],
                open=row["open"],
                counted=row["counted"],
                block=_block_of(row),
            )
            for row in rows
        ]

    def subject_of(self, words: str) -> str:
        """The subject that is meant: one that is here, a key, or a name that only one person has.

        UsageError names the subjects when several have that name.
        """
        everybody = self.everybody()
        if words == LOCAL_USER or any(each.subject == words for each in everybody):
            return words
        named = [each.subject for each in everybody if words == each.key or words.casefold() == each.name.casefold()]
        if not named:
            raise UsageError(f"Nobody called {words!r} was ever here. `python app.py people` lists everybody.")
        if len(named) > 1:
            raise UsageError(f"Several people are called {words!r}. Give one of their subjects: {', '.join(named)}.")
        return named[0]

    def _known(self) -> "_Standing":
        """What the file says of everybody, read again only when it was written since."""
        with self._lock:
            version = self._database.version()
            if version != self._version:
                with self._database.reading() as db:
                    salt = _salt_of(db)
                    names = {row["subject"]: readable_name(row["name"]) for row in _QUERIES.people(db)}
                self._standing = _Standing(salt=salt, names=names, shown=_told_apart(names, salt))
                self._version = version
            return self._standing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    salt: bytes
    names: Mapping[str, str]
    shown: Mapping[str, str]


def readable_name(name: str) -> str:
    """The name as text of one line that says what it looks like: no controls, no piled-up marks, not endless."""
    seen: list[str] = []
    marks = 0
    for letter in unicodedata.normalize("NFC", name[: 10 * LONGEST_NAME]):
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks <= MOST_MARKS:
            seen.append(letter if letter.isprintable() else " ")
    text = " ".join("".join(seen).split())
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1].rstrip()}…"


def note_submitter(db: sqlite3.Connection, subject: str, now: float) -> None:
    """Whoever submits is known by their subject from now on, also where nobody told their name."""
    _QUERIES.note_submitter(db, subject=subject, now=now)


def blocked_in(db: sqlite3.Connection, subject: str) -> Block | None:
    """Why this person may do nothing, as the transaction sees it."""
    row = _QUERIES.find_person(db, subject=subject)
    return _block_of(row) if row else None


def _block_of(row: sqlite3.Row) -> Block | None:
    if row["blocked_at"] is None:
        return None
    return Block(since=moment(row["blocked_at"]), by=row["blocked_by"], reason=row["blocked_because"])


def _told_apart(names: Mapping[str, str], salt: bytes) -> dict[str, str]:
    many = Counter(_likeness(name) for name in names.values())
    return {
        subject: name
        if name and many[_likeness(name)] == 1 and _likeness(name) not in OURS
        else f"{name or NAMELESS} ({_key(salt, subject)[:TAIL_DIGITS]})"
        for subject, name in names.items()
    }


def _likeness(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _salt_of(db: sqlite3.Connection) -> bytes:
    return str(_QUERIES.get_salt(db)["value"]).encode()


def _key(salt: bytes, subject: str) -> str:
    return hmac.new(salt, subject.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:KEY_DIGITS]
