"""Files that appear whole or not at all, and that are nobody else's to read."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO


@contextmanager
def draft(target: Path) -> Iterator[TextIO]:
    """What is written is at `target` when the block ends well, readable by its owner alone; else nothing has changed.

    Lines end as they are written.
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)
        with partial.open("w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def write_json(target: Path, record: Mapping[str, Any]) -> None:
    """The record is at `target`, indented."""
    with draft(target) as stream:
        stream.write(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def file_sha256(path: Path) -> str:
    """SHA-256 of the file as it lies on the disk, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
