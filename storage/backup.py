"""A copy of all that cannot be made again, taken while it is in use: queue, ledger, judged values, models' answers."""

import hashlib
import json
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import TypeAdapter

from backend import __version__
from backend.errors import BackupDamaged, HomeInUse, LedgerBroken, OperatorFault, UsageError
from backend.progress import StageProgress
from storage.database import BUSY_SECONDS
from storage.files import copy_file, replace_file, sync, whole_bytes
from storage.judgements import JUDGED, SUFFIX
from storage.ledger import Head, Ledger
from storage.submissions import MIGRATIONS

FORMAT = 1
QUEUE, LEDGER, HEAD, RUNS, MANIFEST = "queue.sqlite", "ledger.jsonl", "ledger.head.json", "runs", "manifest.json"
PARTIAL = ".partial-"
PREDICTIONS = frozenset({".jsonl", ".parquet"})
NOTE = "last-backup.json"
_PART = re.compile(rf"{re.escape(QUEUE)}|{re.escape(LEDGER)}|{re.escape(HEAD)}|({RUNS}|{JUDGED})/\w[\w.-]*/\w[\w.-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFile:
    """One file of a backup: its path inside it, bytes, and SHA-256 in hex."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds. `ledger` is None when the ledger did not verify as it was copied."""

    format: int
    at: datetime
    program: str
    ledger: Head | None
    predictions: bool
    files: tuple[BackupFile, ...]

    @property
    def name(self) -> str:
        """The folder's name: when, and how many lines the ledger had."""
        moment = f"{self.at:%Y%m%dT%H%M%S}.{self.at.microsecond // 1000:03d}Z"
        return f"{moment}-{self.ledger.number if self.ledger else 0:06d}"


_MANIFEST = TypeAdapter(Manifest)


def quiet(name: str, done: int, total: int | None) -> None:
    """A report to nobody."""


def write_backup(home: Path, folder: Path, *, predictions: bool = True, report: StageProgress = quiet) -> Path:
    """A new folder inside `folder` with a copy of this home, checked, on the disk and readable by its owner only.

    Queue and ledger are of one moment, so that each finished submission has its line; answers may go further. What a
    killed writer left is removed. No folder, and LedgerBroken or BackupDamaged, when what is here is damaged;
    OperatorFault when the disk does not take it.
    """
    with _being_written(folder):
        partial = Path(tempfile.mkdtemp(dir=folder, prefix=PARTIAL))
        try:
            _fill(home, partial, predictions=predictions, report=report)
            Ledger(partial / LEDGER).verify()
            return _put_in_place(partial, verify_backup(partial, report))
        except (OSError, sqlite3.OperationalError) as error:
            raise OperatorFault(
                f"No backup could be written into {folder}: {error}. Make room, or use another."
            ) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def keep_aside(home: Path, folder: Path, prefix: str) -> Path:
    """As `write_backup` without predictions, but as it is, whole or damaged: for the moment before it is replaced."""
    _clear_away(folder)
    partial = Path(tempfile.mkdtemp(dir=folder, prefix=PARTIAL))
    try:
        manifest = _fill(home, partial, predictions=False, report=quiet)
        return _put_in_place(partial, manifest, prefix)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def verify_backup(folder: Path, report: StageProgress = quiet) -> Manifest:
    """What the backup holds, after every file was read; BackupDamaged names the first that is wrong."""
    manifest = read_manifest(folder)
    total = sum(part.bytes for part in manifest.files)
    done = 0
    for part in manifest.files:
        if _part_of(folder, part.path) != part:
            raise BackupDamaged(
                f"{folder.name}/{part.path} is missing or is not what was backed up. Use another backup."
            )
        done += part.bytes
        report("check", done, total)
    if not {QUEUE, LEDGER} <= {part.path for part in manifest.files}:
        raise BackupDamaged(f"{folder.name}/{MANIFEST} names no queue or no ledger. Use another backup.")
    _check_queue(folder / QUEUE)
    if manifest.ledger is None or _head_of(folder / LEDGER) != manifest.ledger:
        raise BackupDamaged(f"{folder.name}/{LEDGER} does not verify. Use another backup.")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """What a backup says of itself; BackupDamaged when it does not, or in a way that this program does not know."""
    try:
        manifest = _MANIFEST.validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        raise BackupDamaged(f"{folder} is no backup: its {MANIFEST} is missing or cannot be read.") from None
    if manifest.format != FORMAT or not all(_PART.fullmatch(part.path) for part in manifest.files):
        raise BackupDamaged(f"{folder.name}/{MANIFEST} was written by another version of this program.")
    return manifest


def remember(home: Path, backup: Path) -> None:
    """The home knows its last backup."""
    manifest = read_manifest(backup)
    note = {"at": manifest.at.isoformat(), "folder": str(backup.resolve()), "predictions": manifest.predictions}
    replace_file(home / NOTE, json.dumps(note | {"lines": manifest.ledger.number if manifest.ledger else 0}).encode())


def last_backup(home: Path) -> dict[str, str | int | bool] | None:
    """When, where to and how far the last backup went; None when there was none or nobody can say."""
    try:
        found = json.loads((home / NOTE).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def copy_pages(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """The target is the source, in one transaction; OperationalError when one of them stays locked for too long."""
    deadline = time.monotonic() + BUSY_SECONDS

    def give_up(status: int, remaining: int, total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > deadline:
            raise sqlite3.OperationalError("database is locked")

    source.backup(target, progress=give_up)


@contextmanager
def _being_written(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            _clear_away(folder)
            yield
    except Timeout:
        raise HomeInUse(f"Another backup is being written into {folder}. Wait for it to end.") from None


def _fill(home: Path, folder: Path, *, predictions: bool, report: StageProgress) -> Manifest:
    """Copies of a home's files in `folder`, and their manifest; nothing is checked."""
    at = datetime.now(UTC)
    for name in (QUEUE, LEDGER):
        if not (home / name).is_file():
            raise UsageError(f"There is no {name} in {home}, so there is nothing to back up.")
    # Whoever publishes holds the queue first and waits for the ledger; reading the queue waits for nobody.
    with FileLock(home / "ledger.lock"):
        _copy_queue(home / QUEUE, folder / QUEUE)
        lines = whole_bytes(home / LEDGER)
        parts = [_part_of(folder, QUEUE)]
        if (home / HEAD).exists():
            parts.append(_copied(home, folder, HEAD))
    copy_file(home / LEDGER, folder / LEDGER, lines)
    parts.append(_part_of(folder, LEDGER))
    parts += [_copied(home, folder, name) for name in _judgement_files(home)]
    if predictions:
        parts += _copied_runs(home, folder, report)
    files = tuple(part for part in parts if part is not None)
    manifest = Manifest(
        format=FORMAT,
        at=at,
        program=__version__,
        ledger=_head_of(folder / LEDGER),
        predictions=predictions,
        files=files,
    )
    replace_file(folder / MANIFEST, _MANIFEST.dump_json(manifest, indent=1) + b"\n")
    return manifest


def _copy_queue(source: Path, target: Path) -> None:
    """The queue as it stands at one moment in a file of its own; a file that SQLite cannot read is copied as it is."""
    target.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(source, timeout=BUSY_SECONDS)) as db, closing(sqlite3.connect(target)) as copy:
            copy_pages(db, copy)
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        shutil.copyfile(source, target)
    sync(target)


def _clear_away(folder: Path) -> None:
    for left in folder.glob(f"{PARTIAL}*"):
        shutil.rmtree(left, ignore_errors=True)


def _put_in_place(partial: Path, manifest: Manifest, prefix: str = "") -> Path:
    for folder in (path for path in partial.rglob("*") if path.is_dir()):
        sync(folder)
    sync(partial)
    target = partial.rename(partial.parent / f"{prefix}{manifest.name}")
    sync(target.parent)
    return target


def _copied_runs(home: Path, folder: Path, report: StageProgress) -> list[BackupFile | None]:
    """Copies of what models wrote; a file that is packed under another name meanwhile is found at the next look."""
    seen: set[Path] = set()
    copied: list[BackupFile | None] = []
    done = 0
    while new := [path for path in _prediction_files(home) if path not in seen]:
        total = done + sum(_size(path) for path in new)
        for path in new:
            part = _copied(home, folder, str(path.relative_to(home)), whole_lines=path.suffix == ".jsonl")
            copied.append(part)
            done += part.bytes if part else 0
            report("predictions", done, total)
        seen.update(new)
    return copied


def _prediction_files(home: Path) -> list[Path]:
    found = (home / RUNS).glob("*/*")
    return sorted(path for path in found if path.suffix in PREDICTIONS and _PART.fullmatch(str(path.relative_to(home))))


def _judgement_files(home: Path) -> list[str]:
    found = (str(path.relative_to(home)) for path in (home / JUDGED).glob(f"*/*{SUFFIX}"))
    return sorted(name for name in found if _PART.fullmatch(name))


def _copied(home: Path, folder: Path, name: str, *, whole_lines: bool = False) -> BackupFile | None:
    try:
        copy_file(home / name, folder / name, whole_bytes(home / name) if whole_lines else None)
    except FileNotFoundError:
        return None
    return _part_of(folder, name)


def _part_of(folder: Path, name: str) -> BackupFile | None:
    try:
        with (folder / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return BackupFile(path=name, bytes=file.tell(), sha256=digest)
    except OSError:
        return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _head_of(path: Path) -> Head | None:
    try:
        return Ledger(path).verify()
    except LedgerBroken:
        return None


def _check_queue(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            ((said,),) = db.execute("PRAGMA integrity_check(1)").fetchall()
            ((version,),) = db.execute("PRAGMA user_version").fetchall()
    except sqlite3.DatabaseError:
        said, version = "unreadable", 0
    if said != "ok":
        raise BackupDamaged(f"{path.parent.name}/{path.name} is damaged inside. Use another backup.")
    if version > len(MIGRATIONS):
        raise BackupDamaged(f"{path.parent.name}/{path.name} was written by a newer version of this program.")
