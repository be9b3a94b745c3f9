"""Reads MedNLI's test file: JSON lines, one pair of sentences each."""

import json
from codecs import BOM_UTF8
from pathlib import Path

from backend.datasets.catalog import content, unusable
from backend.domain import DataFile

MEDNLI = DataFile(
    name="mli_test_v1.jsonl",
    places=("mednli", "MedNLI", "physionet.org/files/mednli/1.0.0", "."),
    obtain="Complete PhysioNet's training and data use agreement for MedNLI 1.0.0 (doi 10.13026/C2RS98), download "
    "mli_test_v1.jsonl and put it into the folder mednli of CLUE_DATA.",
    rows=1422,
)
KEYS = ("pairID", "sentence1", "sentence2", "gold_label")
SENTENCES = ("sentence1", "sentence2")
LABELS = ("entailment", "neutral", "contradiction")


def read_mednli(path: Path) -> list[dict[str, str]]:
    """Rows with pairID, sentence1, sentence2 and gold_label; a byte order mark and blank lines are no matter.

    DataMissing names the line that is not one of MedNLI's, without its text.
    """
    rows = []
    seen: set[str] = set()
    # Lines end at a line feed only: JSON strings may hold every other character that str.splitlines breaks at.
    for number, line in enumerate(content(path).removeprefix(BOM_UTF8).split(b"\n"), 1):
        if not line.strip():
            continue
        row = _row(line, number)
        if row["pairID"] in seen:
            raise unusable(MEDNLI, f"{MEDNLI.name}, line {number}: its pairID has come before.")
        seen.add(row["pairID"])
        rows.append(row)
    if not rows:
        raise unusable(MEDNLI, f"{path} is empty.")
    return rows


def _row(line: bytes, number: int) -> dict[str, str]:
    try:
        record = json.loads(line.decode())
        row = {key: str(record[key]) for key in KEYS}
        readable = all(isinstance(record[key], str) and row[key].strip() for key in SENTENCES)
    except (ValueError, KeyError, TypeError, RecursionError):
        readable = False
    if not readable:
        # Raised outside the handler, so that nothing of the line hangs on to the exception.
        raise unusable(MEDNLI, f"{MEDNLI.name}, line {number} is not a MedNLI record.")
    row["gold_label"] = row["gold_label"].strip().lower()
    if row["gold_label"] not in LABELS:
        raise unusable(MEDNLI, f"{MEDNLI.name}, line {number}: the label is not one of {', '.join(LABELS)}.")
    return row
