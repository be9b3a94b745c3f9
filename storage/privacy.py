"""What is kept is its owner's alone to read: files of the home, and the memory of our processes."""

import os
import resource
import stat
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def keep_private() -> None:
    """From now on this process and its children write files for their owner alone, and a crash dumps no memory."""
    os.umask(OTHERS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def tighten(home: Path) -> int:
    """Nothing of ours in the home is open to others any more; how many files and folders were. Links stay as they are.

    What belongs to somebody else is left alone: only they can change it.
    """
    changed = _tighten(home)
    for place, folders, files in os.walk(home):
        changed += sum(_tighten(Path(place) / name) for name in (*folders, *files))
    return changed


def _tighten(path: Path) -> int:
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode) or not found.st_mode & OTHERS or found.st_uid != os.geteuid():
            return 0
        path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)
    except FileNotFoundError:  # gone meanwhile
        return 0
    return 1
