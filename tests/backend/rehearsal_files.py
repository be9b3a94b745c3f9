"""Plain readings of the rehearsal's files, by none of the program's own readers."""

import csv
import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

MEDNLI = "mednli/mli_test_v1.jsonl"
MEQSUM = "MeQSum/MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx"
PROBLEM_SUMMARY = "bionlp-workshop-2023-task-1a/BioNLP2023-1A-Test.csv"
LONGHEALTH = "longhealth/benchmark_v5.json"
MEDISUMQA = "medisumqa/MeDiSumQA.jsonl"
MEDISUMCODE = "medisumcode/medisumcode.jsonl"
DISCHARGE = "mimic-iv-note/discharge.csv"
DIAGNOSES = "mimiciv/diagnoses_icd.csv.gz"
FILES = (MEDNLI, MEQSUM, PROBLEM_SUMMARY, LONGHEALTH, MEDISUMQA, MEDISUMCODE, DISCHARGE, DIAGNOSES)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The records of a JSON lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, compressed or not."""
    csv.field_size_limit(sys.maxsize)
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def read_sheet(path: Path) -> list[tuple[Any, ...]]:
    """The cells of the sheet QS, headers and all."""
    return list(load_workbook(path, read_only=True)["QS"].values)


def words(text: str) -> int:
    """How many words a text has."""
    return len(text.split())


def strings(value: Any) -> list[str]:
    """Every string inside JSON."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in inner for text in strings(each)]


def all_texts(folder: Path) -> dict[str, list[str]]:
    """Every text of every file, by the file's place."""
    records = {place: strings(read_lines(folder / place)) for place in (MEDNLI, MEDISUMQA, MEDISUMCODE)}
    tables = {place: strings(read_table(folder / place)) for place in (PROBLEM_SUMMARY, DISCHARGE, DIAGNOSES)}
    sheet = [cell for row in read_sheet(folder / MEQSUM) for cell in row]
    return {**records, **tables, MEQSUM: sheet, LONGHEALTH: strings(json.loads((folder / LONGHEALTH).read_text()))}
