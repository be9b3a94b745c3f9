"""LongHealth: which option do a patient's documents support, and do they answer at all? (Adams et al., 2024)"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from backend.datasets.catalog import read_rows, source_name
from backend.datasets.documents import drawn, fill, seeded, shuffled
from backend.datasets.longhealth import LETTERS, LONGHEALTH, PATIENTS, Patient, Question, audit, read_longhealth
from backend.datasets.rehearsal import is_synthetic
from backend.domain import Access, Dataset, Example, Level, Message, Metric, Prompt, Role, Task, Window
from backend.metrics.labels import one_of
from backend.metrics.options import read_option, stated_accuracy
from backend.prompting import TEMPLATE_ALLOWANCE, squeezed

TASK_1, TASK_2, TASK_3 = PARTS = ("task1", "task2", "task3")
REPETITIONS = 5
DISTRACTORS = 10
MAX_NEW_TOKENS = 50
BUDGET = 8_140
# Lengths are taken with this ratio, so that every model reads the same text. On this file 3.55 to 3.88 characters a
# token have been reported; with a little less, 8,140 tokens keep within a window of 8,192 for such tokenizers.
CHARACTERS_PER_TOKEN = 3.5
CHARACTERS = int((BUDGET - MAX_NEW_TOKENS - 2 * TEMPLATE_ALLOWANCE) * CHARACTERS_PER_TOKEN)
UNANSWERED = "F"
UNANSWERED_TEXT = "The documents shown do not answer this question."
INSTRUCTION = (
    "You answer a multiple-choice question about a patient from clinical documents. The documents are in no particular "
    "order, may belong to different patients and may break off before their end. Rely on what they say and on nothing "
    'else. Exactly one option is right. Reply with one sentence and nothing more: "The correct answer is X: Y", where '
    "X is the letter of that option and Y is its text."
)
REMINDER = 'Reply with "The correct answer is X: Y".'


def load(data_dir: Path) -> Dataset:
    """Every question in each part of the task, five times over; a patient's questions are one cluster.

    A repetition of all questions comes before the next, so that the first fifth of the examples asks each of them once.
    Questions without a known answer or a document that holds it are left out, and named among the anomalies.
    """
    questions, sha256 = read_rows(LONGHEALTH, data_dir, read_longhealth)
    others = _others(questions)
    examples = tuple(
        _example(question, others[question.patient.id], part, repetition)
        for repetition in range(1, REPETITIONS + 1)
        for question in questions
        if question.key and question.evidence
        for part in PARTS
    )
    return Dataset(
        examples=examples,
        sha256=sha256,
        source=source_name(LONGHEALTH, data_dir),
        rows=len(questions),
        anomalies=audit(questions, None if is_synthetic(data_dir) else PATIENTS),
    )


def ask(example: Example, window: Window) -> Prompt:
    """The documents that fit 8,140 tokens, then question and options; fewer documents where the window is smaller.

    The former is the same for every model and no truncation; the latter is.
    """
    documents = [text for name, text in example.fields.items() if name.startswith("document ")]
    order = [int(number) for number in example.fields["order"].split()]
    question = _question(example)

    def build(room: int) -> tuple[Message, ...]:
        shown = fill(documents, order, room)
        return Message(Role.SYSTEM, INSTRUCTION), Message(Role.USER, shown + question)

    return squeezed(
        example_id=example.id,
        build=build,
        room=max(CHARACTERS - len(INSTRUCTION) - len(question), 0),
        max_new_tokens=MAX_NEW_TOKENS,
        window=window,
    )


def answer(text: str, example: Example) -> str | None:
    """The letter of the option the text decides for, None when that cannot be told or it was not offered."""
    return read_option(text, _options(example))


def _others(questions: Sequence[Question]) -> dict[str, list[str]]:
    """For each patient the documents of all the others."""
    patients = {question.patient.id: question.patient for question in questions}
    return {
        name: [text for other in patients.values() if other.id != name for text in other.documents.values()]
        for name in patients
    }


def _example(question: Question, others: Sequence[str], part: str, repetition: int) -> Example:
    item = f"{question.patient.id}-q{question.number:02}-{part}"
    chance = seeded("longhealth", item, repetition)
    documents = _own(question.patient, question.evidence, part)
    if part != TASK_1:
        documents += drawn(others, DISTRACTORS, chance)
    options = dict(zip(LETTERS, question.options, strict=True))
    if part != TASK_1:
        options[UNANSWERED] = UNANSWERED_TEXT
    return Example(
        id=f"{item}-r{repetition}",
        fields=_fields(question.text, options, documents, shuffled(len(documents), chance)),
        reference=UNANSWERED if part == TASK_3 else question.key,
        cluster=question.patient.id,
        part=part,
        item=item,
    )


def _own(patient: Patient, evidence: Sequence[str], part: str) -> list[str]:
    """The patient's own documents that a part shows, those that hold the answer first."""
    if part == TASK_3:
        return []
    rest = [name for name in patient.documents if name not in evidence] if part == TASK_1 else []
    return [patient.documents[name] for name in (*evidence, *rest)]


