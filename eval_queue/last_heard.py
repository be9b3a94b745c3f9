"""When the other side of the mailbox was last heard of, read from the mailbox itself."""

from typing import Any

from backend.errors import LetterRefused, MailboxSilent
from backend.settings import Settings
from storage.letters import LARGEST_PULSE, PAGE, PULSE, PageLetter, PulseLetter, read_letter
from storage.mailbox import open_mailbox
from storage.mirror import MIRROR


def last_heard(settings: Settings) -> dict[str, Any] | None:
    """Which side this home is of, whether the mailbox answers, and when the other side last wrote, by its own clock.

    None without a mailbox. `unreadable` counts files among the requests that are none; the worker's page knows it.
    """
    if settings.mailbox is None:
        return None
    is_page = (settings.home / MIRROR).exists()
    name = PULSE if is_page else PAGE
    told = {"this": "page" if is_page else "worker", "other": "worker" if is_page else "page", "seen_at": None}
    try:
        mailbox = open_mailbox(settings.mailbox)
        raw, pulse = mailbox.read(name, LARGEST_PULSE), mailbox.read(PULSE, LARGEST_PULSE)
    except MailboxSilent as silent:
        return {**told, "trouble": silent.public, "unreadable": None}
    try:
        kind: type[PulseLetter] | type[PageLetter] = PulseLetter if is_page else PageLetter
        seen = read_letter(kind, raw, name, settings.mailbox_key).at.isoformat(timespec="seconds") if raw else None
        strange = read_letter(PulseLetter, pulse, PULSE, settings.mailbox_key).unreadable if pulse else 0
    except LetterRefused:
        trouble = "What the other side wrote cannot be read: do both have the same CLUE_MAILBOX_KEY?"
        return {**told, "trouble": trouble, "unreadable": None}
    return {**told, "trouble": None, "seen_at": seen, "unreadable": strange}
