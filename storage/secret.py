"""A secret that this installation makes for itself once and keeps in a file of its owner's only."""

import secrets
from pathlib import Path

from backend.errors import OperatorFault
from storage.files import replace_file

BYTES = 32


def keep_secret(path: Path) -> bytes:
    """The 32 bytes in the file, which is made when there is none; OperatorFault when it holds anything else."""
    if not path.exists():
        replace_file(path, secrets.token_bytes(BYTES))
    kept = path.read_bytes()
    if len(kept) != BYTES:
        raise OperatorFault(f"{path} is no secret of {BYTES} bytes. Remove it: everybody has to sign in again then.")
    return kept