def _fields(
    question: str, options: Mapping[str, str], documents: Sequence[str], order: Sequence[int]
) -> dict[str, str]:
    """The documents are listed as they matter; `order` says by number how they are shown."""
    return {
        "question": question,
        **{_name("option", letter): option for letter, option in options.items()},
        **{_name("document", number): document for number, document in enumerate(documents, 1)},
        "order": " ".join(map(str, order)),
    }


@cache
def _name(kind: str, mark: str | int) -> str:
    # Thousands of examples share these names, as they share the documents.
    return f"{kind} {mark}"


def _options(example: Example) -> dict[str, str]:
    return {name[-1]: text for name, text in example.fields.items() if name.startswith("option ")}


def _question(example: Example) -> str:
    options = "\n".join(f"{letter}: {text}" for letter, text in _options(example).items())
    return f"Question: {example.fields['question']}\n{options}\n\n{REMINDER}"


def _metrics(part: str, meaning: str) -> tuple[Metric, Metric]:
    title = f"Task {part[-1]}"
    return (
        Metric(
            name=f"{part}_accuracy",
            title=title,
            meaning=f"{meaning}; an answer that cannot be read counts as wrong.",
            prepare=lambda _: one_of,
            part=part,
        ),
        Metric(
            name=f"{part}_strict",
            title=f"{title}, strict",
            meaning=f"{title} counting only answers in exactly the sentence that was asked for.",
            prepare=lambda _: stated_accuracy,
            part=part,
            verbatim=True,
            averaged=False,
        ),
    )


TASK = Task(
    name="longhealth",
    title="LongHealth",
    level=Level.TWO,
    version=1,
    access=Access.OPEN,
    summary="Choose the option that long clinical documents support, from a patient's own documents, with those of "
    "other patients mixed in, and where nothing shown holds the answer.",
    licence="Apache-2.0 (Adams et al., 2024; fictional patients)",
    source="https://github.com/kbressem/LongHealth",
    specimen=Example(
        id="specimen",
        fields=_fields(
            "Why was Mr. Lindqvist's ramipril replaced in May?",
            {
                "A": "Low blood pressure",
                "B": "A dry cough",
                "C": "High potassium",
                "D": "Swelling of the lips",
                "E": "Falling kidney function",
                UNANSWERED: UNANSWERED_TEXT,
            },
            (
                "Cardiology outpatient letter, 14 May\nPatient: Arvid Lindqvist, born 3 March 1951\n\nMr. Lindqvist "
                "coughs day and night since ramipril was started; chest film and spirometry are normal. We stopped "
                "ramipril and began candesartan 8 mg. Potassium 4.4 mmol/L, creatinine unchanged.",
                "Emergency department note, 2 June\nPatient: Rosa Calderon, born 19 July 1968\n\nSwelling of lips and "
                "tongue two hours after the first tablet of lisinopril. Observed for a day, tablet stopped for good.",
            ),
            (2, 1),
        ),
        reference="B",
        cluster="specimen",
        part=TASK_2,
        item="specimen",
    ),
    load=load,
    ask=ask,
    answer=answer,
    metrics=tuple(
        metric
        for part, meaning in (
            (TASK_1, "Share of questions answered right from the patient's own documents"),
            (TASK_2, "Share of questions answered right with documents of other patients mixed in"),
            (TASK_3, "Share of questions for which the model says that no document shown answers them"),
        )
        for metric in _metrics(part, meaning)
    ),
    file=LONGHEALTH,
)
