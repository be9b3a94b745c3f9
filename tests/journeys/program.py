"""The program itself, started as `python app.py` on a home of its own."""

import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from backend.metrics.bertscore import SCIBERT
from tests.commands import PROJECT, CommandLine
from tests.rehearsals import short_rehearsal
from tests.waiting import wait_for

START_SECONDS = 60.0
UNASSIGNED = range(20_000, 30_000)
# One for all: each new client of httpx reads the machine's certificates, which takes longer than the question.
CLIENT = httpx.Client(timeout=10, trust_env=False)


@dataclass
class Program:
    """A running page with its worker."""

    home: Path
    address: str
    cli: CommandLine
    process: "subprocess.Popen[bytes]"

    def get(self, path: str) -> Any:
        """What the page answers to a request for JSON, whatever the status."""
        return CLIENT.get(self.address + path).json()

    def submission(self, submission_id: str) -> dict[str, Any]:
        """How a submission stands."""
        found: dict[str, Any] = self.get(f"/v1/submissions/{submission_id}")
        return found

    def worker(self) -> psutil.Process:
        """The worker's process."""
        return wait_for(
            lambda: next((child for child in children(self.process.pid) if "work" in child.cmdline()), None)
        )

    def stop(self, number: signal.Signals = signal.SIGINT) -> list[psutil.Process]:
        """Ends the program; returns those of its processes that are still there after it has gone."""
        family = children(self.process.pid)
        self.process.send_signal(number)
        self.process.wait(30)
        alive: list[psutil.Process] = psutil.wait_procs(family, timeout=10)[1]
        return alive


@contextmanager
def running(home: Path, **settings: str) -> Iterator[Program]:
    """The program until the block ends, on a free port unless told; afterwards none of its processes is left."""
    port = settings.get("CLUE_PORT") or str(free_port())
    cli = command_line(home, **{**settings, "CLUE_PORT": port})
    with (home.parent / f"{home.name}.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=PROJECT, env=cli.environment, stderr=log, stdout=log)
    program = Program(home, f"http://127.0.0.1:{port}", cli, process)
    try:
        wait_for(lambda: process.poll() is None and is_up(program.address))
        yield program
    finally:
        left = program.stop() if process.poll() is None else []
        for orphan in left:
            orphan.kill()
    assert left == []


def command_line(home: Path, **settings: str) -> CommandLine:
    """The program on this home, quick to retry and free to ask the Hub for its encoder, with a short rehearsal."""
    usual = {
        "CLUE_TICK_SECONDS": "0.3",
        "CLUE_RETRY_SECONDS": "0.1",
        "CLUE_SCIBERT": SCIBERT.hub_id,
        "CLUE_REHEARSAL": str(short_rehearsal()),
    }
    return CommandLine(home=home, settings=usual | settings)


def evaluation(cli: CommandLine, *words: str) -> dict[str, Any]:
    """What `python app.py evaluate` prints."""
    printed: dict[str, Any] = cli.json("evaluate", *words)
    return printed


def is_up(address: str) -> bool:
    """Whether the page answers, healthy or not."""
    try:
        return CLIENT.get(f"{address}/v1/health").status_code in {200, 503}
    except httpx.HTTPError:
        return False


def children(pid: int) -> list[psutil.Process]:
    """Every process below this one."""
    below: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    return below


def free_port() -> int:
    """A port that nobody listens on, and that no system hands out by itself before it is used."""
    for port in random.sample(UNASSIGNED, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
