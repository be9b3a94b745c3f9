"""A copy of the board for others to read, as Parquet and JSON, renamed into place when it is whole."""

import json
import logging
import shutil
import tempfile
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock

from backend import __version__
from backend.logbook import fault_fields
from storage.entries import Head
from storage.files import digest, put_folder, sync
from storage.scores import Scores
from storage.snapshot_shelf import snapshot_name

PARQUET, RECORDS, MANIFEST = "scores.parquet", "scores.json", "manifest.json"
PARTIAL = ".partial-"
MOST_KEPT = 30
_LOG = logging.getLogger(__name__)


def write_snapshot(scores: Scores, folder: Path, *, keep: int | None = None) -> Path:
    """A new folder inside `folder`, named after the ledger's head; a whole one that is there already is left as it is.

    One that is damaged, or of another version of this program, is made anew. What a killed writer left is removed, and
    so are all but the newest `keep`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        for left in folder.glob(f"{PARTIAL}*"):
            shutil.rmtree(left)
        head = scores.head()
        target = folder / snapshot_name(head.number, head.hash)
        if not is_whole(target):
            target = _write(scores, folder)
        if keep is not None:
            _keep_newest(folder, keep)
    return target


def is_whole(snapshot: Path) -> bool:
    """Whether every file that the manifest of a snapshot names is there as it was written, by this version."""
    try:
        manifest = json.loads((snapshot / MANIFEST).read_bytes())
        return manifest["program"] == __version__ and all(
            digest(snapshot / name) == listed["sha256"] for name, listed in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


class Snapshots:
    """The snapshots that a page keeps in its home, the newest ones."""

    def __init__(self, scores: Scores, folder: Path, keep: int = MOST_KEPT) -> None:
        self._scores, self._folder, self._keep = scores, folder, keep
        self._written: Head | None = None
        self._told: str | None = None

    def keep_up(self) -> None:
        """There is a snapshot of the board as it is now, unless that cannot be written, which is logged once."""
        try:
            head = self._scores.head()
            if head == self._written:
                return
            write_snapshot(self._scores, self._folder, keep=self._keep)
        except (OSError, duckdb.Error) as error:
            if type(error).__name__ != self._told:
                _LOG.error("no snapshot can be written", extra=fault_fields(error))
            self._told = type(error).__name__
        else:
            self._written, self._told = head, None


def _write(scores: Scores, folder: Path) -> Path:
    partial = Path(tempfile.mkdtemp(dir=folder, prefix=PARTIAL))
    try:
        head, rows = scores.copy_out(partial / PARQUET)
        lines = ",\n".join(json.dumps(row, ensure_ascii=False, default=_moment) for row in rows)
        (partial / RECORDS).write_text(f"[\n{lines}\n]\n", encoding="utf-8")
        files = {name: {"sha256": digest(partial / name), "rows": len(rows)} for name in (PARQUET, RECORDS)}
        manifest = {"ledger": asdict(head), "program": __version__, "files": files}
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        for path in (*partial.iterdir(), partial):
            sync(path)
        return put_folder(partial, folder / snapshot_name(head.number, head.hash))
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _keep_newest(folder: Path, keep: int) -> None:
    whole = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    for old in sorted(whole, key=lambda path: path.stat().st_mtime_ns, reverse=True)[keep:]:
        shutil.rmtree(old)


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a snapshot")
