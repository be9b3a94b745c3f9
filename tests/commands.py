"""Runs `python app.py …` as a person would, in a home of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """The program with its state in `home`; whatever CLUE_ variable this process has is not passed on.

    `prefix` is what stands before the command, such as another program that runs it somewhere.
    """

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    prefix: Sequence[str] = ()

    @property
    def environment(self) -> dict[str, str]:
        """What the program sees."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLUE_")}
        own = {"CLUE_HOME": str(self.home), "CLUE_TICK_SECONDS": "0.2", "CLUE_SCIBERT": str(self.home / "no-scibert")}
        return inherited | own | dict(self.settings)

    def run(self, *arguments: str, timeout: float = 180) -> subprocess.CompletedProcess[str]:
        """The finished program: its exit code and what it wrote."""
        return subprocess.run(
            [*self.prefix, sys.executable, "app.py", *arguments],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def json(self, *arguments: str) -> Any:
        """What a successful run printed."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[psutil.Popen]:
        """The program while it runs; it and all it started are killed at the end of the block."""
        log = self.home / "stderr.txt"
        with log.open("ab") as errors:
            process = psutil.Popen(
                [*self.prefix, sys.executable, "app.py", *arguments],
                cwd=PROJECT,
                env=self.environment,
                stderr=errors,
            )
        family: list[psutil.Process] = [process]
        try:
            yield process
        finally:
            if process.is_running():
                family += process.children(recursive=True)
            for member in family:
                if member.is_running():
                    member.kill()
            process.wait()
