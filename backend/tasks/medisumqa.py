"""MeDiSumQA: answer a patient's question from the discharge letter, in plain words. (Dada et al., 2025)"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from backend.datasets.catalog import read_rows, source_name
from backend.datasets.medisumqa import MEDISUMQA, RELEASED, read_medisumqa
from backend.datasets.rehearsal import is_synthetic
from backend.datasets.sampling import with_shots
from backend.domain import Access, Dataset, Example, Level, Prompt, Task, Window
from backend.metrics.bertscore import SCIBERT, bertscore
from backend.metrics.rouge import ROUGE_1, ROUGE_2, ROUGE_L
from backend.metrics.umls import UMLS_F1
from backend.prompting import dialogue

SHOTS = 1
MAX_NEW_TOKENS = 200
INSTRUCTION = (
    "You read a hospital's discharge letter, written for physicians, and a question that the patient asks about it. "
    "Answer as the treating physician would answer the patient: in one or two short sentences of plain language, "
    "without medical jargon, addressing the patient as you. Keep to what the letter says or implies. Reply with the "
    "answer only."
)
# A line of its own, or the beginning of one up to a colon; marks of lists and of emphasis around it are no matter.
INSTRUCTIONS_HEADING = re.compile(r"(?im)^[^a-z0-9\n]*discharge[ \t]+instructions?[^a-z0-9\n:]*(?::|$)")


def load(data_dir: Path) -> Dataset:
    """The questions that are scored; those about one letter are one cluster."""
    rows, sha256 = read_rows(MEDISUMQA, data_dir, read_medisumqa)
    return Dataset(
        examples=with_shots(list(_examples(rows)), SHOTS),
        sha256=sha256,
        source=source_name(MEDISUMQA, data_dir),
        rows=len(rows),
        anomalies=tuple(_anomalies(rows, len(rows) if is_synthetic(data_dir) else RELEASED)),
    )


def ask(example: Example, window: Window) -> Prompt:
    """One worked question with its letter, then this one; a letter that does not fit is cut in its middle."""
    return dialogue(
        example_id=example.id,
        instruction=INSTRUCTION,
        shots=[(_question(shot, shot.fields["letter"]), shot.reference) for shot in example.shots],
        question=lambda letter: _question(example, letter),
        document=example.fields["letter"],
        max_new_tokens=MAX_NEW_TOKENS,
        window=window,
    )


def answer(text: str, example: Example) -> str:
    """The whole text: any text is an answer, good or bad."""
    return text.strip()


def _examples(rows: Sequence[Mapping[str, str]]) -> Iterator[Example]:
    """One example a row; the questions about one letter are told apart by a number, in the file's order."""
    asked: Counter[str] = Counter()
    for row in rows:
        note = row["note_id"].strip()
        asked[note] += 1
        yield Example(
            id=f"{note}-{asked[note]}",
            fields={"letter": row["discharge_summary"].strip(), "question": row["Question"].strip()},
            reference=row["Answer"].strip(),
            cluster=note,
        )


def _anomalies(rows: Sequence[Mapping[str, str]], expected: int) -> Iterator[str]:
    if len(rows) != expected:
        yield (
            f"The file holds {len(rows):,} questions, release 1.0.0 as described {expected:,}: the worked example may "
            "be another one, and scores are comparable among those of this file only."
        )
    if headed := sum(bool(INSTRUCTIONS_HEADING.search(row["discharge_summary"])) for row in rows):
        yield (
            f"Questions whose letter still has a section Discharge Instructions, where the answer may stand: {headed}. "
            "They are asked as they are."
        )


def _question(example: Example, letter: str) -> str:
    return f"Discharge letter:\n{letter}\n\nQuestion: {example.fields['question']}\nAnswer:"


_SPECIMEN_LETTER = """\
Name: ___    Unit No: ___
Admission Date: ___    Discharge Date: ___
Sex: F    Service: MEDICINE

Allergies: No Known Allergies

Chief Complaint:
Dyspnea, leg swelling

History of Present Illness:
Ms. ___ is a ___ woman with HFrEF (LVEF 35%), hypertension and CKD stage 3 who presents with one week of progressive \
dyspnea on exertion, orthopnea and a weight gain of 5 kg. She ran out of furosemide ten days ago. No chest pain.

Pertinent Results:
proBNP 8,940. CXR: pulmonary vascular congestion, small bilateral effusions. Troponin negative x2.

Brief Hospital Course:
# Acute on chronic systolic heart failure: volume overload after missed diuretic doses. Diuresed with IV furosemide, \
net -6.2 L, discharge weight 71.4 kg, on room air. Furosemide resumed PO and increased from 20 mg to 40 mg daily.
# CKD: creatinine 1.6, at baseline.

Discharge Medications:
1. Furosemide 40 mg PO DAILY
2. Lisinopril 10 mg PO DAILY
3. Metoprolol Succinate XL 50 mg PO DAILY

Discharge Diagnosis:
Acute on chronic systolic heart failure

Discharge Condition:
Mental Status: Clear and coherent. Ambulatory - Independent."""

_SHOT_LETTER = """\
Name: ___    Unit No: ___
Sex: M    Service: SURGERY

Chief Complaint:
RLQ pain

Brief Hospital Course:
Mr. ___ was found on CT to have acute uncomplicated appendicitis and underwent laparoscopic appendectomy on ___. He \
tolerated a regular diet on POD1 and pain was controlled with acetaminophen.

Discharge Diagnosis:
Acute appendicitis"""

TASK = Task(
    name="medisumqa",
    title="MeDiSumQA",
    level=Level.TWO,
    version=1,
    access=Access.CREDENTIALED,
    summary="Answer a patient's question about a hospital stay from its discharge letter, in plain language.",
    licence="PhysioNet Credentialed Health Data License 1.5.0",
    source="https://physionet.org/content/medisumqa/1.0.0/",
    specimen=Example(
        id="specimen",
        fields={"letter": _SPECIMEN_LETTER, "question": "Why did I have trouble breathing and swollen legs?"},
        reference="Your weak heart could not keep up after you ran out of your water pill, so fluid built up in your "
        "lungs and legs.",
        cluster="specimen",
        shots=(
            Example(
                id="specimen-shot",
                fields={"letter": _SHOT_LETTER, "question": "Which operation did I have?"},
                reference="Your inflamed appendix was taken out through a few small cuts in your belly.",
                cluster="specimen-shot",
            ),
        ),
    ),
    load=load,
    ask=ask,
    answer=answer,
    metrics=(ROUGE_L, ROUGE_1, ROUGE_2, bertscore(SCIBERT), UMLS_F1),
    file=MEDISUMQA,
)
