"""The file beside the ledger that says how far it goes, so that lost last lines are noticed; signed if a key is set."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from backend.errors import LedgerBroken
from backend.signing import Signer, is_signed
from storage.entries import Head, canonical
from storage.files import replace_file


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadStatement:
    """A head as its file states it, when it was written, and by whose key it is signed."""

    number: int
    hash: str
    offset: int
    at: str
    public_key: str | None = None
    signature: str | None = None

    @property
    def head(self) -> Head:
        """What is stated."""
        return Head(self.number, self.hash, self.offset)

    @property
    def signed_bytes(self) -> bytes:
        """What a signature covers: the file's canonical JSON without the signature and without a newline."""
        fields = {name: value for name, value in asdict(self).items() if name != "signature" and value is not None}
        return canonical(fields)


_STATEMENT = TypeAdapter(HeadStatement)


class HeadFile:
    """`ledger.head.json`: replaced as a whole by whoever has just appended, while they still hold the ledger's lock."""

    def __init__(self, path: Path, signer: Signer | None = None) -> None:
        self.path = path
        self.signer = signer

    def read(self) -> HeadStatement | None:
        """What the file states; None when there is none. ValueError when it cannot be read."""
        try:
            return _STATEMENT.validate_json(self.path.read_bytes(), strict=True)
        except FileNotFoundError:
            return None

    def write(self, head: Head, at: datetime) -> None:
        """The file states this head, on the disk; a kill leaves the old file or the new one."""
        key = self.signer.public_key if self.signer else None
        stated = HeadStatement(**asdict(head), at=at.isoformat(), public_key=key)
        fields = json.loads(stated.signed_bytes)
        if self.signer:
            fields["signature"] = self.signer.sign(stated.signed_bytes)
        replace_file(self.path, canonical(fields) + b"\n")

    def require_signature(self, stated: HeadStatement | None, lines: int, trusted: str | None) -> None:
        """LedgerBroken unless what is stated is signed as it should be.

        With a trusted key (given, or our own) it must be signed by that one, and be there once there are lines;
        without, a signature that is there must at least be that of the key beside it.
        """
        wanted = trusted or (self.signer.public_key if self.signer else None)
        if stated is None:
            if wanted and lines:
                raise LedgerBroken(lines, f"{self.path.name} is missing, so nobody has signed it")
            return
        if stated.signature is None:
            if wanted or stated.public_key:
                raise LedgerBroken(stated.number, f"{self.path.name} is not signed")
            return
        if wanted and stated.public_key != wanted:
            raise LedgerBroken(stated.number, f"{self.path.name} is signed with another key")
        if not is_signed(stated.signed_bytes, stated.signature, stated.public_key or ""):
            raise LedgerBroken(stated.number, f"the signature in {self.path.name} is not over what stands there")
