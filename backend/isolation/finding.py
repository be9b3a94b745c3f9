"""Which isolation this machine offers: every way is tried with a process that attempts what must not be possible."""

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import which

from backend.isolation.bounds import Bounds
from backend.isolation.environment import environment_of
from backend.isolation.levels import Isolation
from backend.isolation.view import INSIDE, PROJECT, devices
from backend.isolation.ways import NO_WAY, WAYS, IsolationMethod
from backend.settings import Settings

TRIAL = Path(__file__).with_name("trial.py")
TRIAL_SECONDS = 60
NEEDED = ("pydantic", "torch", "transformers")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundIsolation:
    """The best way that holds what it promises, and a sentence on why none is better; empty for the best there is."""

    way: IsolationMethod
    why: str = ""

    @property
    def level(self) -> Isolation:
        """How far it goes."""
        return self.way.level


@cache
def find_isolation(most: Isolation = Isolation.FULL) -> FoundIsolation:
    """What this machine offers, up to `most`. Each way is tried once in the life of this process."""
    reasons = [] if most is Isolation.FULL else [f"CLUE_ISOLATION asks for no more than {most}"]
    for way in WAYS:
        if way.level.rank <= most.rank and (way.own_users or os.geteuid() == 0):
            fault = _fault_of(way)
            if fault is None:
                return FoundIsolation(way=way, why="; ".join(reasons))
            reasons.append(f"{way.program}{'' if way.own_users else ' as root'}: {fault}")
    return FoundIsolation(way=NO_WAY, why="; ".join(reasons))


def refusal_of_credentialed(settings: Settings) -> str | None:
    """Why no model that runs here may be given credentialed texts; None when it may."""
    found = find_isolation(Isolation(settings.isolation))
    if found.level is not Isolation.NONE or settings.unisolated_credentialed:
        return None
    return (
        "The task's texts are credentialed, and this machine cannot keep a model's process from the network. "
        "`python app.py status` tells its operator why."
    )


def _fault_of(way: IsolationMethod) -> str | None:
    """Why the way is of no use here; None when it is."""
    assert way.program is not None
    if which(way.program) is None:
        return "not installed"
    with _bait() as (bounds, reads, told):
        try:
            said = subprocess.run(
                way.command(str(TRIAL), bounds, [reads]),
                input=json.dumps(told).encode(),
                env=environment_of(INSIDE),
                cwd="/",
                capture_output=True,
                timeout=TRIAL_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return type(error).__name__
    try:
        breaches = json.loads(said.stdout)["breaches"]
    except (ValueError, KeyError, TypeError):
        last = said.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return last[0][:200] if last else f"ended with code {said.returncode}"
    return ", ".join(map(str, breaches)) or None


@contextmanager
def _bait() -> Iterator[tuple[Bounds, Path, dict[str, object]]]:
    """The trial's bounds, the folder it may read, and what it is to attempt; all is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="clue-trial-") as folder, socket.create_server(("127.0.0.1", 0)) as server:
        canary, readable = Path(folder) / "hidden" / "canary", Path(folder) / "shown" / "file"
        for path in (canary, readable):
            path.parent.mkdir()
            path.touch(mode=0o600)
        told = {
            "address": server.getsockname(),
            "unseen": [str(canary), str(PROJECT / "app.py")],
            "readable": [str(readable)],
            "inside": str(INSIDE),
            "devices": [str(path) for path in devices() if path.is_char_device()],
            "needed": NEEDED,
        }
        yield Bounds(memory=0, hidden=(canary.parent,)), readable.parent, told
