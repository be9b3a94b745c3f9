"""Packing a crate where there is a network: models at pinned commits, BERTScore's encoders, the open data."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event

from backend import __version__
from backend.crates.manifest import (
    CRATE,
    DIGEST,
    FORMAT,
    MANIFEST,
    SPECS,
    Crate,
    CrateFile,
    PackedData,
    PackedEncoder,
    PackedModel,
    check_files,
    read_crate,
)
from backend.datasets.catalog import content, fetch, locate
from backend.datasets.rehearsal import is_synthetic
from backend.domain import Access, DataFile, Model, Task
from backend.errors import DataMissing, MetricUnavailable, UsageError
from backend.hub import fetch as fetch_model
from backend.hub.blobs import git_digest
from backend.hub.brought import COMMIT, MAIN, REF, folder_name
from backend.hub.card import CARD, fetch_card
from backend.hub.kinds import kind_of
from backend.metrics.bertscore import encoder_folder, is_encoder_file
from backend.progress import StageProgress
from backend.settings import Settings

BLOCK = 1 << 20
PACKING = ".packing"
LookUp = Callable[[str, str | None], Model]


class Packer:
    """Adds to the crate in a folder. Its manifest is whole after each thing that was added.

    What is added again takes the place of what was there. UsageError where there is no network; CrateDamaged where the
    folder holds something else.
    """

    def __init__(self, folder: Path, settings: Settings, report: StageProgress) -> None:
        if settings.offline:
            raise UsageError("HF_HUB_OFFLINE says that there is no network here. Pack the crate where there is one.")
        self._folder, self._settings, self._report = folder, settings, report
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        empty = Crate(format=FORMAT, at=datetime.now(UTC), program=__version__)
        self.crate = read_crate(folder) if (folder / MANIFEST).exists() else empty
        check_files(folder, self.crate)

    def add_model(self, asked: str, look_up: LookUp) -> PackedModel:
        """OWNER/NAME or OWNER/NAME@REVISION with the files that are ever opened, and its card.

        The faults of `look_up` and of `hub.fetch`.
        """
        model_id, _, revision = asked.partition("@")
        found = look_up(model_id, revision or None)
        fetch_model(found, self._settings, Event(), partial(self._report, found.hub_id))
        home = self._settings.home / "models" / folder_name(found.hub_id)
        snapshot = home / "snapshots" / found.revision
        ref = None if COMMIT.fullmatch(revision) else revision or MAIN
        if ref is not None and not REF.fullmatch(ref):
            raise UsageError(f"A crate cannot hold the revision {ref!r}. Name its commit: {found.revision}.")
        bare = PackedModel(hub_id=found.hub_id, commit=found.revision, ref=ref, files=())
        card = fetch_card(found.hub_id, found.revision)
        with self._making(bare.place) as place:
            paths = [path for path in sorted(snapshot.iterdir()) if kind_of(path.name)]
            files = [self._copy(path, place / path.name) for path in paths]
            if card:
                files.append(_write(place / CARD, card))
        packed = PackedModel(hub_id=found.hub_id, commit=found.revision, ref=ref, files=tuple(files))
        # A branch points to one commit: an older one stays in the crate under its own name alone.
        others = tuple(
            _without_ref(each) if each.hub_id == packed.hub_id and each.ref == ref else each
            for each in self.crate.models
            if each.place != packed.place
        )
        self._state(models=(*others, packed), encoders=self.crate.encoders, data=self.crate.data)
        return packed

    def add_encoders(self) -> list[str]:
        """Both of BERTScore's encoders; a sentence for each that cannot be had."""
        missing = []
        for setting, spec in SPECS.items():
            try:
                source = encoder_folder(spec, self._settings)
            except MetricUnavailable as reason:
                missing.append(f"{spec.hub_id}: {reason}")
                continue
            paths = [path for path in sorted(source.iterdir()) if is_encoder_file(path.name) and path.is_file()]
            with self._making(PackedEncoder(setting=setting, files=()).place) as place:
                files = tuple(self._copy(each, place / each.name) for each in paths)
            packed = PackedEncoder(setting=setting, files=files)
            others = tuple(each for each in self.crate.encoders if each.setting != setting)
            self._state(models=self.crate.models, encoders=(*others, packed), data=self.crate.data)
        return missing

    def add_data(self, tasks: Iterable[Task]) -> None:
        """The open files of these tasks, fetched where they are not here; PassingFault or DataMissing otherwise.

        Files that only some may read, and invented ones, are never packed.
        """
        folder, mirror = self._settings.data_dir, self._settings.mirror
        if is_synthetic(folder):
            raise DataMissing(f"{folder} holds invented data. Name another folder in CLUE_DATA.")
        for task, file in open_files(tasks):
            source = None
            with suppress(DataMissing):
                source = locate(file, folder)
            source = source or fetch(task, file, folder, mirror, partial(self._report, file.name))
            with self._making(PackedData(task=task.name, files=()).place) as place:
                packed = PackedData(task=task.name, files=(_write(place / file.name, content(source)),))
            others = tuple(each for each in self.crate.data if each.task != task.name)
            self._state(models=self.crate.models, encoders=self.crate.encoders, data=(*others, packed))

    def close(self) -> Crate:
        """The crate, with nothing in its folders that is not in its manifest; CrateDamaged otherwise."""
        check_files(self._folder, self.crate)
        return self.crate

    def _state(
        self, *, models: Sequence[PackedModel], encoders: Sequence[PackedEncoder], data: Sequence[PackedData]
    ) -> None:
        self.crate = Crate(
            format=FORMAT,
            at=datetime.now(UTC),
            program=__version__,
            models=tuple(models),
            encoders=tuple(encoders),
            data=tuple(data),
        )
        beside = self._folder / f".{MANIFEST}.new"
        beside.write_bytes(CRATE.dump_json(self.crate, indent=1) + b"\n")
        beside.replace(self._folder / MANIFEST)

    @contextmanager
    def _making(self, place: Path) -> Iterator[Path]:
        """A new folder, which takes its place in the crate once it is full."""
        making, target = self._folder / PACKING, self._folder / place
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        yield making
        if target.exists():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        making.rename(target)

    def _copy(self, source: Path, target: Path) -> CrateFile:
        """The part that the target now is. What the Hub calls its content is the name that its client keeps it by."""
        whole, size, done = hashlib.sha256(), source.stat().st_size, 0
        with source.open("rb") as from_, target.open("wb") as to:
            while block := from_.read(BLOCK):
                to.write(block)
                whole.update(block)
                done += len(block)
                self._report(f"{source.parent.name[:12]}/{target.name}", done, size)
            to.flush()
            os.fsync(to.fileno())
        kept, sha256 = source.resolve().name, whole.hexdigest()
        return CrateFile(name=target.name, bytes=size, sha256=sha256, blob=kept if DIGEST.fullmatch(kept) else sha256)


def open_files(tasks: Iterable[Task]) -> list[tuple[Task, DataFile]]:
    """The tasks whose file anyone may have, each with that file."""
    with_files = ((task, task.file) for task in tasks if task.access is Access.OPEN)
    return [(task, file) for task, file in with_files if file is not None and file.url is not None]


def _write(target: Path, content: bytes) -> CrateFile:
    target.write_bytes(content)
    blob = git_digest(len(content))
    blob.update(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return CrateFile(name=target.name, bytes=len(content), sha256=sha256, blob=blob.hexdigest())


def _without_ref(model: PackedModel) -> PackedModel:
    return PackedModel(hub_id=model.hub_id, commit=model.commit, ref=None, files=model.files)
