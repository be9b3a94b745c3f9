"""Files that are copied and replaced so that a kill at any moment leaves the old one or the new one, never a half."""

import hashlib
import os
import shutil
from pathlib import Path

BLOCK = 1 << 20


def copy_file(source: Path, target: Path, most: int | None = None) -> None:
    """The file, or its first `most` bytes, under another name; on the disk and its owner's only, as are new folders."""
    for folder in reversed([target.parent, *target.parent.parents]):
        folder.mkdir(mode=0o700, exist_ok=True)
    left = most if most is not None else source.stat().st_size
    with (
        source.open("rb") as from_,
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as to,
    ):
        while left and (block := from_.read(min(BLOCK, left))):
            to.write(block)
            left -= len(block)
        to.flush()
        os.fsync(to.fileno())


def whole_bytes(path: Path) -> int:
    """Bytes up to the end of the last whole line."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - BLOCK)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
    return 0


def digest(path: Path) -> str:
    """SHA-256 of the file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def replace_file(path: Path, content: bytes) -> None:
    """The file holds this and is on the disk; a kill leaves what was there before."""
    beside = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync(path.parent)


def put_folder(partial: Path, target: Path) -> Path:
    """A folder that is whole has the name `target`, in the place of what had it before."""
    partial.chmod(0o755)
    if target.exists():
        target.rename(partial.with_name(partial.name + ".replaced"))
    partial.rename(target)
    sync(target.parent)
    shutil.rmtree(partial.with_name(partial.name + ".replaced"), ignore_errors=True)
    return target


def sync(path: Path) -> None:
    """A file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
