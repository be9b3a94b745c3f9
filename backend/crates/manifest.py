"""What a crate says of itself: every file with its length and its digests, and what the files are."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from backend.errors import CrateDamaged, UsageError
from backend.hub import check_id
from backend.hub.brought import COMMIT, REF
from backend.hub.card import CARD
from backend.hub.kinds import kind_of
from backend.metrics.bertscore import CLINICALBERT, SCIBERT, is_encoder_file

FORMAT = 1
MANIFEST = "crate.json"
MOST_BYTES = 20_000_000
MODELS, ENCODERS, DATA = "models", "encoders", "data"
PARTIAL = ".partial-"
SPECS = {spec.setting: spec for spec in (SCIBERT, CLINICALBERT)}
DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DATA_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrateFile:
    """One file of a crate: its name, bytes, SHA-256 in hex, and for a model's file what the Hub calls its content.

    That is git's SHA-1 for a small file and again the SHA-256 for a large one.
    """

    name: str
    bytes: int
    sha256: str
    blob: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedModel:
    """A model at one commit; `ref` is the branch or tag that it was asked by, None for the commit itself."""

    hub_id: str
    commit: str
    ref: str | None
    files: tuple[CrateFile, ...]

    @property
    def place(self) -> Path:
        """Its folder in a crate."""
        return Path(MODELS, self.hub_id.replace("/", "--"), self.commit)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedEncoder:
    """BERTScore's encoder of one setting."""

    setting: str
    files: tuple[CrateFile, ...]

    @property
    def place(self) -> Path:
        """Its folder in a crate."""
        return Path(ENCODERS, self.setting)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedData:
    """The open data file of one task."""

    task: str
    files: tuple[CrateFile, ...]

    @property
    def place(self) -> Path:
        """Its folder in a crate."""
        return Path(DATA, self.task)


Packed = PackedModel | PackedEncoder | PackedData


@dataclass(frozen=True, slots=True, kw_only=True)
class Crate:
    """The manifest. `program` is the version that packed it."""

    format: int
    at: datetime
    program: str
    models: tuple[PackedModel, ...] = ()
    encoders: tuple[PackedEncoder, ...] = ()
    data: tuple[PackedData, ...] = ()

    @property
    def contents(self) -> tuple[Packed, ...]:
        """Everything in it."""
        return (*self.models, *self.encoders, *self.data)

    @property
    def bytes(self) -> int:
        """Of all its files."""
        return sum(part.bytes for packed in self.contents for part in packed.files)


CRATE = TypeAdapter(Crate)


def read_crate(folder: Path) -> Crate:
    """The manifest of the crate in this folder; CrateDamaged unless every name in it is one that crates have."""
    path = folder / MANIFEST
    try:
        with path.open("rb") as stream:
            crate = CRATE.validate_json(stream.read(MOST_BYTES))
    except (OSError, ValueError):
        raise CrateDamaged(f"{folder} is no crate: its {MANIFEST} is missing or cannot be read.") from None
    if crate.format != FORMAT:
        raise CrateDamaged(f"{path} was written by another version of this program: {crate.program}.")
    for packed in crate.contents:
        if not _is_known(packed) or len({part.name for part in packed.files}) < len(packed.files):
            raise CrateDamaged(f"{path} names what no crate holds. Pack it again.")
    return crate


def check_files(folder: Path, crate: Crate) -> None:
    """Every file that is named is there with its length, and beside them nothing; CrateDamaged names the first."""
    named = {packed.place / part.name: part.bytes for packed in crate.contents for part in packed.files}
    for path, size in named.items():
        if not (folder / path).is_file() or (folder / path).is_symlink() or (folder / path).stat().st_size != size:
            raise CrateDamaged(f"{path} is missing from the crate, or not as long as it was. Pack it again.")
    for path in _inside(folder):
        if path not in named:
            raise CrateDamaged(f"{path} does not belong to the crate: it is not in its {MANIFEST}. Remove it.")


def seal(folder: Path) -> str:
    """SHA-256 of the manifest, which with the digests in it stands for the whole crate."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def _inside(folder: Path) -> Iterator[Path]:
    """The files below a crate's own folders; what else lies beside them on the disk is nobody's business."""
    for name in (MODELS, ENCODERS, DATA):
        for path in sorted((folder / name).rglob("*")):
            if path.is_symlink() or not path.is_dir():
                yield path.relative_to(folder)


def _is_known(packed: Packed) -> bool:
    digests = all(DIGEST.fullmatch(part.sha256) and len(part.sha256) == 64 for part in packed.files)
    names = [part.name for part in packed.files]
    match packed:
        case PackedModel():
            named = all(kind_of(name) or name == CARD for name in names)
            blobs = all(part.blob and DIGEST.fullmatch(part.blob) for part in packed.files)
            ref = packed.ref is None or REF.fullmatch(packed.ref)
            return bool(digests and named and blobs and ref and COMMIT.fullmatch(packed.commit) and _is_id(packed))
        case PackedEncoder():
            return digests and packed.setting in SPECS and all(map(is_encoder_file, names))
        case PackedData():
            return digests and len(names) == 1 and all(map(_DATA_NAME.fullmatch, (packed.task, *names)))


def _is_id(model: PackedModel) -> bool:
    try:
        return check_id(model.hub_id) == model.hub_id
    except UsageError:
        return False
