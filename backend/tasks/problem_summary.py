"""Problem Summary: name a patient's diagnoses and problems from the day's progress note. (Gao et al., 2023)"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from backend.datasets.catalog import read_rows, source_name
from backend.datasets.problem_summary import PROBLEM_SUMMARY, read_problem_summary
from backend.datasets.sampling import with_shots
from backend.domain import Access, Dataset, Example, Level, Prompt, Task, Window
from backend.metrics.bertscore import SCIBERT, bertscore
from backend.metrics.rouge import ROUGE_1, ROUGE_2, ROUGE_L
from backend.metrics.umls import UMLS_F1
from backend.prompting import dialogue

SHOTS = 3
MAX_NEW_TOKENS = 200
INSTRUCTION = (
    "You read the subjective section and the physician's assessment of a progress note on a critically ill patient; "
    "either may be missing. List the patient's active diagnoses and problems, those that the day's plan has to "
    "address, the most important first. Name each in a few words, as a physician would in a problem list, without "
    "explanation or treatment. Reply with the list only, on one line, separated by semicolons."
)


def load(data_dir: Path) -> Dataset:
    """The notes that are scored; those without a summary, or without any text, are left out and counted."""
    rows, sha256 = read_rows(PROBLEM_SUMMARY, data_dir, read_problem_summary)
    examples = with_shots([_example(row) for row in rows], SHOTS)
    return Dataset(
        examples=examples,
        sha256=sha256,
        source=source_name(PROBLEM_SUMMARY, data_dir),
        rows=len(rows),
        anomalies=tuple(_anomalies(rows)),
    )


def ask(example: Example, window: Window) -> Prompt:
    """Three worked notes, then this one; a subjective section that does not fit is cut in its middle."""
    return dialogue(
        example_id=example.id,
        instruction=INSTRUCTION,
        shots=[(_question(shot, shot.fields["subjective"]), shot.reference) for shot in example.shots],
        question=lambda subjective: _question(example, subjective),
        document=example.fields["subjective"],
        max_new_tokens=MAX_NEW_TOKENS,
        window=window,
    )


def answer(text: str, example: Example) -> str:
    """The whole text: any text is a list, good or bad."""
    return text.strip()


def problems(summary: str) -> str:
    """The summary's problems, separated by a semicolon and one blank each: `a ;b;` becomes `a; b`."""
    return "; ".join(problem for part in summary.split(";") if (problem := part.strip()))


def _example(row: Mapping[str, str]) -> Example:
    return Example(
        id=f"note-{row['File ID']}",
        fields={"subjective": row["Subjectives"], "assessment": row["Assessment"]},
        reference=problems(row["Summary"]) if _has_text(row) else "",
        cluster=row["File ID"],
    )


def _has_text(row: Mapping[str, str]) -> bool:
    return bool(row["Subjectives"] or row["Assessment"])


def _anomalies(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if silent := sum(not problems(row["Summary"]) for row in rows):
        yield f"Notes with an empty Summary, neither shown nor scored: {silent}."
    if blank := sum(not _has_text(row) for row in rows):
        yield f"Notes with neither a subjective section nor an assessment, neither shown nor scored: {blank}."


def _question(example: Example, subjective: str) -> str:
    sections = {"Subjective": subjective, "Assessment": example.fields["assessment"]}
    return "\n\n".join([*(f"{name}:\n{text}" for name, text in sections.items() if text), "Problems:"])


TASK = Task(
    name="problem_summary",
    title="Problem Summary",
    level=Level.ONE,
    version=1,
    access=Access.CREDENTIALED,
    summary="List a patient's diagnoses and problems from the subjective section and assessment of a progress note.",
    licence="PhysioNet Credentialed Health Data License; not confirmed for version 2.0.0, see its page",
    source="https://physionet.org/content/bionlp-workshop-2023-task-1a/2.0.0/",
    specimen=Example(
        id="specimen",
        fields={
            "subjective": "Chief Complaint: fever, confusion\n24 Hour Events:\n- intubated overnight for work of "
            "breathing\n- norepinephrine started at 03:00, lactate 4.8 -> 2.9\nPatient unable to provide history: "
            "sedated\nAllergies: Penicillins (rash)\nLast dose of antibiotics: cefepime - [**2168-4-9**] 06:00",
            "assessment": "71 yo woman with COPD and type 2 diabetes from [**Hospital 12**] with fever and a right "
            "lower lobe opacity, now in shock requiring pressors and ventilated. Creatinine has doubled to 2.3 and "
            "urine output is falling; glucose in the 300s.",
        },
        reference="Septic shock; Pneumonia; Respiratory failure; Acute kidney injury; COPD; Type 2 diabetes",
        cluster="specimen",
        shots=(
            Example(
                id="specimen-shot",
                fields={
                    "subjective": "Chief Complaint: black stools\n24 Hour Events:\n- 2 units of red cells\n"
                    "- EGD: clean-based duodenal ulcer\nNo chest pain, no further melena.",
                    "assessment": "58 yo man on ibuprofen for gout, admitted with melena and a hematocrit of 21, now "
                    "stable after transfusion.",
                },
                reference="Upper GI bleed; Duodenal ulcer; Acute blood loss anemia; Gout",
                cluster="specimen-shot",
            ),
        ),
    ),
    load=load,
    ask=ask,
    answer=answer,
    metrics=(ROUGE_L, ROUGE_1, ROUGE_2, bertscore(SCIBERT), UMLS_F1),
    file=PROBLEM_SUMMARY,
)
