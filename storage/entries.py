"""What a line of the ledger says, the one form it is written in, and the hash that closes it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from backend.domain import Result
from backend.errors import LedgerBroken

GENESIS = "0" * 64
_RESULT = TypeAdapter(Result)


class EntryKind(StrEnum):
    """What a line of the ledger does."""

    RESULT = "result"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger; `hash` covers everything else in it, and `previous` is the hash of the line before.

    A result may take the place of an earlier line (`supersedes`), a withdrawal takes one back (`withdraws`); both say
    why in `reason`, and neither changes the earlier line. `actor` is who withdrew: the submitter or
    the operator, for a chain of what is published names nobody.
    """

    number: int
    at: datetime
    kind: EntryKind
    identity: str
    submission_id: str
    previous: str
    hash: str
    result: Result | None = None
    supersedes: int | None = None
    withdraws: int | None = None
    actor: str | None = None
    reason: str | None = None


_ENTRY = TypeAdapter(Entry)


@dataclass(frozen=True, slots=True)
class Head:
    """How far the ledger goes: lines, the last line's hash, bytes."""

    number: int = 0
    hash: str = GENESIS
    offset: int = 0


def identity_of(result: Result) -> str:
    """What is published at most once: model, commit, edition, protocol, how it was asked, and the tasks measured."""
    measured = [f"{run.task}.{run.version}" for run in result.runs if run.missing is None]
    asked = [result.engine, result.manifest.get("dtype"), result.manifest.get("template_sha256")]
    parts = [result.model.hub_id.lower(), result.model.revision, result.edition, result.protocol, *asked, *measured]
    return "|".join(str(part) for part in parts)


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no blanks and no NaN: the same value always gives the same bytes."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def result_content(result: Result) -> dict[str, Any]:
    """A result as plain data, as a line holds it."""
    content: dict[str, Any] = _RESULT.dump_python(result, mode="json")
    return content


def sealed(content: Mapping[str, Any], at: datetime, before: Head) -> bytes:
    """The line that says this at that moment and follows that head, its hash and its newline included."""
    body = {**content, "number": before.number + 1, "at": at.isoformat(), "previous": before.hash}
    return canonical({**body, "hash": _hash(body)}) + b"\n"


def parse_entry(line: bytes, number: int) -> Entry:
    """The entry in line `number`, whose place in the chain was checked; LedgerBroken when `sealed` never wrote it."""
    try:
        record = json.loads(line)
        # A repeated key, or one number written in two ways, would let two readers see two things in one line.
        if line != canonical(record) + b"\n":
            raise LedgerBroken(number, "it is not in canonical form")
        return _ENTRY.validate_python({"kind": EntryKind.RESULT, **record})
    except (ValueError, TypeError, RecursionError) as error:
        raise LedgerBroken(number, f"it cannot be read ({type(error).__name__})") from None


def _hash(body: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(body)).hexdigest()
