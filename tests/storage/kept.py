"""Reads what is kept of a run, whether it is still a journal or packed already."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from storage.predictions import read_kept


def kept_answers(folder: Path, task: str) -> list[dict[str, Any]]:
    """The predictions of one task of a run, in the order in which they came."""
    return [asdict(one) for one in read_kept(folder / f"{task}.jsonl").predictions.values()]
