"""Which file each task needs, where it is looked for, and how a person gets it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import httpx

from backend.domain import Access
from backend.errors import DataMissing, FailureCode, PassingFault


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """One file of the benchmark. `places` are relative to the data folder; `url` is set for open files only."""

    task: str
    name: str
    places: tuple[str, ...]
    access: Access
    licence: str
    obtain: str
    url: str | None = None
    sha256: str | None = None


MEQSUM = DataFile(
    task="meqsum",
    name="MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx",
    places=("MeQSum", "meqsum", "."),
    access=Access.OPEN,
    licence="CC BY 4.0 (Ben Abacha and Demner-Fushman, ACL 2019)",
    obtain="Run `python app.py data fetch`, or download the raw file (not the page) from github.com/abachaa/MeQSum.",
    url="https://raw.githubusercontent.com/abachaa/MeQSum/51e36cf65c12602333b6fdc3ae8ecf10430529f7/"
    "MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx",
    sha256="abedd939d5014306ca576522416bf69103e85dc8fcf1668a4099e8b84a39eeea",
)

MEDNLI = DataFile(
    task="mednli",
    name="mli_test_v1.jsonl",
    places=("mednli", "MedNLI", "physionet.org/files/mednli/1.0.0", "."),
    access=Access.CREDENTIALED,
    licence="PhysioNet Credentialed Health Data License 1.5.0",
    obtain="Complete PhysioNet's training and data use agreement for MedNLI 1.0.0 (doi 10.13026/C2RS98), download "
    "mli_test_v1.jsonl and put it into the folder mednli of CLUE_DATA.",
)

DATA_FILES = (MEDNLI, MEQSUM)


class Presence(StrEnum):
    """Whether a data file can be used."""

    FOUND = "found"
    MISSING = "missing"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataState:
    """One data file: whether it is here, where it is or belongs, and what to do if it cannot be used."""

    task: str
    access: Access
    presence: Presence
    where: Path
    sha256: str | None
    licence: str
    advice: str


def state_of(file: DataFile, data_dir: Path) -> DataState:
    """How it stands with a file."""
    presence, where, sha256, advice = Presence.MISSING, data_dir / file.places[0] / file.name, None, ""
    try:
        where = locate(file, data_dir)
        presence = Presence.WRONG
        _, sha256 = verified(file, data_dir)
        presence = Presence.FOUND
    except DataMissing as fault:
        advice = str(fault)
    return DataState(
        task=file.task,
        access=file.access,
        presence=presence,
        where=where,
        sha256=sha256,
        licence=file.licence,
        advice=advice,
    )


def unusable(file: DataFile, what: str) -> DataMissing:
    """The fault to raise for a file that is there but cannot be used: `what` is wrong, and how to get a good one."""
    return DataMissing(f"{what} {file.obtain}", public=f"The data file {file.name} on this leaderboard cannot be used.")


def locate(file: DataFile, data_dir: Path) -> Path:
    """Path of the file; DataMissing says where it was looked for and how to get it."""
    for place in file.places:
        path = data_dir / place / file.name
        if path.is_file():
            return path
    raise DataMissing(
        f"{file.name} is not in {data_dir} (looked in {', '.join(file.places)}). {file.obtain}",
        public=f"The data file {file.name} is not installed on this leaderboard.",
    )


def digest(path: Path) -> str:
    """SHA-256 of the file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verified(file: DataFile, data_dir: Path) -> tuple[Path, str]:
    """Path and digest of the file; DataMissing when it is not there or not the known one."""
    path = locate(file, data_dir)
    found = digest(path)
    if file.sha256 and found != file.sha256:
        raise DataMissing(
            f"{path} is not the published file: its SHA-256 begins {found[:12]}, expected {file.sha256[:12]}. "
            f"A web page saved under the file's name is the usual cause. {file.obtain}",
            public=f"The data file {file.name} on this leaderboard is not the published one.",
        )
    return path, found


def fetch_missing(data_dir: Path, mirror: str | None) -> list[str]:
    """Every open file that was missing is in its place, except those for which a sentence says why not.

    A file that is there is left alone, right or wrong.
    """
    failures = []
    for file in DATA_FILES:
        if file.url is None or state_of(file, data_dir).presence is not Presence.MISSING:
            continue
        try:
            fetch(file, data_dir, mirror, lambda done, total: None)
        except (PassingFault, DataMissing) as fault:
            failures.append(str(fault))
    return failures


def fetch(file: DataFile, data_dir: Path, mirror: str | None, report: Callable[[int, int | None], None]) -> Path:
    """The file in its first place, downloaded and checked; what was there before stays until the new one is right.

    `report(bytes so far, bytes in all)` is called as it arrives. PassingFault when the source cannot be reached.
    """
    if file.url is None:
        raise DataMissing(f"{file.name} cannot be fetched for you. {file.obtain}")
    url = f"{mirror.rstrip('/')}/{file.name}" if mirror else file.url
    target = data_dir / file.places[0] / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=30) as response, partial.open("wb") as out:
            response.raise_for_status()
            length = response.headers.get("content-length")
            for block in response.iter_bytes():
                out.write(block)
                report(out.tell(), int(length) if length else None)
        if file.sha256 and digest(partial) != file.sha256:
            raise DataMissing(f"{url} is not the published file (its SHA-256 differs); nothing was changed.")
        partial.replace(target)
    except httpx.HTTPError as error:
        raise PassingFault(FailureCode.DOWNLOAD_ERROR, f"{url}: {error}. {file.obtain}") from error
    finally:
        partial.unlink(missing_ok=True)
    return target
