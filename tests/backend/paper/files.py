"""Small invented files in the benchmark's formats, with braces, semicolons, repeated codes and edge blanks."""

import csv
from pathlib import Path

from backend.datasets.medisumcode import MEDISUMCODE
from backend.datasets.medisumqa import MEDISUMQA
from backend.datasets.mednli import MEDNLI
from backend.datasets.meqsum import MEQSUM
from backend.datasets.problem_summary import PROBLEM_SUMMARY
from backend.datasets.rehearsal import MARKER
from tests.backend.saved import save
from tests.backend.wards import odd_ward, put
from tests.workbooks import write_workbook

LABELS = ("entailment", "contradiction", "neutral")
PAIRS = [
    {"pairID": f"p{n}", "sentence1": f"Pulse {60 + n} {{at}} rest.", "sentence2": f"Claim {n}", "gold_label": label}
    for n, label in enumerate([*LABELS, *LABELS, "neutral"])
]
INQUIRIES = [(f"q{n}.txt", f"My knee {{{n}}} hurts.", f"What helps knee {n}? ") for n in range(6)]
NOTES = [
    {
        "File ID": f"{n}.txt",
        "Subjectives": f"Cough for {n} days {{sic}}",
        "Objectives": "T 38",
        "Assessment": f"Case {n}",
        "Summary": summary,
    }
    for n, summary in enumerate(["Flu", "a ;b;c;", "COPD; Sepsis", "", "Gout;  Anemia", "AKI"])
]
QUESTIONS = [
    {
        "note_id": f"n{n // 2}",
        "discharge_summary": f"Letter {n} {{}}",
        "Question": f"Why {n}?",
        "Answer": f"Because {n}.",
    }
    for n in range(5)
]
LETTERS = [
    {"hadm_id": str(29000001 + n), "text": f"Letter {n} {{x}}", "icd_codes": [{"code": code} for code in codes]}
    for n, codes in enumerate([["I10", "E119"], ["I10", "I10", "M1A0710"], [], ["A419"]])
]


def write_files(folder: Path) -> Path:
    """The folder holds all six files, marked as invented."""
    put(folder, odd_ward())
    save(folder, MEDNLI.name, PAIRS)
    write_workbook(folder / MEQSUM.name, INQUIRIES)
    save(folder, MEDISUMQA.name, QUESTIONS)
    save(folder, MEDISUMCODE.name, LETTERS, "array")
    with (folder / PROBLEM_SUMMARY.name).open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, list(NOTES[0]))
        table.writeheader()
        table.writerows(NOTES)
    (folder / MARKER).touch()
    return folder
