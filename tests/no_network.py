"""A place without a network but its own loopback, in which programs are run; and who tried to leave it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

# Written into every Python that runs inside: whoever looks up a name or connects beyond this machine is written down.
WATCH = """
import os, sys

def _watch(event, given):
    if event == "socket.getaddrinfo":
        place = given[0]
    elif event in ("socket.connect", "socket.sendto"):
        place = given[1][0] if isinstance(given[1], tuple) else None
    else:
        return
    place = place.decode() if isinstance(place, bytes) else place
    if place is not None and place not in ("", "localhost", "::1", "0.0.0.0") and not str(place).startswith("127."):
        with open(os.environ["TEST_LEAVERS"], "a") as log:
            log.write(f"{event} {place} by {sys.argv}\\n")

sys.addaudithook(_watch)
"""
UP = "ip link set lo up && echo up && exec sleep 3600"


@dataclass(frozen=True, slots=True)
class Cell:
    """The place: what is put before a command to run it there, and into its environment to watch it."""

    prefix: Sequence[str]
    environment: Mapping[str, str]
    leavers: Path

    def run(self, code: str, timeout: float = 60) -> str:
        """What a Python program inside prints."""
        command = [*self.prefix, sys.executable, "-c", code]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, check=True, env={**os.environ, **self.environment}
        )
        return done.stdout

    def tried_to_leave(self) -> list[str]:
        """Whoever tried to, once a line."""
        return self.leavers.read_text().splitlines() if self.leavers.exists() else []


@contextmanager
def no_network(folder: Path) -> Iterator[Cell]:
    """A network namespace of its own while the block runs."""
    for tool in ("unshare", "nsenter", "ip"):
        if shutil.which(tool) is None:
            pytest.skip(f"this system has no {tool}")
    own, enter = ["unshare", "--net"], ["-n"]
    if subprocess.run([*own, "true"], check=False, capture_output=True).returncode:
        own, enter = ["unshare", "--map-root-user", "--net"], ["-U", "-n", "--preserve-credentials"]
        if subprocess.run([*own, "true"], check=False, capture_output=True).returncode:
            pytest.skip("this system lets nobody but root be without a network")
    watch = folder / "watch"
    watch.mkdir(parents=True)
    (watch / "sitecustomize.py").write_text(WATCH)
    leavers = folder / "leavers.txt"
    with subprocess.Popen([*own, "sh", "-c", UP], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None and holder.stdout.readline() == b"up\n"
            before = os.environ.get("PYTHONPATH", "")
            paths = os.pathsep.join(filter(None, [str(watch), before]))
            yield Cell(
                ["nsenter", "-t", str(holder.pid), *enter, "--"],
                {"PYTHONPATH": paths, "TEST_LEAVERS": str(leavers)},
                leavers,
            )
        finally:
            holder.kill()
