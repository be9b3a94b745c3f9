"""Which commit a git clone is at, read from the files that git keeps."""

import re
from contextlib import suppress
from pathlib import Path

MOST_STEPS = 5
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REFERENCE = re.compile(r"ref: (refs/[\w./-]+)")


def commit_of(folder: Path) -> str | None:
    """The commit that is checked out, in hex; None where there is no git folder or it does not say.

    HEAD names a commit or a branch, which has a file of its own or a line in packed-refs. A further working tree names
    its git folder in a file, and has its branches in the one it was made from.
    """
    own = _git_folder(folder)
    shared = own / (_read(own / "commondir") or ".")
    found = _read(own / "HEAD")
    for _ in range(MOST_STEPS):
        if found is None or _COMMIT.fullmatch(found):
            return found
        reference = _REFERENCE.fullmatch(found)
        if reference is None or ".." in reference[1]:
            return None
        found = _read(own / reference[1]) or _read(shared / reference[1]) or _packed(shared, reference[1])
    return None


def _git_folder(folder: Path) -> Path:
    place = folder / ".git"
    named = _read(place) if place.is_file() else None
    return folder / named.removeprefix("gitdir:").strip() if named else place


def _packed(shared: Path, reference: str) -> str | None:
    lines = [line.split() for line in (_read(shared / "packed-refs") or "").splitlines()]
    return next((line[0] for line in lines if line[1:] == [reference]), None)


def _read(path: Path) -> str | None:
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8").strip()
    return None
