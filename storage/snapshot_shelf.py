"""The snapshots that lie in a folder, for whoever wants to list them or take one along."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MANIFEST = "manifest.json"
NAME = re.compile(r"\d{6,}-[0-9a-f]{12}", re.ASCII)
FILE = re.compile(r"[a-z]+\.(?:json|parquet)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A file of a snapshot: its SHA-256, and how many rows it has."""

    sha256: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """A snapshot: the ledger's line it stands at, that line's hash, and its files."""

    name: str
    number: int
    hash: str
    program: str
    files: Mapping[str, Filed]


def snapshot_name(number: int, hash_: str) -> str:
    """What the state of the board after this line of the ledger is called; the hash is that line's."""
    return f"{number:06d}-{hash_[:12]}"


def shelved(folder: Path) -> list[Shelved]:
    """What lies in `folder`, newest first; what has no readable manifest is left out."""
    found = [path for path in folder.iterdir() if NAME.fullmatch(path.name)] if folder.is_dir() else []
    read = [one for path in found if (one := _read(path))]
    return sorted(read, key=lambda one: one.number, reverse=True)


def shelved_bytes(folder: Path, name: str, file: str) -> bytes | None:
    """This file of this snapshot; None for anything that the snapshot's own manifest does not name."""
    snapshot = _read(folder / name) if NAME.fullmatch(name) and FILE.fullmatch(file) else None
    if snapshot is None or file not in (*snapshot.files, MANIFEST):
        return None
    try:
        return (folder / name / file).read_bytes()
    except OSError:
        return None


def _read(path: Path) -> Shelved | None:
    try:
        told = json.loads((path / MANIFEST).read_bytes())
        files = {
            name: Filed(sha256=str(each["sha256"]), rows=int(each["rows"])) for name, each in told["files"].items()
        }
        return Shelved(
            name=path.name,
            number=int(told["ledger"]["number"]),
            hash=str(told["ledger"]["hash"]),
            program=str(told["program"]),
            files=files,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
