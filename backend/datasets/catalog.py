"""Finds, checks and fetches the benchmark's files: where each is looked for, and whether it is the one it should be."""

import gzip
import hashlib
import tempfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import httpx

from backend.datasets.rehearsal import is_synthetic, rehearsal_folder
from backend.domain import Access, DataFile, Edition, Task
from backend.errors import DataMissing, FailureCode, PassingFault
from backend.settings import Settings

COMPRESSED = ".gz"
UNREADABLE = (OSError, EOFError, zlib.error)  # what a file that is cut off or damaged inside is read with
Row = TypeVar("Row")


class Presence(StrEnum):
    """Whether a data file can be used."""

    FOUND = "found"
    MISSING = "missing"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataState:
    """One task's data: whether they are here, where they lie or belong, what is odd, and what to do if they are not."""

    task: str
    access: Access
    presence: Presence
    where: Path
    looked_in: tuple[str, ...]
    rows: int | None
    sha256: str | None
    anomalies: tuple[str, ...]
    licence: str
    obtain: str
    advice: str


def state_of(task: Task, file: DataFile, data_dir: Path) -> DataState:
    """How it stands with a task's data; the file is read in full."""
    presence, where, dataset, advice = Presence.MISSING, data_dir / file.places[0] / file.name, None, ""
    try:
        where = locate(file, data_dir)
        presence = Presence.WRONG
        dataset = task.load(data_dir)
        presence = Presence.FOUND
    except DataMissing as fault:
        advice = str(fault)
    return DataState(
        task=task.name,
        access=task.access,
        presence=presence,
        where=where,
        looked_in=tuple(f"{place}/" if place != "." else "the folder itself" for place in file.places),
        rows=dataset.rows if dataset else None,
        sha256=dataset.sha256 if dataset else None,
        anomalies=dataset.anomalies if dataset else (),
        licence=task.licence,
        obtain=file.obtain,
        advice=advice,
    )


def unusable(file: DataFile, what: str) -> DataMissing:
    """The fault to raise for a file that is there but cannot be used: `what` is wrong, and how to get a good one."""
    return DataMissing(f"{what} {file.obtain}", public=f"The data file {file.name} on this leaderboard cannot be used.")


def locate(file: DataFile, data_dir: Path) -> Path:
    """Path of the file, which may be compressed; DataMissing says where it was looked for and how to get it."""
    for place in file.places:
        for name in (file.name, *file.also):
            for path in (data_dir / place / name, data_dir / place / f"{name}{COMPRESSED}"):
                if path.is_file():
                    return path
    raise DataMissing(
        f"{file.name} is not in {data_dir} (looked in {', '.join(file.places)}). {file.obtain}",
        public=f"The data file {file.name} is not installed on this leaderboard.",
    )


def holds_credentialed(tasks: Iterable[Task], data_dir: Path) -> bool:
    """Whether a file that only some may read is here, and not an invented one."""
    return not is_synthetic(data_dir) and any(
        task.file is not None and task.access is not Access.OPEN and _is_here(task.file, data_dir) for task in tasks
    )


def content(path: Path) -> bytes:
    """All bytes of the file, decompressed if it is compressed; one of UNREADABLE when they cannot be read."""
    return gzip.decompress(path.read_bytes()) if path.suffix == COMPRESSED else path.read_bytes()


def digest(path: Path) -> str:
    """SHA-256 of the file's content, decompressed if it is compressed, in hex."""
    with gzip.open(path) if path.suffix == COMPRESSED else path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def source_name(file: DataFile, data_dir: Path) -> str:
    """How results name where their examples came from."""
    return f"{file.name}, invented for rehearsal" if is_synthetic(data_dir) else file.name


def read_rows(file: DataFile, data_dir: Path, reader: Callable[[Path], Sequence[Row]]) -> tuple[Sequence[Row], str]:
    """The file's records and its SHA-256, when it is the published one or, where that is unknown, as at first use.

    DataMissing says what is wrong and what to do. The digest of a file that is read for the first time is written
    beside it. Invented files are held to neither digest nor number of rows.
    """
    path = locate(file, data_dir)
    try:
        found = digest(path)
    except UNREADABLE as error:
        raise unusable(file, f"{path} cannot be read ({type(error).__name__}); it may have arrived in part.") from None
    if is_synthetic(data_dir):
        return reader(path), found
    _check_digest(file, path, found)
    rows = reader(path)
    if file.rows is not None and len(rows) != file.rows:
        raise unusable(file, f"{path} holds {len(rows):,} records, {file.name} as published {file.rows:,}.")
    if file.sha256 is None:
        _remember(path, found)
    return rows, found


