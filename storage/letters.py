"""What lies in the mailbox between page and worker: the names of its files, the records in them, and their seal."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from backend.domain import Domain, Edition
from backend.errors import LetterRefused
from backend.submission import Event, Spent, Submission
from storage.entries import canonical

REQUESTS, STATUS = "requests", "status"
PULSE, PAGE, HISTORY = "pulse.json", "page.json", "snapshot/submissions.jsonl"
JUDGED, LEDGER, LEDGER_HEAD = "snapshot/judged", "ledger.jsonl", "ledger.head.json"
LARGEST_REQUEST, LARGEST_STATUS, LARGEST_PULSE, LARGEST_HISTORY = 16 << 10, 1 << 20, 8 << 20, 512 << 20
ID = r"\d{8}-[0-9a-f]{8}"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
REQUEST_FILE = re.compile(rf"(?P<day>\d{{4}}-\d{{2}}-\d{{2}})/(?P<id>{ID})\.json")
SEAL = "seal"

Id = Annotated[str, StringConstraints(pattern=rf"^{ID}$")]
Text = Annotated[str, StringConstraints(max_length=2_000)]
Short = Annotated[str, StringConstraints(max_length=300)]


class Deed(StrEnum):
    """What a request asks for."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    RETRY = "retry"
    WITHDRAW = "withdraw"


class _Letter(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Request(_Letter):
    """One thing that a person asked for on the page, written once. Nothing in it says where a model is served.

    `subject` is the person's stable id, `name` what people read; `at` is by the page's clock. A submission has a
    `model`, every other deed a `submission_id`.
    """

    id: Id
    deed: Deed
    at: AwareDatetime
    subject: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    name: Short = ""
    model: Short | None = None
    revision: Short | None = None
    edition: Edition = Edition.FULL
    engine: Short | None = None
    base_model: Short | None = None
    domain: Domain | None = None
    submission_id: Id | None = None
    reason: Text | None = None


def unnamed(request: Request) -> Request:
    """The request without what the person is called: that is kept in one place only, where it can be forgotten."""
    return request.model_copy(update={"name": ""})


class Answer(_Letter):
    """What became of a request that is no submission of the worker's: a deed, or a submission that was not taken in.

    It repeats the request without the person's name.
    """

    request: Annotated[Request, AfterValidator(unnamed)]
    done: bool
    sentence: Text
    submission_id: Id | None = None


class StatusLetter(_Letter):
    """All that the page may know of one submission, or of one request that became none; `serial` grows.

    `judged` has the SHA-256 of the file of judged values of each task.
    """

    id: Id
    serial: int
    submission: Submission | None = None
    name: Short = ""
    events: tuple[Event, ...] = ()
    judged: Mapping[Annotated[str, StringConstraints(pattern=r"^\w{1,60}$")], str] = Field(default_factory=dict)
    answer: Answer | None = None


class Beginning(_Letter):
    """The first line of the history: whose it is, and up to which serial it tells."""

    epoch: str
    serial: int
    lines: int


class PulseLetter(_Letter):
    """How worker and queue are. Until `promise` seconds later nobody need wonder that nothing was heard.

    `changed` has the serial of everything that was told since the history (`base`); `epoch` is another one whenever a
    worker starts; `waiting` is in the order of the queue.
    """

    epoch: str
    beat: int
    at: AwareDatetime
    promise: float
    base: int
    changed: Mapping[Id, int]
    waiting: tuple[Id, ...]
    spent: tuple[Spent, ...] = ()
    paused: Text | None = None
    paused_at: AwareDatetime | None = None
    unreadable: int = 0


class PageLetter(_Letter):
    """That a page was there, by its own clock."""

    at: AwareDatetime
    promise: float


Letter = TypeVar("Letter", bound=BaseModel)


def request_name(request_id: str, at: datetime) -> str:
    """The file of a request: by day, so that few have to be listed to find the newest."""
    return f"{REQUESTS}/{at:%Y-%m-%d}/{request_id}.json"


def status_name(any_id: str) -> str:
    """The file that tells of a submission, or of what became of a request."""
    return f"{STATUS}/{any_id}.json"


def judged_name(submission_id: str, task: str) -> str:
    """The file of one task's judged values."""
    return f"{JUDGED}/{submission_id}/{task}.npz"


def write_letter(letter: BaseModel, name: str, key: str | None) -> bytes:
    """The letter as one line of JSON; with a key, sealed so that it is believed under this name only."""
    record = letter.model_dump(mode="json", exclude_defaults=True)
    if key:
        record[SEAL] = _seal(record, name, key)
    return canonical(record) + b"\n"


def read_letter(kind: type[Letter], raw: bytes, name: str, key: str | None) -> Letter:
    """The letter of these bytes; LetterRefused when they are none, or not sealed with our key."""
    try:
        record = json.loads(raw)
        if not isinstance(record, dict):
            raise LetterRefused("It is no JSON object.")
        seal = record.pop(SEAL, None)
        if key and not (
            isinstance(seal, str) and hmac.compare_digest(seal.encode(), _seal(record, name, key).encode())
        ):
            raise LetterRefused("It is not sealed with this installation's key.")
        return kind.model_validate_json(canonical(record), strict=True)
    except (ValidationError, ValueError, RecursionError):  # neither message may be shown: they repeat what was read
        raise LetterRefused("It cannot be read.") from None


def read_status(raw: bytes, key: str | None, about: str | None = None) -> StatusLetter:
    """As `read_letter`, of a letter that says itself which file it is the content of; `about` is the one expected."""
    try:
        own = str(json.loads(raw)["id"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise LetterRefused("It cannot be read.") from None
    told = read_letter(StatusLetter, raw, status_name(own), key)
    inside = told.submission.id if told.submission else told.answer.request.id if told.answer else None
    if told.id != inside or about not in (None, own):
        raise LetterRefused("It tells of something else than its name says.")
    return told


def _seal(record: Mapping[str, Any], name: str, key: str) -> str:
    return hmac.digest(key.encode(), name.encode() + b"\n" + canonical(record), hashlib.sha256).hex()
