"""Reads MeDiSumQA: JSON records, one question about a discharge letter each."""

from pathlib import Path

from backend.datasets.records import json_records, texts
from backend.domain import DataFile

MEDISUMQA = DataFile(
    name="MeDiSumQA.jsonl",
    also=("MeDiSumQA.json", "medisumqa.jsonl", "medisumqa.json"),
    places=("MeDiSumQA", "medisumqa", "physionet.org/files/medisumqa/1.0.0", "."),
    obtain="Complete PhysioNet's training and data use agreement for MeDiSumQA 1.0.0 (doi 10.13026/f566-h049), "
    "download MeDiSumQA.jsonl or MeDiSumQA.json from https://physionet.org/content/medisumqa/1.0.0/ and put it into "
    "the folder MeDiSumQA of CLUE_DATA.",
)
KEYS = ("note_id", "discharge_summary", "Question", "Answer")
RELEASED = 416


def read_medisumqa(path: Path) -> list[dict[str, str]]:
    """Rows with note_id, discharge_summary, Question and Answer, from JSON lines or one array.

    A note_id comes once for each question about its letter. DataMissing names the record that is not one of
    MeDiSumQA's, without its text.
    """
    return [texts(MEDISUMQA, path, place, record, KEYS) for place, record in json_records(MEDISUMQA, path)]
