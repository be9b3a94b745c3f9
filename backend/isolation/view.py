"""Which files a model's process sees: programs, devices, our code and what it is told to read; nothing else of ours."""

import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

from backend.settings import library_folders

PROJECT = Path(__file__).resolve().parents[2]
INSIDE = Path("/dev/shm")
ROOT = Path("/")
# Programs and libraries; those of GPUs also lie where NixOS, ROCm and NVIDIA's persistence daemon keep theirs.
SYSTEM = (
    "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix/store", "gnu/store", "sys", "opt/rocm*", "opt/cuda*",
    "opt/nvidia*", "run/opengl-driver*", "run/nvidia-persistenced", "etc/ld.so.cache", "etc/ld.so.conf",
    "etc/ld.so.conf.d", "etc/alternatives", "etc/localtime",
)  # fmt: skip
# NVIDIA's with their folders of capabilities, ROCm's, and the one of Windows' Linux.
DEVICES = ("nvidia*", "dri", "kfd", "dxg")
# Sockets of other programs lie there, and what other people keep.
SHARED = (Path("/tmp"), Path("/var/tmp"), Path("/run"), Path("/home"), Path("/root"))
PACKAGES = frozenset({"site-packages", "dist-packages"})


class ViewAction(StrEnum):
    """What is done with a path."""

    SHOW = "show"
    HIDE = "hide"


ViewStep = tuple[ViewAction, Path]


def devices() -> list[Path]:
    """The devices of GPUs on this machine."""
    return [path for pattern in DEVICES for path in sorted(Path("/dev").glob(pattern))]


def shown(reads: Iterable[Path]) -> list[Path]:
    """What is seen: the system's programs, this Python with its packages, our code, and what is to be read."""
    system = [path for pattern in SYSTEM for path in sorted(ROOT.glob(pattern))]
    python = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.exec_prefix)]
    packages = [Path(entry) for entry in sys.path if Path(entry).name in PACKAGES]
    ours = [*python, *packages, *library_folders(), PROJECT / "backend", *reads]
    named = [path for each in ours for path in (each.absolute(), each.resolve())]
    return [path for path in [*system, *named, *_targets(reads)] if _is_there(path) and path != ROOT]


def hidden(more: Iterable[Path]) -> list[Path]:
    """What is not seen even inside of what is: our folder, the person's own, and `more`."""
    asked = [PROJECT, Path.home(), *SHARED, *more]
    return [path.resolve() for path in asked if _is_there(path)]


def layout(see: Iterable[Path], unseen: Iterable[Path]) -> list[ViewStep]:
    """The steps from the outside inwards that show the ones and hide the others; the innermost that is named counts.

    What is in both is shown. A step that would change nothing is left out: nothing at all is seen to begin with.
    """
    wanted = {**dict.fromkeys(unseen, ViewAction.HIDE), **dict.fromkeys(see, ViewAction.SHOW)}
    steps: dict[Path, ViewAction] = {}
    for path in sorted(wanted, key=lambda path: path.parts):
        around = next((steps[parent] for parent in path.parents if parent in steps), ViewAction.HIDE)
        if wanted[path] is not around:
            steps[path] = wanted[path]
    return [(deed, path) for path, deed in steps.items()]


def _targets(reads: Iterable[Path]) -> Iterator[Path]:
    """The files that links in the folders lead to: the Hub's cache keeps a commit as links to its files."""
    for folder in reads:
        yield from (link.resolve() for link in folder.rglob("*") if link.is_symlink())


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # in a folder that is closed to us
        return False
