"""How far the worker keeps models' processes from everything else, told to whoever asks in another process."""

import json
from datetime import UTC, datetime
from pathlib import Path

from backend.isolation import Isolation, find_isolation
from backend.settings import Settings
from storage.files import replace_file

NOTE = "isolation.json"


def note_isolation(settings: Settings) -> None:
    """The home knows what a worker finds here."""
    found = find_isolation(Isolation(settings.isolation))
    note = {"level": found.level, "why": found.why, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    replace_file(settings.home / NOTE, json.dumps(note).encode())


def noted_isolation(home: Path) -> dict[str, str] | None:
    """Level, why it is no more, and when the last worker found so; None when none has, or nobody can say."""
    try:
        found = json.loads((home / NOTE).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"level", "why", "at"} <= found.keys() else None
