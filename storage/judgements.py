"""What each answer of a published run was found to be worth: numbers without any text, one file for each task."""

import io
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from tokenize import TokenError
from zipfile import BadZipFile

import numpy as np

from backend.domain import Run, ScoredExample
from backend.judged import Judged, judged_of
from storage.files import replace_file, sync

JUDGED = "judged"
SUFFIX = ".npz"
# What numpy and zipfile raise for some byte that is not as it was written.
_DAMAGE = (
    OSError, ValueError, LookupError, TypeError, EOFError, RuntimeError, MemoryError,
    BadZipFile, TokenError, zlib.error,
)  # fmt: skip
_ABOUT = ("task", "version", "dataset_sha256", "layout", "metrics")


class Judgements:
    """The folder `judged` of a home. Nothing in it says what an example is, so it outlives the answers."""

    def __init__(self, home: Path) -> None:
        self._folder = home / JUDGED

    def keep(self, submission_id: str, run: Run, examples: Sequence[ScoredExample]) -> None:
        """The values of this run are on the disk, readable by its owner alone, in the place of any before."""
        self.write(submission_id, judged_of(run, examples))

    def write(self, submission_id: str, judged: Judged) -> None:
        """As `keep`, of values that are made already."""
        path = self._path(submission_id, judged.task)
        for folder in (self._folder, path.parent):
            if not folder.exists():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                sync(folder.parent)
        about = {name: getattr(judged, name) for name in _ABOUT}
        packed = io.BytesIO()
        np.savez_compressed(
            packed,
            about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
            values=judged.values,
            items=judged.items,
            clusters=judged.clusters,
        )
        replace_file(path, packed.getvalue())

    def read(self, submission_id: str, task: str) -> Judged | None:
        """What is kept of a run; None when nothing is, or nothing that can be read."""
        try:
            with np.load(self._path(submission_id, task), allow_pickle=False) as found:
                about = json.loads(found["about"].tobytes())
                judged = Judged(
                    **{**about, "metrics": tuple(about["metrics"])},
                    values=found["values"],
                    items=found["items"],
                    clusters=found["clusters"],
                )
        except _DAMAGE:
            return None
        whole = judged.values.shape == (len(judged.metrics), len(judged.items)) and judged.task == task
        return judged if whole and len(judged.items) == len(judged.clusters) else None

    def stamp(self, submission_ids: Sequence[str]) -> tuple[int, ...]:
        """Differs when anything was written for one of these submissions; nothing is read."""
        return tuple(_changed_at(self._folder / submission_id) for submission_id in submission_ids)

    def packed(self, submission_id: str) -> dict[str, bytes]:
        """The files of a submission as they lie here, by task, for a copy elsewhere."""
        return {path.stem: path.read_bytes() for path in sorted((self._folder / submission_id).glob(f"*{SUFFIX}"))}

    def put(self, submission_id: str, task: str, content: bytes) -> None:
        """A file that `packed` gave elsewhere is here, in the place of any before."""
        path = self._path(submission_id, task)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, content)

    def _path(self, submission_id: str, task: str) -> Path:
        return self._folder / submission_id / f"{task}{SUFFIX}"


def _changed_at(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
