"""The download of a model's allowed files at its commit."""

import hashlib
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

from huggingface_hub import snapshot_download

from backend.domain import Model
from backend.errors import DiskFull, FailureCode, PassingFault
from backend.hub.admission import allowed_files
from backend.hub.blobs import git_digest
from backend.hub.faults import faults_of_the_hub, is_disk_trouble
from backend.hub.gate import let_through
from backend.hub.listing import list_model
from backend.hub.room import clear_broken_off, make_room
from backend.progress import ByteProgress

FILES_AT_ONCE = 4  # a file that is broken off is begun anew, so the fewer in flight the less is lost
REPORT_SECONDS = 0.5
SHOWN = 5


def download(
    model: Model,
    cache: Path,
    *,
    max_gb: float,
    min_free_gb: float = 0,
    report: ByteProgress = lambda done, total: None,
    confine: Callable[[int], None] = lambda largest: None,
) -> Path:
    """Folder with the allowed files of the model at its pinned commit, and no others; files already here stay.

    Every file is what the Hub announced, to the digest, and has passed the gate (`backend.hub.gate`) that may put
    cleared settings in the place of some. `report` is told twice a second, from another thread, how many bytes are here
    and how many there are in all; `confine`, before the transfer, how many bytes the largest file has. ModelFault when
    the repository is gone, no longer allowed or refused; PassingFault when the transfer breaks off; HubSilent
    when the whole Hub does not answer; DiskFull when there is no room, also after older models made way.
    """
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    home = cache / f"models--{model.hub_id.replace('/', '--')}"
    try:
        clear_broken_off(home)
        with faults_of_the_hub(may_be_silent=True):
            info: Any = list_model(model.hub_id, model.revision)
        wanted = allowed_files(info.siblings, max_gb)
        confine(max(file.size or 0 for file in wanted))
        make_room(cache, _still_to_come(home, wanted), home, min_free=min_free_gb * 1e9)
        with faults_of_the_hub(may_be_silent=True), _Reporter(home, wanted, report):
            folder = _transfer(model, cache, wanted)
        remove_damaged(folder, wanted)
        os.utime(folder / "config.json")  # tells which model was used last, on disks that do not note it themselves
    except Exception as error:
        if is_disk_trouble(error):
            raise DiskFull(f"{cache} takes no more of a model's files, or fails. Look at its disk.") from None
        raise
    return let_through(folder, home)


def remove_damaged(folder: Path, wanted: Sequence[Any]) -> None:
    """Every file is what the Hub announced; PassingFault, and the others are gone, where one is not."""
    missing = [file.rfilename for file in wanted if not (folder / file.rfilename).is_file()]
    if missing:
        raise PassingFault(FailureCode.DOWNLOAD_ERROR, f"Listed, and not sent: {', '.join(missing[:SHOWN])}.")
    damaged = [file.rfilename for file in wanted if not _is_intact(folder / file.rfilename, file)]
    for name in damaged:  # or the cache would offer them for ever
        (folder / name).resolve().unlink()
        (folder / name).unlink(missing_ok=True)
    if damaged:
        raise PassingFault(FailureCode.DOWNLOAD_ERROR, f"Damaged on the way: {', '.join(damaged[:SHOWN])}.")


def _transfer(model: Model, cache: Path, wanted: Sequence[Any]) -> Path:
    names = [file.rfilename for file in wanted]
    return Path(
        snapshot_download(
            model.hub_id,
            revision=model.revision,
            cache_dir=cache,
            allow_patterns=names,
            max_workers=FILES_AT_ONCE,
        )
    )


class _Reporter:
    """While the block runs, tells how much of the wanted files is here."""

    def __init__(self, home: Path, wanted: Sequence[Any], report: ByteProgress) -> None:
        self._home, self._wanted, self._report = home, wanted, report
        self._total = sum(file.size or 0 for file in wanted)
        self._done = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(REPORT_SECONDS):
            here = self._total - _still_to_come(self._home, self._wanted) + _broken_off(self._home)
            self._report(min(here, self._total), self._total)


def _still_to_come(home: Path, wanted: Sequence[Any]) -> int:
    return sum(file.size or 0 for file in wanted if not (home / "blobs" / _blob_name(file)).exists())


def _broken_off(home: Path) -> int:
    """Bytes of unfinished files; one may be gone by the time it is looked at."""
    sizes = 0
    for path in home.glob("blobs/*.incomplete"):
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        sizes += min(found.st_size, found.st_blocks * 512)  # a file may be laid out in full before it is filled
    return sizes


def _blob_name(file: Any) -> str:
    return str(file.lfs.sha256 if file.lfs else file.blob_id)


def _is_intact(path: Path, file: Any) -> bool:
    """Whether the file is what the Hub announced: git's own digest, or SHA-256 where git keeps a pointer only."""
    begun = hashlib.sha256 if file.lfs else partial(git_digest, path.stat().st_size)
    with path.open("rb") as stream:
        return bool(hashlib.file_digest(stream, begun).hexdigest() == _blob_name(file))
