"""Reads MedNLI's test file: JSON lines, one pair of sentences each."""

import json
from pathlib import Path

from backend.datasets.catalog import MEDNLI
from backend.errors import DataMissing

KEYS = ("pairID", "sentence1", "sentence2", "gold_label")
LABELS = ("entailment", "neutral", "contradiction")


def read_mednli(path: Path) -> list[dict[str, str]]:
    """Rows with pairID, sentence1, sentence2 and gold_label; a byte order mark and blank lines are no matter.

    DataMissing names the line that is not one of MedNLI's, without its text.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if line.strip():
            rows.append(_row(line, number))
    if not rows:
        raise DataMissing(f"{path} is empty. {MEDNLI.obtain}")
    return rows


def _row(line: str, number: int) -> dict[str, str]:
    try:
        record = json.loads(line)
        row = {key: str(record[key]) for key in KEYS}
    except (ValueError, KeyError, TypeError):
        raise DataMissing(f"{MEDNLI.name}, line {number} is not a MedNLI record. {MEDNLI.obtain}") from None
    row["gold_label"] = row["gold_label"].strip().lower()
    if row["gold_label"] not in LABELS:
        raise DataMissing(f"{MEDNLI.name}, line {number}: the label is not one of {', '.join(LABELS)}. {MEDNLI.obtain}")
    return row
