"""What a submitter's code might attempt, attempted: prints as JSON which attempts succeeded or found too little.

It is run as a file inside of what is tried, and told on standard input what to attempt.
"""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

OUTSIDE = ("192.0.2.1", 9)  # an address that documents use and nobody has: without a route it is refused at once
MOST_PROCESSES = 8
# The first is a program that the kernel runs when another crashes.
UNWRITABLE = ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", sys.executable, __file__)
POWERS = {"CapPrm": 0, "CapEff": 0, "NoNewPrivs": 1}


def breaches(told: Mapping[str, Any]) -> Iterator[str]:
    """What is not as it must be, each in some words."""
    if [name for _, name in socket.if_nameindex() if name != "lo"]:
        yield "it has the machine's network interfaces"
    if _succeeds(lambda: socket.create_connection(tuple(told["address"]), timeout=2).close()):
        yield "it reaches a server on this machine"
    if _succeeds(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(OUTSIDE)):
        yield "it has a way to the outside"
    if len(list(Path("/proc").glob("[0-9]*"))) > MOST_PROCESSES:
        yield "it sees other processes"
    if any(_succeeds(Path(path).read_bytes) for path in told["unseen"]):
        yield "it reads what is hidden"
    if not all(_succeeds(Path(path).read_bytes) for path in told["readable"]):
        yield "it does not read what it is to read"
    if any(_succeeds(partial(_open_to_write, path)) for path in (*told["readable"], *UNWRITABLE)):
        yield "it changes files"
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    if any(int(status[name], 16) != wanted for name, wanted in POWERS.items()):
        yield "it keeps powers of root"
    if not _succeeds(lambda: (Path(told["inside"]) / "trial").write_bytes(b"x")):
        yield "it has no scratch folder"
    if not all(os.access(path, os.R_OK | os.W_OK) for path in told["devices"]):
        yield "it does not get the GPU's devices"
    if missing := [name for name in told["needed"] if find_spec(name) is None]:
        yield f"it does not see {', '.join(missing)}"


def _open_to_write(path: str) -> None:
    with Path(path).open("ab"):
        pass


def _succeeds(attempt: Callable[[], object]) -> bool:
    with suppress(OSError):
        attempt()
        return True
    return False


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"breaches": list(breaches(json.load(sys.stdin)))}))
