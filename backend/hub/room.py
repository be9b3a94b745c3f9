"""Room on the disk for a model's files: older models make way, and what broke off is cleared."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from huggingface_hub import scan_cache_dir

from backend.errors import DiskFull


def make_room(cache: Path, wanted: int, keep: Path, *, min_free: float) -> None:
    """The disk has `wanted` bytes for the taking and `min_free` beyond; DiskFull when it cannot be had.

    First what no download can go on from is removed, then the models least recently used; the one in `keep` stays.
    """
    if wanted == 0 or _missing(cache, wanted, min_free) <= 0:
        return
    for make_way in _ways_to_make_room(cache, keep):
        make_way()
        if _missing(cache, wanted, min_free) <= 0:
            return
    short = _missing(cache, wanted, min_free) / 1e9
    raise DiskFull(
        f"{cache} lacks {short:.2f} GB for the next model: it needs {wanted / 1e9:.2f} GB, and CLUE_MIN_FREE_GB keeps "
        f"{min_free / 1e9:g} GB free. Make room, or lower CLUE_MIN_FREE_GB."
    )


def clear_broken_off(folder: Path) -> None:
    """What interrupted downloads left in a model's folder is gone: the Hub's client begins every file anew."""
    for path in folder.glob("blobs/*.incomplete"):
        path.unlink(missing_ok=True)


def _missing(cache: Path, wanted: int, min_free: float) -> float:
    return wanted + min_free - shutil.disk_usage(cache).free


def _ways_to_make_room(cache: Path, keep: Path) -> Iterator[Callable[[], None]]:
    found = scan_cache_dir(cache)
    models = sorted(found.repos, key=lambda model: model.last_accessed)
    known = {model.repo_path.name for model in models}
    for path in cache.glob("models--*"):
        if path.name not in known | {keep.name}:
            yield partial(shutil.rmtree, path, ignore_errors=True)
    for model in models:
        if model.repo_path.name != keep.name:
            # By itself, for copies of one repository on the Hub share their commits.
            alone = replace(found, repos=frozenset({model}))
            yield alone.delete_revisions(*(revision.commit_hash for revision in model.revisions)).execute
