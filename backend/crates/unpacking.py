"""Unpacking a crate where there is no network: every file is read and held against its digests before it counts."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from backend.crates.manifest import (
    SPECS,
    Crate,
    CrateFile,
    PackedData,
    PackedEncoder,
    PackedModel,
    check_files,
    read_crate,
)
from backend.crates.packing import open_files
from backend.datasets.catalog import put
from backend.domain import Task
from backend.errors import CrateDamaged, DiskFull, OperatorFault
from backend.hub.blobs import git_digest
from backend.hub.brought import folder_name
from backend.metrics.bertscore import brought_folder
from backend.progress import StageProgress
from backend.settings import Settings

BLOCK = 1 << 20
SHA1_LETTERS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacker:
    """Puts what is in a crate into the home of these settings: models, encoders, data.

    Each model and encoder is there whole or not at all, and what was there before stays until then. CrateDamaged for
    what is damaged or does not belong there; DiskFull when there is no room.
    """

    folder: Path
    settings: Settings
    tasks: Iterable[Task]
    report: StageProgress

    def unpack(self) -> Crate:
        """Everything in the crate is in its place."""
        crate = read_crate(self.folder)
        check_files(self.folder, crate)
        self.settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        free, least = shutil.disk_usage(self.settings.home).free, self.settings.min_free_gb * 1e9
        wanted = sum(part.bytes for part in self._still_wanted(crate))
        if wanted + least > free:
            short = (wanted + least - free) / 1e9
            raise DiskFull(
                f"{self.settings.home} lacks {short:.2f} GB for this crate. Make room, and receive it again."
            )
        with _on_disk():
            for model in crate.models:
                self._put_model(model)
            for encoder in crate.encoders:
                self._put_encoder(encoder)
            for data in crate.data:
                self._put_data(data)
        return crate

    def _still_wanted(self, crate: Crate) -> Iterator[CrateFile]:
        for packed in crate.contents:
            for part in packed.files:
                if not (isinstance(packed, PackedModel) and (self._blobs(packed) / str(part.blob)).exists()):
                    yield part

    def _blobs(self, model: PackedModel) -> Path:
        return self.settings.home / "models" / folder_name(model.hub_id) / "blobs"

    def _put_model(self, model: PackedModel) -> None:
        blobs = self._blobs(model)
        home = blobs.parent
        for folder in (blobs, home / "snapshots", home / "refs"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in model.files:
            source, target = self.folder / model.place / part.name, blobs / str(part.blob)
            if not target.exists() or not _is(target, part):
                beside = blobs / f"{part.blob}.incomplete"  # what the Hub's client calls it, and clears away
                self._copy(source, beside, part)
                beside.replace(target)
        snapshot = home / "snapshots" / model.commit
        if not _holds(snapshot, model):  # or it may be in use
            self._link(model, snapshot)
        if model.ref is not None:
            _point(home / "refs" / model.ref, model.commit)

    def _link(self, model: PackedModel, snapshot: Path) -> None:
        making = Path(tempfile.mkdtemp(dir=snapshot.parents[1], prefix=".making-"))
        for part in model.files:
            (making / part.name).symlink_to(Path("..", "..", "blobs", str(part.blob)))
        if snapshot.exists():
            shutil.rmtree(snapshot)
        making.rename(snapshot)

    def _put_encoder(self, encoder: PackedEncoder) -> None:
        target = brought_folder(SPECS[encoder.setting], self.settings)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as scratch:
            making = Path(scratch) / "new"
            making.mkdir(mode=0o700)
            for part in encoder.files:
                self._copy(self.folder / encoder.place / part.name, making / part.name, part)
            if target.exists():
                target.rename(Path(scratch) / "old")
            making.rename(target)

    def _put_data(self, data: PackedData) -> None:
        known = {task.name: (task, file) for task, file in open_files(self.tasks)}
        (part,) = data.files
        task, file = known.get(data.task, (None, None))
        if task is None or file is None or part.name != file.name:
            raise CrateDamaged(
                f"{data.place / part.name} is no open data file of this benchmark. Pack the crate again."
            )
        source = self.folder / data.place / part.name
        put(task, file, self.settings.data_dir, "the crate", partial(self._copy, source, part=part))

    def _copy(self, source: Path, target: Path, part: CrateFile) -> None:
        """The target is the part, to the digest; CrateDamaged, and it is not there, otherwise."""
        digests, done = _digests(part), 0
        with (
            source.open("rb") as from_,
            os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as to,
        ):
            while block := from_.read(BLOCK):
                to.write(block)
                done += len(block)
                for whole, _ in digests:
                    whole.update(block)
                self.report(part.name, done, part.bytes)
            to.flush()
            os.fsync(to.fileno())
        if done != part.bytes or any(whole.hexdigest() != wanted for whole, wanted in digests):
            target.unlink()
            where = source.relative_to(self.folder)
            raise CrateDamaged(f"{where} is damaged: it is not what was packed. Pack the crate again.")


def _holds(snapshot: Path, model: PackedModel) -> bool:
    """Whether the snapshot is there, with links to this model's files and nothing else."""
    here = {path.name: path.readlink().name for path in snapshot.glob("*") if path.is_symlink()}
    return here == {part.name: part.blob for part in model.files} and len(list(snapshot.iterdir())) == len(here)


def _point(ref: Path, commit: str) -> None:
    ref.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = ref.with_name(f".{ref.name}.new")
    beside.write_text(commit, encoding="ascii")
    beside.replace(ref)


def _digests(part: CrateFile) -> list[tuple["hashlib._Hash", str]]:
    """What a file is held against: the crate's SHA-256, and git's digest where the Hub announced that one."""
    wanted = [(hashlib.sha256(), part.sha256)]
    if part.blob is not None and len(part.blob) == SHA1_LETTERS:
        wanted.append((git_digest(part.bytes), part.blob))
    elif part.blob is not None:
        wanted.append((hashlib.sha256(), part.blob))
    return wanted


def _is(path: Path, part: CrateFile) -> bool:
    if path.stat().st_size != part.bytes:
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == part.sha256


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OperatorFault(f"The crate could not be unpacked: {error}. Mend that and receive it again.") from error
