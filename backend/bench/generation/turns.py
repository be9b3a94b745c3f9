"""One variant's turn: an interpreter of its own in a folder of its own, and what it took."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.errors import OperatorFault
from backend.isolation import PROJECT
from backend.settings import inherited_environment

PEERS = "backend.bench.generation.peers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Seconds and CPU seconds of the whole run, and of answering alone by group; what was answered, and facts."""

    seconds: float
    cpu_seconds: float
    answering_seconds: Mapping[str, float]
    answering_cpu_seconds: Mapping[str, float]
    answers: Mapping[str, str]
    facts: Mapping[str, Any]


def run_module(module: str, arguments: list[str], folder: Path, threads: int) -> tuple[float, float]:
    """Seconds and CPU seconds that the module took, with all it started; its output is in the folder's `log`.

    OperatorFault with the last line of its log when it fails: every text that is measured is invented.
    """
    folder.mkdir(parents=True)
    with (folder / "log").open("wb") as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            cwd=folder,
            env=_environment(folder, threads),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()
        seconds = time.perf_counter() - started
    if process.returncode:
        lines = (folder / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        said = lines[-1] if lines else "it wrote nothing"
        raise OperatorFault(f"{module} ended with code {process.returncode}: {said}")
    return seconds, usage.ru_utime + usage.ru_stime


def take_turn(variant: str, work: Path, folder: Path, threads: int) -> Turn:
    """The turn of the variant that the module of this name is. OperatorFault when it fails."""
    seconds, cpu_seconds = run_module(f"{PEERS}.{variant}", [str(work), str(folder / "found.json")], folder, threads)
    found = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    return Turn(
        seconds=seconds,
        cpu_seconds=max(cpu_seconds, found["cpu_seconds_so_far"]),
        answering_seconds=found["seconds"],
        answering_cpu_seconds=found["cpu_seconds"],
        answers=found["answers"],
        facts=found["facts"],
    )


def _environment(folder: Path, threads: int) -> dict[str, str]:
    """The same for every variant; whatever a library caches lies in the turn's own folder."""
    return inherited_environment() | {
        "PYTHONPATH": str(PROJECT),
        "HOME": str(folder),
        "HF_HOME": str(folder / "hub"),
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "OMP_NUM_THREADS": str(threads),
        "TOKENIZERS_PARALLELISM": "false",
        "TRANSFORMERS_VERBOSITY": "error",
    }
