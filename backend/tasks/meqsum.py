"""MeQSum: condense a patient's message into the one question it asks. (Ben Abacha & Demner-Fushman, 2019)"""

from pathlib import Path

from backend.datasets.catalog import read_rows, source_name
from backend.datasets.meqsum import MEQSUM, read_meqsum
from backend.datasets.sampling import with_shots
from backend.domain import Access, Dataset, Example, Level, Prompt, Task, Window
from backend.metrics.bertscore import SCIBERT, bertscore
from backend.metrics.rouge import ROUGE_1, ROUGE_2, ROUGE_L
from backend.prompting import dialogue

SHOTS = 3
MAX_NEW_TOKENS = 200
INSTRUCTION = (
    "A patient has written to a health information service. Condense the message into a single short question that "
    "asks what the patient needs to know, keeping the medical terms that matter. Reply with that question only."
)


def load(data_dir: Path) -> Dataset:
    """The inquiries that are scored."""
    rows, sha256 = read_rows(MEQSUM, data_dir, read_meqsum)
    examples = with_shots([_example(row) for row in rows], SHOTS)
    return Dataset(examples=examples, sha256=sha256, source=source_name(MEQSUM, data_dir), rows=len(rows))


def ask(example: Example, window: Window) -> Prompt:
    """Three worked inquiries, then this one; an inquiry that does not fit is cut in its middle."""
    return dialogue(
        example_id=example.id,
        instruction=INSTRUCTION,
        shots=[(_question(shot.fields["inquiry"]), shot.reference) for shot in example.shots],
        question=_question,
        document=example.fields["inquiry"],
        max_new_tokens=MAX_NEW_TOKENS,
        window=window,
    )


def answer(text: str, example: Example) -> str:
    """The whole text: any text is a summary, good or bad."""
    return text.strip()


def _example(row: dict[str, str]) -> Example:
    return Example(
        id=row["File"],
        fields={"inquiry": row["CHQ"].strip()},
        reference=row["Summary"].strip(),
        cluster=row["File"],
    )


def _question(inquiry: str) -> str:
    return f"Message: {inquiry}\nQuestion:"


TASK = Task(
    name="meqsum",
    title="MeQSum",
    level=Level.ONE,
    version=1,
    access=Access.OPEN,
    summary="Condense a patient's message to a health service into the one short question it asks.",
    licence="CC BY 4.0 (Ben Abacha and Demner-Fushman, ACL 2019)",
    source="https://github.com/abachaa/MeQSum",
    specimen=Example(
        id="specimen",
        fields={
            "inquiry": "SUBJECT: ringing\nMESSAGE: Since a concert in [DATE] I hear a high tone in both ears, worse at "
            "night. My neighbour swears by ginkgo. Does it help or is there something better?"
        },
        reference="What are the treatments for tinnitus, and does ginkgo help?",
        cluster="specimen",
        shots=(
            Example(
                id="specimen-shot",
                fields={"inquiry": "My son is 4 and grinds his teeth every night. Will his teeth be damaged?"},
                reference="Is bruxism harmful in children?",
                cluster="specimen-shot",
            ),
        ),
    ),
    load=load,
    ask=ask,
    answer=answer,
    metrics=(ROUGE_L, ROUGE_1, ROUGE_2, bertscore(SCIBERT)),
    file=MEQSUM,
)
