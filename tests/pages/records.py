"""Literal records for the pages' tests: a few standings of each view, and submissions in every status."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from backend.domain import (
    PROTOCOL,
    Access,
    Dataset,
    Diagnostics,
    Domain,
    Edition,
    Example,
    Level,
    Message,
    Metric,
    Model,
    Progress,
    Prompt,
    Provenance,
    Role,
    Score,
    Stage,
    Standing,
    Task,
    Window,
)
from backend.errors import FailureCode
from backend.submission import SYSTEM, Estimate, Event, Pulse, Span, Status, Submission

NOW = datetime.now(UTC)
IMAGE = "<img src=x onerror=\"document.title='owned'\">"
FORMULA = '=HYPERLINK("http://example.invalid";"click")'
RTL = "evil/\u202egnp.sledom"


def ask(example: Example, window: Window) -> Prompt:
    text = f"Answer with one word.\n\n{example.fields['premise']}\n<b>{example.fields['claim']}</b>"
    return Prompt(
        example_id=example.id,
        messages=(Message(Role.SYSTEM, "You judge claims about patients."), Message(Role.USER, text)),
        max_new_tokens=20,
    )


def task(name: str, title: str, access: Access, metrics: tuple[tuple[str, str, str], ...]) -> Task:
    return Task(
        name=name,
        title=title,
        level=Level.ONE,
        version=1,
        access=access,
        summary=f"{title}: what a model can tell from a short text.",
        licence="CC BY 4.0" if access is Access.OPEN else "PhysioNet Credentialed Health Data License",
        source="An invented source for this test.",
        specimen=Example(
            id="specimen",
            fields={
                "premise": "The patient slept well and asks for breakfast.",
                "claim": "The patient is awake & <hungry>.",
            },
            reference="entailment",
            cluster="specimen",
        ),
        load=lambda folder: Dataset(examples=(), sha256="0", source="", rows=0),
        ask=ask,
        answer=lambda text, example: text,
        metrics=tuple(
            Metric(name=name, title=title, meaning=meaning, prepare=lambda settings: lambda answers, references: [])
            for name, title, meaning in metrics
        ),
    )


TASKS = (
    task(
        "mednli",
        "MedNLI",
        Access.CREDENTIALED,
        (("accuracy", "Accuracy", "Share of claims judged as the annotators did."),),
    ),
    task(
        "meqsum",
        "MeQSum",
        Access.OPEN,
        (
            ("rouge_l", "ROUGE-L", "Longest common subsequence with the reference, as an F-measure."),
            ("rouge_1", "ROUGE-1", "Shared words with the reference, as an F-measure."),
            ("bertscore_f1", "BERTScore F1", "Similarity of the tokens' SciBERT embeddings."),
        ),
    ),
)


def score(metric: str, value: float | None, half: float = 1.3, n: int = 997, missing: str | None = None) -> Score:
    low, high = (None, None) if value is None else (value - half, value + half * 1.1)
    return Score(metric=metric, value=value, low=low, high=high, n=0 if value is None else n, missing=missing)


def measured(hub_id: str, nli: float | None, rouge: float, bert: float | None, **about: object) -> Standing:
    reason = "BERTScore's encoder is not on this machine."
    meqsum = None if bert is None else (rouge + rouge + 3 + bert) / 3
    incomplete, no_data = "Problem Summary was not measured.", "MedNLI's data is not on the worker."
    cells = {
        "overall": score("overall", None, missing=incomplete),
        "level_1": score("level_1", None, missing=incomplete),
        "mednli": score("mednli", nli, n=1419, missing=None if nli is not None else no_data),
        "mednli.accuracy": score("accuracy", nli, n=1419),
        "meqsum": score("meqsum", meqsum, missing=None if bert is not None else reason),
        "meqsum.rouge_l": score("rouge_l", rouge),
        "meqsum.rouge_1": score("rouge_1", rouge + 3),
        "meqsum.bertscore_f1": score("bertscore_f1", bert, 0.4, missing=None if bert is not None else reason),
    }
    asked = Diagnostics(
        n=1419, answered=1415, empty=4, unparsable=12, truncated=0, refused=0, output_tokens=3.2, seconds=61.0
    )
    asked_of = {"mednli": asked} if nli is not None else {}
    return standing(hub_id, cells, Provenance.MEASURED, Edition.FULL, diagnostics=asked_of, **about)


def standing(
    hub_id: str, cells: dict[str, Score], provenance: Provenance, edition: Edition, **about: object
) -> Standing:
    row = Standing(
        label=hub_id,
        model=Model(hub_id=hub_id, revision="4f2c0e1a9b7d3c5e8f6a0b1c2d3e4f5a6b7c8d9e", licence="apache-2.0"),
        provenance=provenance,
        edition=edition,
        protocol=PROTOCOL,
        engine="transformers",
        domain=Domain.GENERAL,
        base_model=None,
        params=7_241_732_096,
        cells=cells,
        published_at=NOW - timedelta(days=2),
    )
    return replace(row, **about)  # type: ignore[arg-type]


MEASURED = (
    measured("ward/clinical-8b-instruct", 74.1842, 33.0581, 74.9, domain=Domain.BIOMEDICAL, params=8_030_261_248,
             base_model="ward/general-8b-instruct"),
    measured("ward/general-8b-instruct", 76.7, 35.2719, 75.4, params=8_030_261_248),
    measured("harbour/notes-70b", 81.5, 36.93, 76.1, params=70_553_706_496),
    measured("harbour/tiny-360m", 34.9, 11.2, None, params=361_821_120),
    measured("quill/medical-3b", None, 28.4, 71.2, domain=Domain.BIOMEDICAL, params=3_212_749_824),
    measured("quill/letters-1.7b", 52.3, 24.61, 69.0, domain=None, params=None),
    measured(IMAGE, 12.0, 5.0, 40.0, params=7_000_000),
    measured(FORMULA, 11.0, 4.0, 39.0, params=7_000_000, base_model="@SUM(A1)"),
    measured(RTL, 10.0, 3.0, 38.0, params=7_000_000),
)  # fmt: skip

PUBLISHED_KEYS = (
    "level_1", "level_2", "overall", "mednli", "mednli.accuracy",
    "meqsum", "meqsum.rouge_l", "meqsum.rouge_1", "meqsum.rouge_2", "meqsum.bertscore_f1",
    "problem_summary", "problem_summary.rouge_l", "problem_summary.rouge_1", "problem_summary.rouge_2",
    "problem_summary.bertscore_f1", "problem_summary.umls_f1",
    "longhealth", "longhealth.task1_accuracy", "longhealth.task2_accuracy", "longhealth.task3_accuracy",
    "medisumqa", "medisumqa.rouge_l", "medisumqa.rouge_1", "medisumqa.rouge_2", "medisumqa.bertscore_f1",
    "medisumqa.umls_f1", "medisumcode", "medisumcode.exact_f1", "medisumcode.approximate_f1", "medisumcode.valid_codes",
)  # fmt: skip
PUBLISHED_ROWS: tuple[tuple[str, str | None, float, bool, str | None, tuple[float | None, ...]], ...] = (
    ("Meta-Llama-3-70B-Instruct", "meta-llama/Meta-Llama-3-70B-Instruct", 70, False, None,
     (52.36, 56.0, 79.37, 36.57, 40.2, 19.3, 75.74, 25.43, 33.16, 13.01, 73, 29.12, 81.65, 77.9, 91.7,
      26.2, 32.5, 11.93, 70.24, 25.78, 19.65, 39.2, 93.94)),
    ("Mixtral-8x22B-Instruct-v0.1", "mistralai/Mixtral-8x22B-Instruct-v0.1", 141, False, None,
     (51.88, 51.23, 84.93, 36.15, 40.19, 18.32, 75.02, 17.97, 22.6, 8.17, 69.29, 22.31, 79.0, 73.9, 86.3,
      21.81, 27.75, 9.42, 68.51, 22.7, 15.95, 35.96, 79.84)),
    ("Mistral-7B-Instruct-v0.1", "mistralai/Mistral-7B-Instruct-v0.1", 7, False, None,
     (40.31, 23.12, 64.79, 21.85, 25.26, 11.17, 66.15, 14.46, 18.6, 6.26, 65.79, 20.08, 45.75, 40.65, 3.65,
      16.62, 21.34, 6.95, 65.68, 16.77, 0.57, 3.78, 37.25)),
    ("BioMistral-7B", "BioMistral/BioMistral-7B", 7, True, "mistralai/Mistral-7B-Instruct-v0.1",
     (40.57, 23.83, 62.75, 25.89, 28.46, 13.31, 67.93, 16.9, 20.89, 8.4, 59.03, 20.12, 38.05, 34.25, 7.8,
      14.65, 17.81, 5.46, 59.01, 16.88, 1.67, 9.92, 54.51)),
    ("Phi-3-mini-128k-instruct", "microsoft/Phi-3-mini-128k-instruct", 3.8, False, None,
     (41.7, 24.39, 57.25, 32.05, 35.85, 15.81, 73.01, 19.8, 23.72, 8.47, 70.27, 21.06, 27.25, 23.9, 0.0,
      18.47, 22.45, 6.94, 65.72, 16.52, 0.43, 3.63, 86.24)),
    ("meditron-7b", "epfl-llm/meditron-7b", 7, True, "meta-llama/Llama-2-7b-hf",
     (11.46, None, 2.39, 6.17, 7.47, 2.53, 40.53, 6.49, 7.87, 2.59, 59.57, 12.52, *(None,) * 11)),
    ("llama2-7b-hf", None, 7, False, None,
     (36.94, None, 41.27, 36.45, 39.99, 18.13, 75.98, 17.43, 22.25, 6.93, 66.33, 21.62, *(None,) * 11)),
    ("Mixtral-8x7B-v0.1", "mistralai/Mixtral-8x7B-v0.1", 46.7, False, None,
     (None, None, 80.14, 9.36, 10.35, 4.3, 31.04, 7.26, 9.37, 3.14, 60.54, 11.94, *(None,) * 11)),
)  # fmt: skip


def published(
    label: str,
    hub_id: str | None,
    billions: float,
    biomedical: bool,
    base: str | None,
    numbers: tuple[float | None, ...],
) -> Standing:
    names = [key for key in PUBLISHED_KEYS if "." in key or key in ("level_1", "level_2")]
    values: dict[str, float | None] = dict(zip(names, numbers, strict=True))
    for name in ("mednli", "meqsum", "problem_summary", "longhealth", "medisumqa", "medisumcode"):
        values[name] = mean([value for key, value in values.items() if key.startswith(f"{name}.")])
    values["overall"] = mean([values["level_1"], values["level_2"]])
    cells = {
        key: Score(metric=key, value=values[key], low=None, high=None, n=0,
                   missing=None if values[key] is not None else "Not reported by the authors.")
        for key in PUBLISHED_KEYS
    }  # fmt: skip
    return standing(
        label,
        cells,
        Provenance.PUBLISHED,
        Edition.FULL,
        model=Model(hub_id=hub_id, revision="main") if hub_id else None,
        engine=None,
        protocol="clue-2024",
        domain=Domain.BIOMEDICAL if biomedical else Domain.GENERAL,
        base_model=base,
        params=round(billions * 1e9),
        published_at=None,
    )


def mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


PUBLISHED = tuple(published(*row) for row in PUBLISHED_ROWS)
REHEARSED = tuple(
    replace(row, edition=Edition.REHEARSAL, engine=engine, label=hub_id, model=Model(hub_id=hub_id, revision="1"))
    for row, engine, hub_id in zip(
        MEASURED[:2], ("scripted", "transformers"), ("scripted/rules", "ward/general-8b-instruct"), strict=True
    )
)


def submission(number: int, hub_id: str, status: Status, minutes: float, **about: object) -> Submission:
    record = Submission(
        id=f"s{number:04d}",
        model=Model(hub_id=hub_id, revision="4f2c0e1a9b7d3c5e8f6a0b1c2d3e4f5a6b7c8d9e"),
        edition=Edition.FULL,
        engine="endpoint",
        url="https://secret.example.invalid/v1?token=hunter2",
        submitter="j.doe",
        status=status,
        attempt=1,
        created_at=NOW - timedelta(minutes=minutes + 30),
        updated_at=NOW - timedelta(minutes=minutes),
        note="The weights are 810.0 GB; the limit is 200 GB.",
    )
    return replace(record, **about)  # type: ignore[arg-type]


PROGRESS = Progress(
    stage=Stage.PREDICT,
    task="meqsum",
    task_number=2,
    task_count=6,
    done=412,
    total=997,
    per_second=6.4,
    seconds_left=91.4,
)
LOG = "\n".join(
    (
        "Last lines of the model's log, attempt 1",
        "Loading weights: 100% 291/291",
        f"The attention mask is not set {IMAGE}",
        'File "modeling_toy.py", line 88, in forward',
    )
)
REASON = f"The wrong chat template was used {IMAGE}"
SUBMISSIONS = (
    submission(9, "ward/clinical-70b", Status.RECEIVED, 0.2),
    submission(8, "harbour/notes-13b", Status.QUEUED, 3),
    submission(7, "ward/general-8b-chat", Status.QUEUED, 9, submitter="m.ruiz"),
    submission(6, "harbour/notes-70b", Status.RUNNING, 1, progress=PROGRESS),
    submission(10, "quill/medical-3b", Status.FINISHED, 40, supersedes="s0005", submitter="a.operator"),
    submission(11, "quill/stops-midway-7b", Status.FAILED, 60, failure_code=FailureCode.GENERATION_TIMEOUT,
               failure_stage=Stage.PREDICT, note=None, failure_log=LOG, edition=Edition.REHEARSAL,
               progress=replace(PROGRESS, done=213)),
    submission(5, "quill/medical-3b", Status.FINISHED, 70),
    submission(4, "quill/too-big-405b", Status.FAILED, 130, failure_code=FailureCode.OUT_OF_MEMORY,
               failure_stage=Stage.LOAD, attempt=2),
    submission(3, "quill/letters-1.7b", Status.CANCELLED, 300, failure_code=FailureCode.CANCELLED),
    submission(2, IMAGE, Status.FAILED, 60 * 26, failure_code=FailureCode.TEMPLATE_ERROR, submitter="<i>anyone</i>"),
    submission(1, "ward/general-8b-instruct", Status.WITHDRAWN, 60 * 24 * 9, note=REASON),
)  # fmt: skip
WAITING = ("s0007", "s0008")
ESTIMATES = {
    "s0006": Estimate(begins=None, lasts=Span(1500, 2400)),
    "s0007": Estimate(begins=Span(600, 1500), lasts=Span(7300, 10_000)),
}
LONG_HISTORY = tuple(
    submission(number, f"many/model-{number}", Status.FINISHED, 600 - number) for number in range(120, 0, -1)
)


def events(found: Submission) -> list[Event]:
    """What befell a submission, as the queue's store would tell it."""
    begun = [
        Event(at=found.created_at, actor=found.submitter, status=Status.QUEUED, reason=None),
        Event(
            at=found.created_at + timedelta(minutes=4),
            actor="gpu-box-17",
            status=Status.RUNNING,
            reason=None,
            attempt=1,
        ),
    ]
    if found.status in (Status.FAILED, Status.CANCELLED):
        ended = Event(at=found.updated_at, actor=SYSTEM, status=found.status, reason=found.note, attempt=1)
        return [*begun, ended]
    return begun[: 1 if found.status in (Status.RECEIVED, Status.QUEUED) else 2]


def long_silent() -> Pulse:
    """A worker that was last seen ten minutes before now, however long ago the tests began."""
    silence = timedelta(minutes=10, seconds=5)
    seen_at = datetime.now(UTC) - silence
    return Pulse(seen_at=seen_at, silent_seconds=silence.total_seconds(), paused="The disk is full.", paused_at=seen_at)
