"""The ways to start a process that is isolated, as command lines of the programs that know how."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.isolation.bounds import Bounds
from backend.isolation.levels import Isolation
from backend.isolation.view import INSIDE, ROOT, ViewAction, devices, hidden, layout, shown

ENTRY = Path(__file__).with_name("entry.py")
PYTHON = (sys.executable, "-P")
OPEN_FILES = 4096
# Bubblewrap's own namespaces; the one of control groups is taken where the system has it.
SPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
OWN_USERS = ("--unshare-user", "--disable-userns")
# When the thread that started it ends, so does setpriv's program; when unshare ends, so does everything in it.
UNSHARE = (
    "setpriv", "--pdeathsig", "KILL", "--", "unshare", "--net", "--pid", "--ipc", "--uts", "--mount", "--mount-proc",
    "--fork", "--kill-child=KILL",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolationMethod:
    """One way: the level it reaches, the program it needs (none: an ordinary process), a user namespace or root."""

    level: Isolation
    program: str | None = None
    own_users: bool = True

    def command(self, target: str, bounds: Bounds, reads: Sequence[Path], scratch: Path | None = None) -> list[str]:
        """What to run so that `target`, a module or a Python file, runs within its bounds and sees `reads`.

        `scratch` is where it may write at level none; at the others INSIDE takes its place.
        """
        see, unseen = shown(reads), hidden(bounds.hidden)
        steps: list[list[str]] = []
        match self.level:
            case Isolation.FULL:
                wrapper = _bubblewrap(see, unseen, bounds, own_users=self.own_users)
            case Isolation.NETWORK:
                wrapper = [*UNSHARE, *(["--user", "--map-current-user"] if self.own_users else []), "--"]
                steps = [[deed, str(path)] for deed, path in layout([ROOT, *see], unseen) if path != ROOT]
            case Isolation.NONE:
                wrapper = []
        told = {
            "limits": self._limits(bounds),
            "steps": steps,
            "inside": str(scratch or INSIDE),
            "bytes": bounds.scratch,
        }
        return [*wrapper, *PYTHON, str(ENTRY), json.dumps(told), target]

    def _limits(self, bounds: Bounds) -> dict[str, int]:
        """Limits by resource. Memory is none of them: CUDA and mapped weights take more addresses than there is memory.

        Threads are counted by person, of whom only a namespace of its own has no others; root is never counted.
        """
        limits = {
            "RLIMIT_CORE": 0,
            "RLIMIT_FSIZE": bounds.scratch,
            "RLIMIT_NOFILE": OPEN_FILES,
            "RLIMIT_CPU": int(bounds.seconds * (os.cpu_count() or 1)) + 1,
        }
        if self.program and self.own_users:
            limits["RLIMIT_NPROC"] = bounds.threads
        return limits


WAYS = (
    IsolationMethod(level=Isolation.FULL, program="bwrap"),
    IsolationMethod(level=Isolation.FULL, program="bwrap", own_users=False),
    IsolationMethod(level=Isolation.NETWORK, program="unshare"),
    IsolationMethod(level=Isolation.NETWORK, program="unshare", own_users=False),
)
NO_WAY = IsolationMethod(level=Isolation.NONE, own_users=False)


def _bubblewrap(see: Sequence[Path], unseen: Sequence[Path], bounds: Bounds, *, own_users: bool) -> list[str]:
    command = ["bwrap", *SPACES, *(OWN_USERS if own_users else ()), "--die-with-parent", "--cap-drop", "ALL"]
    covers: list[Path] = []
    for deed, path in layout(see, unseen):
        if deed is ViewAction.SHOW and path.is_symlink():
            command += ["--symlink", os.readlink(path), str(path)]  # noqa: PTH115 -- as it is written
        elif deed is ViewAction.SHOW:
            command += ["--ro-bind", str(path), str(path)]
        elif path.is_dir():
            command += ["--tmpfs", str(path)]
            covers.append(path)
        else:
            command += ["--ro-bind", "/dev/null", str(path)]
    command += ["--proc", "/proc", "--dev", "/dev"]
    for device in devices():
        command += ["--dev-bind", str(device), str(device)]
    command += ["--perms", "0700", "--size", str(bounds.scratch), "--tmpfs", str(INSIDE)]
    for path in (*covers, Path("/dev"), Path("/proc"), ROOT):
        command += ["--remount-ro", str(path)]
    return [*command, "--chdir", str(INSIDE), "--"]
