"""MeDiSumCode: code the diagnoses of a hospital stay from its discharge letter. (Dada et al., 2024)"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from backend.datasets.catalog import read_rows, source_name
from backend.datasets.medisumcode import BUILT, MEDISUMCODE, read_medisumcode
from backend.datasets.rehearsal import is_synthetic
from backend.datasets.sampling import with_shots
from backend.domain import Access, Dataset, Example, Level, Prompt, Task, Window
from backend.icd import codes
from backend.metrics.icd10 import APPROXIMATE_F1, BILLABLE_CODES, EXACT_F1, VALID_CODES
from backend.prompting import dialogue

SHOTS = 1
MAX_NEW_TOKENS = 200
INSTRUCTION = (
    "You are a clinical coder. Read the discharge letter and assign the ICD-10-CM diagnosis codes of the hospital "
    "stay: the principal diagnosis first, then every further condition that the letter documents as present, treated "
    "or relevant to care, each as specifically as the letter allows. Give diagnosis codes only, no procedure codes. "
    "Reply with the codes only, on one line, separated by commas, each code once and without its description."
)


def load(data_dir: Path) -> Dataset:
    """The letters that are scored; those without a code are left out and counted, those of one stay are a cluster."""
    rows, sha256 = read_rows(MEDISUMCODE, data_dir, read_medisumcode)
    return Dataset(
        examples=with_shots([_example(row) for row in rows], SHOTS),
        sha256=sha256,
        source=source_name(MEDISUMCODE, data_dir),
        rows=len(rows),
        anomalies=tuple(_anomalies(rows, len(rows) if is_synthetic(data_dir) else BUILT)),
    )


def ask(example: Example, window: Window) -> Prompt:
    """One worked letter with its codes, then this one; a letter that does not fit is cut in its middle."""
    return dialogue(
        example_id=example.id,
        instruction=INSTRUCTION,
        shots=[(_question(shot.fields["letter"]), shot.reference) for shot in example.shots],
        question=_question,
        document=example.fields["letter"],
        max_new_tokens=MAX_NEW_TOKENS,
        window=window,
    )


def answer(text: str, example: Example) -> str | None:
    """The whole text, out of which the metrics read its codes; None when it has none."""
    return text.strip() if codes(text) else None


def _example(row: Mapping[str, str]) -> Example:
    return Example(
        id=row["id"], fields={"letter": row["text"].strip()}, reference=row["icd_codes"], cluster=row["hadm_id"]
    )


def _anomalies(rows: Sequence[Mapping[str, str]], expected: int) -> Iterator[str]:
    if len(rows) != expected:
        yield (
            f"The file holds {len(rows):,} letters, the benchmark's {expected:,}: the worked example may be another "
            "one, and scores are comparable among those of this file only."
        )
    if uncoded := sum(not row["icd_codes"] for row in rows):
        yield f"Letters without any ICD-10-CM code, neither shown nor scored: {uncoded}."


def _question(letter: str) -> str:
    return f"Discharge letter:\n{letter}\n\nICD-10-CM codes:"


_SPECIMEN_LETTER = """\
Name: ___    Unit No: ___
Admission Date: ___    Discharge Date: ___
Sex: M    Service: MEDICINE

Allergies: No Known Allergies

Chief Complaint:
Cough, fever

History of Present Illness:
Mr. ___ is a ___ man with COPD and type 2 diabetes on metformin, who stopped smoking ten years ago, presenting with \
three days of fever, productive cough and increasing dyspnea.

Pertinent Results:
WBC 15.8. CXR: left lower lobe consolidation. Sputum culture: mixed flora. Glucose 138.

Brief Hospital Course:
# Community-acquired pneumonia: treated with ceftriaxone and azithromycin, afebrile from day 2, weaned to room air.
# COPD with acute exacerbation: prednisone 40 mg for five days, nebulizers.
# Type 2 diabetes: sliding scale insulin while inpatient, metformin resumed at discharge.

Discharge Medications:
1. Amoxicillin-Clavulanic Acid 875 mg PO Q12H
2. MetFORMIN 1000 mg PO BID
3. Tiotropium 1 CAP IH DAILY

Discharge Diagnosis:
Community-acquired pneumonia
COPD exacerbation"""

_SHOT_LETTER = """\
Name: ___    Unit No: ___
Sex: F    Service: MEDICINE

Chief Complaint:
Vomiting, dizziness

Brief Hospital Course:
Ms. ___ with hypothyroidism on levothyroxine presented after four days of viral gastroenteritis with dehydration and a \
creatinine of 2.1 (baseline 0.8), which came back to 0.9 with IV fluids.

Discharge Diagnosis:
Acute kidney injury
Viral gastroenteritis with dehydration
Hypothyroidism"""

TASK = Task(
    name="medisumcode",
    title="MeDiSumCode",
    level=Level.TWO,
    version=1,
    access=Access.CREDENTIALED,
    summary="Assign the ICD-10-CM diagnosis codes of a hospital stay from its discharge letter.",
    licence="PhysioNet Credentialed Health Data License 1.5.0; built from MIMIC-IV-Note 2.2 and MIMIC-IV 2.2",
    source="https://physionet.org/content/mimic-iv-note/2.2/",
    specimen=Example(
        id="specimen",
        fields={"letter": _SPECIMEN_LETTER},
        reference="J44.0, J18.9, J44.1, E11.9, Z79.84, Z87.891",
        cluster="specimen",
        shots=(
            Example(
                id="specimen-shot",
                fields={"letter": _SHOT_LETTER},
                reference="N17.9, A08.4, E86.0, E03.9",
                cluster="specimen-shot",
            ),
        ),
    ),
    load=load,
    ask=ask,
    answer=answer,
    metrics=(EXACT_F1, APPROXIMATE_F1, VALID_CODES, BILLABLE_CODES),
    file=MEDISUMCODE,
)
