"""Tells the mailbox how everything stands: what has changed since the last time, the ledger, and the worker's pulse."""

import hashlib
import math
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from backend.errors import LedgerBroken, LetterRefused, MailboxTaken
from backend.submission import PUBLISHED, Submission
from eval_queue.ledger_post import LedgerPost
from eval_queue.rounds import Rounds
from storage.judgements import Judgements
from storage.known_submissions import KnownSubmissions
from storage.letters import (
    HISTORY,
    LARGEST_HISTORY,
    LARGEST_PULSE,
    PULSE,
    Answer,
    Beginning,
    PulseLetter,
    StatusLetter,
    judged_name,
    read_letter,
    read_status,
    status_name,
    write_letter,
)
from storage.mailbox import Mailbox
from storage.submissions import Submissions
from storage.taken_letters import TakenLetters

MOST_CHANGED = 200
MOST_SPENT = 300
MOST_WAITING = 5_000
PROGRESS_SECONDS = 60.0
PULSE_SECONDS = 30.0
COMMITTED_PULSE_SECONDS = 300.0
Seen = tuple[object, str]
"""What a letter was written from, and what the person it names was called then."""
UNSEEN: Seen = (None, "")


class Outgoing:
    """What this worker has told since it started; its `epoch` tells it from every other.

    What only says how far an evaluation is waits for a minute at least, so that a mailbox in which every write is a
    commit is not written more often than that needs.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        submissions: Submissions,
        letters: TakenLetters,
        ledger: LedgerPost,
        judgements: Judgements,
        key: str | None,
        rounds: Rounds,
    ) -> None:
        self._mailbox, self._submissions, self._letters = mailbox, submissions, letters
        self._ledger, self._judgements, self._key, self._rounds = ledger, judgements, key, rounds
        self._known = KnownSubmissions(submissions)
        self._epoch = secrets.token_hex(8)
        self._others: set[str] = set()
        self._serial, self._beat = 0, 0
        self._event = 0
        self._answered: object = None
        self._base: int | None = None
        self._seen: dict[str, Seen] = {}
        self._told: dict[str, tuple[float, bytes]] = {}
        self._changed: dict[str, int] = {}
        self._judged: dict[str, str] = {}
        self._before: dict[str, str] = {}
        self._sent_at: float | None = None

    def send(self, unreadable: int = 0) -> None:
        """The mailbox says how everything stands; MailboxTaken when it is another worker's, or of another ledger."""
        self._require_ours()
        now = self._rounds.clock()
        event, answered, news = self._news(now)
        paused, files = self._pausing()
        told: dict[str, tuple[float, bytes]] = {}
        for _, letter in news:
            self._serial += 1
            numbered = letter.model_copy(update={"serial": self._serial})
            raw = write_letter(numbered, status_name(letter.id), self._key)
            told[letter.id] = (now, raw)
            files |= self._judged_files(letter)
            if self._before.get(letter.id) != _digest(letter):
                files[status_name(letter.id)] = raw
        changed = self._changed | {each: self._serial_of(raw) for each, (_, raw) in told.items()}
        anew = self._base is None or len(changed) > MOST_CHANGED or any(self._forgets(letter) for _, letter in news)
        base, changed = (self._serial, {}) if anew else (self._base or 0, changed)
        if anew:
            files[HISTORY] = self._history({**self._told, **told})
        if not files and not self._is_due(now):
            return
        files[PULSE] = self._pulse(base, changed, paused, unreadable)
        self._mailbox.write(files)
        self._event, self._answered, self._base, self._changed = event, answered, base, changed
        self._told |= told
        self._before.clear()  # from here on a file may say something else than then
        self._seen |= {letter.id: seen for seen, letter in news}
        self._judged |= {name: hashlib.sha256(raw).hexdigest() for name, raw in files.items() if name.endswith(".npz")}
        self._ledger.sent()
        self._sent_at = now

    def _require_ours(self) -> None:
        """Nobody else has written a pulse since this worker wrote its own."""
        raw = self._mailbox.read(PULSE, LARGEST_PULSE)
        try:
            found = read_letter(PulseLetter, raw, PULSE, self._key).epoch if raw else None
        except LetterRefused:
            found = None
        if self._base is None:
            self._others |= {found} if found else set()
            self._remember()
        elif found and found != self._epoch and found not in self._others:
            raise MailboxTaken(
                "Another worker writes to this mailbox. There is one worker for each: stop one of the two, and start "
                "the other again."
            )

    def _remember(self) -> None:
        """What an earlier worker told, so that it is not written again."""
        raw = self._mailbox.read(HISTORY, LARGEST_HISTORY) or b""
        for line in raw.splitlines()[1:]:
            try:
                told = read_status(line, self._key)
            except LetterRefused:
                continue
            self._before[told.id] = _digest(told)
            self._judged |= {judged_name(told.id, task): digest for task, digest in told.judged.items()}

    def _forgets(self, letter: StatusLetter) -> bool:
        """Whether it leaves out a name that was told before, which the history then must not repeat."""
        return bool(not letter.name and self._seen.get(letter.id, UNSEEN)[1])

    def _news(self, now: float) -> tuple[int, object, list[tuple[Seen, StatusLetter]]]:
        """Up to which event and answer it goes; what has changed and is due, oldest first, with what it was seen by."""
        version = self._letters.version()
        befallen, newest = self._submissions.told_after(self._event)
        found = list(self._changes(befallen, now))
        answers: Sequence[Answer] = self._letters.answers() if self._answered != version else ()
        for answer in answers:
            if answer.request.id not in self._told:
                found.append(((answer, ""), StatusLetter(id=answer.request.id, serial=0, answer=answer)))
        return newest, version, found

    def _changes(self, befallen: set[str], now: float) -> Iterator[tuple[Seen, StatusLetter]]:
        names = self._submissions.people.names()
        every = min(PROGRESS_SECONDS, 12 * self._rounds.seconds)
        for one in reversed(self._known()):
            name = names.get(one.submitter, "")
            seen, called = self._seen.get(one.id, UNSEEN)
            if one.id not in befallen and called == name:
                at, _ = self._told.get(one.id, (-math.inf, b""))
                if seen is one or now - at < every:
                    continue
            yield (one, name), self._letter(one, name)

    def _letter(self, one: Submission, name: str) -> StatusLetter:
        judged = self._judgements.packed(one.id) if one.status in PUBLISHED else {}
        return StatusLetter(
            id=one.id,
            serial=0,
            submission=replace(one, url=None),
            name=name,
            events=tuple(self._submissions.events(one.id)),
            judged={task: hashlib.sha256(raw).hexdigest() for task, raw in judged.items()},
        )

    def _judged_files(self, letter: StatusLetter) -> dict[str, bytes]:
        wanted = {judged_name(letter.id, task): digest for task, digest in letter.judged.items()}
        if all(self._judged.get(name) == digest for name, digest in wanted.items()):
            return {}
        return {judged_name(letter.id, task): raw for task, raw in self._judgements.packed(letter.id).items()}

    def _pausing(self) -> tuple[str | None, dict[str, bytes]]:
        """What is wrong with the ledger, and its files where they are news."""
        try:
            return None, self._ledger.files(self._mailbox)
        except LedgerBroken as broken:
            return broken.public, {}

    def _history(self, told: dict[str, tuple[float, bytes]]) -> bytes:
        beginning = Beginning(epoch=self._epoch, serial=self._serial, lines=len(told))
        return write_letter(beginning, HISTORY, self._key) + b"".join(raw for _, raw in told.values())

    def _pulse(self, base: int, changed: dict[str, int], paused: str | None, unreadable: int) -> bytes:
        self._beat += 1
        pulse = self._submissions.pulse()
        letter = PulseLetter(
            epoch=self._epoch,
            beat=self._beat,
            at=datetime.now(UTC),
            promise=self._every() + 2 * self._rounds.seconds,
            base=base,
            changed=changed,
            waiting=tuple(self._submissions.waiting()[:MOST_WAITING]),
            spent=tuple(self._submissions.spent(MOST_SPENT)),
            paused=paused or pulse.paused,
            paused_at=pulse.paused_at,
            unreadable=unreadable,
        )
        return write_letter(letter, PULSE, self._key)

    def _is_due(self, now: float) -> bool:
        return self._sent_at is None or now - self._sent_at >= self._every()

    def _every(self) -> float:
        costly = self._mailbox.is_costly
        return max(COMMITTED_PULSE_SECONDS if costly else PULSE_SECONDS, self._rounds.seconds)

    def _serial_of(self, raw: bytes) -> int:
        return read_status(raw, self._key).serial


def _digest(letter: StatusLetter) -> str:
    """The same for two letters that say the same."""
    return hashlib.sha256(letter.model_copy(update={"serial": 0}).model_dump_json().encode()).hexdigest()
