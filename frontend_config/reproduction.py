"""The commands that make a row again, from what its manifest says."""

import shlex
from collections.abc import Mapping
from typing import Any

from backend.domain import PROTOCOL, Edition, Fact, Result
from frontend_config.words import notice

PROGRAM = "python app.py evaluate"
LIBRARIES = ("transformers", "torch")
DTYPES = frozenset({"float32", "bfloat16", "float16"})
OF_THE_HUB = "transformers"


def reproduction(result: Result) -> dict[str, Any]:
    """Shell commands in the order to run them, and sentences on what they need and what may still differ."""
    install = _install(result.manifest) if result.engine == OF_THE_HUB else None
    steps = [{"title": "Take the same versions", "command": install}] if install else []
    steps.append({"title": "Ask and judge the model again", "command": evaluate_command(result)})
    return {"steps": steps, "notes": [notice(name) for name in _notes(result)]}


def evaluate_command(result: Result) -> str:
    """The one line that asks the same model at the same commit in the same way; every part is quoted for a shell."""
    given = [f"CLUE_{name}={shlex.quote(str(value))}" for name, value in _surroundings(result)]
    asked = [shlex.quote(result.model.hub_id), "--engine", result.engine]
    if result.engine == OF_THE_HUB:
        asked += ["--revision", shlex.quote(result.model.revision)]
    if result.engine == "endpoint":
        asked += ["--url", "http://127.0.0.1:8080"]
    asked += ["--edition", result.edition]
    if result.protocol != PROTOCOL:
        asked += ["--protocol", shlex.quote(result.protocol)]
    limit = result.manifest.get("limit")
    if limit is not None:
        asked += ["--limit", str(limit)]
    return " ".join([*given, PROGRAM, *asked, "--out", "again"])


def _surroundings(result: Result) -> list[tuple[str, Fact]]:
    if result.engine != OF_THE_HUB:
        return []
    dtype, batch = result.manifest.get("dtype"), result.manifest.get("batch_tokens")
    return ([("DTYPE", dtype)] if dtype in DTYPES else []) + ([("BATCH_TOKENS", batch)] if batch else [])


def _install(manifest: Mapping[str, Fact]) -> str | None:
    # What follows a plus names a build for one kind of machine, which no index may have.
    wanted = [f"{name}=={str(manifest[name]).partition('+')[0]}" for name in LIBRARIES if manifest.get(name)]
    return f"pip install {shlex.join(wanted)}" if wanted else None


def _notes(result: Result) -> list[str]:
    notes = ["reproduce versions"]
    if result.engine == "endpoint":
        notes.append("reproduce endpoint")
    if result.edition is Edition.FULL:
        notes.append("reproduce data")
    return notes
