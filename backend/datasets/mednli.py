"""Reads MedNLI's test file: JSON records, one pair of sentences each."""

from pathlib import Path

from backend.datasets.catalog import unusable
from backend.datasets.records import json_records, texts
from backend.domain import DataFile

MEDNLI = DataFile(
    name="mli_test_v1.jsonl",
    places=("mednli", "MedNLI", "physionet.org/files/mednli/1.0.0", "."),
    obtain="Complete PhysioNet's training and data use agreement for MedNLI 1.0.0 (doi 10.13026/C2RS98), download "
    "mli_test_v1.jsonl and put it into the folder mednli of CLUE_DATA.",
    rows=1422,
)
KEYS = ("pairID", "sentence1", "sentence2", "gold_label")
LABELS = ("entailment", "neutral", "contradiction")


def read_mednli(path: Path) -> list[dict[str, str]]:
    """Rows with pairID, sentence1, sentence2 and gold_label, from JSON lines or one array.

    DataMissing names the record that is not one of MedNLI's, without its text.
    """
    rows = []
    seen: set[str] = set()
    for place, record in json_records(MEDNLI, path):
        row = texts(MEDNLI, path, place, record, KEYS)
        row["gold_label"] = row["gold_label"].strip().lower()
        if row["gold_label"] not in LABELS:
            raise unusable(MEDNLI, f"{path.name}, {place}: the label is not one of {', '.join(LABELS)}.")
        if row["pairID"] in seen:
            raise unusable(MEDNLI, f"{path.name}, {place}: its pairID has come before.")
        seen.add(row["pairID"])
        rows.append(row)
    return rows
