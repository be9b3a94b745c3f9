"""MedNLI: does a clinical sentence entail, contradict or leave open another one? (Romanov & Shivade, 2018)"""

import hashlib
from pathlib import Path

from backend.datasets.catalog import read_rows, source_name
from backend.datasets.mednli import LABELS, MEDNLI, read_mednli
from backend.datasets.sampling import with_shots
from backend.domain import Access, Dataset, Example, Level, Prompt, Task, Window
from backend.metrics.labels import ACCURACY, read_label
from backend.prompting import dialogue

SHOTS = 3
MAX_NEW_TOKENS = 20
INSTRUCTION = (
    "You read two sentences from clinical notes. Decide how the hypothesis relates to the premise: entailment if it "
    "must be true given the premise, contradiction if it cannot be true, neutral if the premise leaves it open. "
    "Reply with one word: entailment, contradiction or neutral."
)


def load(data_dir: Path) -> Dataset:
    """The test pairs that are scored; items that share a premise are one cluster."""
    rows, sha256 = read_rows(MEDNLI, data_dir, read_mednli)
    examples = with_shots([_example(row) for row in rows], SHOTS)
    return Dataset(examples=examples, sha256=sha256, source=source_name(MEDNLI, data_dir), rows=len(rows))


def ask(example: Example, window: Window) -> Prompt:
    """Three worked pairs, then this one; a premise that does not fit is cut in its middle."""
    return dialogue(
        example_id=example.id,
        instruction=INSTRUCTION,
        shots=[(_question(shot, shot.fields["premise"]), shot.reference) for shot in example.shots],
        question=lambda premise: _question(example, premise),
        document=example.fields["premise"],
        max_new_tokens=MAX_NEW_TOKENS,
        window=window,
    )


def answer(text: str, example: Example) -> str | None:
    """The label the text decides for; None when it names none or two at once."""
    return read_label(text, LABELS)


def _example(row: dict[str, str]) -> Example:
    return Example(
        id=row["pairID"],
        fields={"premise": row["sentence1"], "hypothesis": row["sentence2"]},
        reference=row["gold_label"],
        cluster=hashlib.sha256(row["sentence1"].encode()).hexdigest()[:16],
    )


def _question(example: Example, premise: str) -> str:
    return f"Premise: {premise}\nHypothesis: {example.fields['hypothesis']}\nRelation:"


TASK = Task(
    name="mednli",
    title="MedNLI",
    level=Level.ONE,
    version=1,
    access=Access.CREDENTIALED,
    summary="Judge whether a statement follows from a sentence of a clinical note, contradicts it, or stays open.",
    licence="PhysioNet Credentialed Health Data License 1.5.0",
    source="https://physionet.org/content/mednli/1.0.0/",
    specimen=Example(
        id="specimen",
        fields={
            "premise": "Mr. [**Known lastname**] was started on furosemide for swelling of both legs.",
            "hypothesis": "The patient is being treated for edema",
        },
        reference="entailment",
        cluster="specimen",
        shots=(
            Example(
                id="specimen-shot",
                fields={"premise": "Blood cultures stayed sterile.", "hypothesis": "The patient is bacteremic"},
                reference="contradiction",
                cluster="specimen-shot",
            ),
        ),
    ),
    load=load,
    ask=ask,
    answer=answer,
    metrics=(ACCURACY,),
    file=MEDNLI,
)
