"""Starts racers and collects what they say."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
RACER = (sys.executable, "-m", "tests.storage.racers")


def race(*racers: Sequence[object]) -> list[Any]:
    """What each racer printed, all of them having run at the same time."""
    started = [_start(racer) for racer in racers]
    told = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0] * len(started)
    return [json.loads(text) for text in told]


@contextmanager
def racer(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """One racer that runs inside the block and is killed with SIGKILL at its end."""
    process = _start(arguments)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def said(process: subprocess.Popen[str]) -> str:
    """The next line a racer prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _start(arguments: Sequence[object]) -> subprocess.Popen[str]:
    return subprocess.Popen([*RACER, *map(str, arguments)], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
