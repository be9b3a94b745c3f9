"""A disk of a few megabytes, which can be filled."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

LARGEST = 100_000_000
OWN_NAMESPACE = ("unshare", "--map-root-user", "--mount")


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of this size at the folder while the block runs, in a test that is marked `small_disk`."""
    folder.mkdir(parents=True, exist_ok=True)
    if not _can("unshare", "--mount"):  # then the test itself runs elsewhere
        yield folder
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def run_where_disks_may_be_mounted(test: pytest.Function) -> bool:
    """Whether the test was run in a namespace of its own because only root may mount; it was passed there."""
    if test.get_closest_marker("small_disk") is None or _can("unshare", "--mount"):
        return False
    if not _can(*OWN_NAMESPACE):
        pytest.skip("this system lets nobody but root mount a small disk")
    command = [*OWN_NAMESPACE, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test.nodeid]
    done = subprocess.run(command, cwd=test.config.rootpath, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return True


def fill(folder: Path, *, leave: int = 0) -> Path:
    """A file that takes all of the disk's room but `leave` bytes."""
    assert shutil.disk_usage(folder).total < LARGEST, "that is no small disk"
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(65536)):
                continue
        except OSError:
            file.truncate(max(file.tell() - leave, 0))
    return filler


def _can(*namespace: str) -> bool:
    return shutil.which("unshare") is not None and subprocess.run([*namespace, "true"], check=False).returncode == 0