def fetch_missing(tasks: Iterable[Task], data_dir: Path, mirror: str | None) -> list[str]:
    """Every open file that was missing is in its place, except those for which a sentence says why not.

    A file that is there is left alone, right or wrong.
    """
    failures = []
    for task in tasks:
        if task.file is None or task.file.url is None:
            continue
        try:
            with suppress(DataMissing):
                locate(task.file, data_dir)
                continue
            fetch(task, task.file, data_dir, mirror, lambda done, total: None)
        except (PassingFault, DataMissing) as fault:
            failures.append(str(fault))
    return failures


def fetch(
    task: Task, file: DataFile, data_dir: Path, mirror: str | None, report: Callable[[int, int | None], None]
) -> Path:
    """The file in its first place, downloaded and checked; what was there before stays until the new one is right.

    It is right when its digest is the known one and the task can be loaded from it. `report(bytes so far, bytes in
    all)` is called as it arrives. PassingFault when the source cannot be reached.
    """
    if file.url is None:
        raise DataMissing(f"{file.name} cannot be fetched for you. {file.obtain}")
    url = f"{mirror.rstrip('/')}/{file.name}" if mirror else file.url
    return put(task, file, data_dir, url, lambda partial: _download(url, partial, file, report))


def put(task: Task, file: DataFile, data_dir: Path, origin: str, write: Callable[[Path], None]) -> Path:
    """The file in its first place as `write(path)` wrote it, once it is right; until then what was there stays."""
    place = Path(file.places[0]) / file.name
    target = data_dir / place
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=data_dir) as scratch:
        partial = Path(scratch) / place
        partial.parent.mkdir(parents=True)
        write(partial)
        try:
            found = digest(partial)
            _check_digest(file, target, found)
            task.load(Path(scratch))
        except DataMissing as fault:
            raise DataMissing(f"What {origin} gave is not {file.name}; nothing was changed. {fault}") from None
        partial.replace(target)
    if file.sha256 is None:
        _remember(target, found)
    return target


def trust(path: Path, sha256: str) -> None:
    """From now on the file is expected to hash to this; what was written beside it before is forgotten."""
    _note(path).write_text(f"{sha256}  {path.name.removesuffix(COMPRESSED)}\n", encoding="utf-8")


def data_folder(edition: Edition, settings: Settings) -> Path:
    """Where an edition's files lie; the rehearsal's are written there first if need be.

    DataMissing when what is to be the benchmark's own data are invented, or the other way round.
    """
    if edition is Edition.FULL:
        if is_synthetic(settings.data_dir):
            raise DataMissing(
                f"{settings.data_dir} holds invented data, which never count as results. Ask for the rehearsal "
                "edition, or name the folder of the benchmark's own files in CLUE_DATA.",
                public="This leaderboard has only invented data installed.",
            )
        return settings.data_dir
    if settings.rehearsal is None:
        return rehearsal_folder(settings.home)
    if not is_synthetic(settings.rehearsal):
        raise DataMissing(
            f"{settings.rehearsal} is not marked as invented data, so it is no rehearsal. "
            "Make such a folder with `python app.py data rehearsal FOLDER`.",
            public="This leaderboard's rehearsal data are not installed.",
        )
    return settings.rehearsal


def _is_here(file: DataFile, data_dir: Path) -> bool:
    try:
        locate(file, data_dir)
    except DataMissing:
        return False
    return True


def _download(url: str, out: Path, file: DataFile, report: Callable[[int, int | None], None]) -> None:
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=30) as response, out.open("wb") as stream:
            response.raise_for_status()
            length = response.headers.get("content-length")
            for block in response.iter_bytes():
                stream.write(block)
                report(stream.tell(), int(length) if length else None)
    except httpx.HTTPError as error:
        raise PassingFault(FailureCode.DOWNLOAD_ERROR, f"{url}: {error}. {file.obtain}") from error


def _check_digest(file: DataFile, path: Path, found: str) -> None:
    if file.sha256 and found != file.sha256:
        raise DataMissing(
            f"{path} is not the published file: its SHA-256 begins {found[:12]}, expected {file.sha256[:12]}. "
            f"A web page saved under the file's name is the usual cause. {file.obtain}",
            public=f"The data file {file.name} on this leaderboard is not the published one.",
        )
    first = _remembered(path)
    if file.sha256 is None and first is not None and found != first:
        raise DataMissing(
            f"{path} has changed since it was first used: its SHA-256 begins {found[:12]}, then it was {first[:12]}. "
            f"Bring the first file back, or delete {_note(path).name} beside it if it was replaced on purpose.",
            public=f"The data file {file.name} on this leaderboard has changed since it was first used.",
        )


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name.removesuffix(COMPRESSED)}.sha256")


def _remembered(path: Path) -> str | None:
    note = _note(path)
    words = note.read_text(encoding="utf-8", errors="replace").split() if note.is_file() else []
    return words[0].lower() if words else None


def _remember(path: Path, found: str) -> None:
    # A folder that cannot be written to belongs to somebody who watches over it; each result names the digest anyway.
    with suppress(OSError):
        if _remembered(path) is None:
            trust(path, found)
