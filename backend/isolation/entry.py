"""The first thing that runs in a model's process: it closes the doors behind itself, then runs what it is told to.

It is run as a file, so that nothing but Python itself is loaded before the doors are closed. Its first argument is a
JSON object: `limits` by the name of the resource, `steps` of the view ("show" or "hide" and a path) with `inside`, the
folder that may be written to, and `bytes`, how much fits in there; without steps the view is somebody else's work.
"""

import ctypes
import json
import os
import resource
import runpy
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

# From linux/mount.h, linux/prctl.h, linux/capability.h and linux/fcntl.h; numbered alike on every architecture.
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC = 2, 4, 4096, 16384
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, LAST_CAPABILITY, CAPABILITY_VERSION = 24, 38, 63, 0x20080522


def main() -> None:
    """Closes the doors, and becomes the module or the file that the second argument names."""
    told = json.loads(sys.argv[1])
    if told["steps"]:
        _build_view(told["steps"], told["inside"], told["bytes"])
    for name, most in told["limits"].items():
        _limit(getattr(resource, name), most)
    if sys.platform == "linux":
        _give_up_powers()
    if told["steps"]:
        _stay_behind()
    os.chdir(told["inside"])
    target, sys.argv = sys.argv[2], sys.argv[2:]
    if target.endswith(".py"):
        runpy.run_path(target, run_name="__main__")
    else:
        runpy.run_module(target, run_name="__main__", alter_sys=True)


def _build_view(steps: list[tuple[str, str]], inside: str, size: int) -> None:
    """All files are read-only, what is to be hidden is covered, and `inside` is empty and may be written to."""
    held = {path: os.open(path, os.O_PATH) for deed, path in steps if deed == "show"}
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY, 0, 0, 0)
    _call("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, b"/", AT_RECURSIVE, attributes, ctypes.sizeof(attributes))
    for deed, path in steps:
        if deed == "show":
            _make_place(held[path], path)
            _mount(f"/proc/self/fd/{held[path]}", path, MS_BIND | MS_REC)
        elif Path(path).is_dir():
            _mount("tmpfs", path, MS_NOSUID | MS_NODEV, "size=1m,mode=755")
        else:
            _mount("/dev/null", path, MS_BIND)
    _call("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, b"/", AT_RECURSIVE, attributes, ctypes.sizeof(attributes))
    _mount("tmpfs", inside, MS_NOSUID | MS_NODEV, f"size={size},mode=700")
    for number in held.values():
        os.close(number)


def _make_place(held: int, path: str) -> None:
    place = Path(path)
    if os.path.isdir(f"/proc/self/fd/{held}"):  # noqa: PTH112 -- of what is held, whatever lies at its path by now
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()


def _limit(kind: int, most: int) -> None:
    """No more of it than `most`, or than was allowed before."""
    _, before = resource.getrlimit(kind)
    least = most if before == resource.RLIM_INFINITY else min(most, before)
    resource.setrlimit(kind, (least, least))


def _give_up_powers() -> None:
    """No capability is left, and none can be had again by running any program."""
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(LAST_CAPABILITY + 1):
        with suppress(OSError):  # none to give up, or no such capability
            _call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)
    _call("capset", (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)())


def _stay_behind() -> None:
    """Goes on in a child, as the first process of a namespace can be asked nothing; ends as the child does."""
    child = os.fork()
    if child == 0:
        return
    for number in range(3):
        os.close(number)
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _mount(source: str, target: str, flags: int, options: str = "") -> None:
    kind = b"tmpfs" if source == "tmpfs" else None
    _call("mount", source.encode(), os.fsencode(target), kind, ctypes.c_ulong(flags), options.encode())


def _call(name: str, *arguments: Any) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
