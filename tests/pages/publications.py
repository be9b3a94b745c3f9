"""Lines of a ledger behind the pages' standings, and answers behind those, all invented."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from backend.domain import (
    PROTOCOL,
    Access,
    Diagnostics,
    Edition,
    Example,
    Finish,
    Prediction,
    Result,
    Run,
    Score,
    Standing,
)
from backend.errors import CredentialedText, NotKept
from storage.answered import Answered
from storage.score_rows import Publication, Retired

from . import records

HUB_ID = "ward/clinical-8b-instruct"
COMMIT = "4f2c0e1a9b7d3c5e8f6a0b1c2d3e4f5a6b7c8d9e"
OLD_COMMIT = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
SECRET = "secret-host.example.invalid"
MANIFEST: dict[str, str | int | float | None] = {
    "engine_version": "5.23.0",
    "torch_version": "2.13.0",
    "dtype": "bfloat16",
    "device": "NVIDIA H100 80GB HBM3",
    "template": "chat_template.jinja",
    "template_sha256": "a" * 64,
    "weights_sha256": "b" * 64,
    "tokenizer_sha256": "c" * 64,
    "batch_tokens": 16_000,
    "window": 8192,
    "decoding": "greedy",
    "seed": 20240604,
    "bootstrap_resamples": 2000,
    "limit": None,
    "python": "3.11.9",
    "machine": "x86_64",
    "transformers": "5.23.0",
    "torch": "2.13.0",
    "endpoint_url": f"https://{SECRET}/v1",
    "endpoint_model": f"/srv/{SECRET}/weights",
    "hostname": SECRET,
    "cpu": f"/{SECRET}",
}
ASKED = Diagnostics(
    n=997, answered=985, empty=9, unparsable=0, truncated=3, refused=3, output_tokens=18.4, seconds=412.0
)


def run_of(task: str, row: Standing) -> Run:
    """The run behind a row's cells of one task."""
    scores = tuple(
        replace(cell, metric=name.split(".")[1]) for name, cell in row.cells.items() if name.startswith(f"{task}.")
    )
    cell = row.cells[task]
    return Run(
        task=task,
        version=1,
        dataset_sha256="d" * 64 if cell.value is not None else None,
        scores=scores,
        task_score=replace(cell, metric="task_score"),
        diagnostics=row.diagnostics.get(task),
        facts={"bertscore_encoder": "allenai/scibert_scivocab_uncased", "cache": f"/home/{SECRET}/cache"},
        missing=cell.missing,
    )


def publication(row: Standing, number: int, at: datetime, **about: object) -> Publication:
    """The line of the ledger in which a row stands."""
    assert row.model is not None
    assert row.engine is not None
    model = replace(row.model, base_model=row.base_model, params=row.params, domain=row.domain)
    result = Result(
        model=model,
        edition=row.edition,
        protocol=PROTOCOL,
        engine=row.engine,
        manifest=MANIFEST,
        runs=tuple(run_of(task.name, row) for task in records.TASKS),
    )
    made = Publication(number=number, hash=f"{number:064x}", submission_id="s0001", at=at, result=result)
    return replace(made, **about)  # type: ignore[arg-type]


def numbered(rows: Sequence[Standing] = records.MEASURED) -> tuple[Standing, ...]:
    """The rows with the numbers of their lines, the first being line 11, and asked in two tasks."""
    return tuple(
        replace(
            row,
            number=number,
            dtype="bfloat16",
            submission_id="s0001",
            diagnostics={**row.diagnostics, **({"meqsum": ASKED} if row.cells["meqsum"].value is not None else {})},
        )
        for number, row in enumerate(rows, 11)
    )


def ledger(rows: Sequence[Standing]) -> tuple[Publication, ...]:
    """A line for each row, and before them two of the first row's model that were superseded and withdrawn."""
    first, at = rows[0], records.NOW - timedelta(days=2)
    old = replace(first, cells={name: _lower(cell) for name, cell in first.cells.items()})
    assert old.model is not None
    old = replace(old, model=replace(old.model, revision=OLD_COMMIT))
    ended: dict[str, Any] = {"submission_id": "s0000", "at": at - timedelta(days=3)}
    withdrawn = Retired(number=2, by=5, withdrawn=True, reason="The wrong template was used.", **ended)
    judged_again = Retired(number=6, by=11, withdrawn=False, reason="ROUGE was judged again.", **ended)
    return (
        publication(old, 2, at - timedelta(days=30), retired=withdrawn),
        publication(old, 6, at - timedelta(days=9), retired=judged_again),
        *(publication(row, row.number, at) for row in rows),
    )


def _lower(cell: Score) -> Score:
    if cell.value is None or cell.low is None or cell.high is None:
        return cell
    return replace(cell, value=cell.value - 2, low=cell.low - 2, high=cell.high - 2)


def examples(count: int = 23) -> list[Answered]:
    """Invented items of the open task, every third of them answered wrong."""
    return [
        Answered(
            example=Example(
                id=f"item-{number:02}",
                fields={"premise": f"Patient {number} slept well.", "claim": "<script>document.title='owned'</script>"},
                reference="entailment",
                cluster=str(number),
            ),
            prediction=Prediction(
                example_id=f"item-{number:02}",
                text="entailment" if number % 3 else "I am <b>not</b> sure",
                finish=Finish.STOP,
                truncated=number == 4,
            ),
            answer="entailment" if number % 3 else None,
            metrics={"rouge_l": 1.0 if number % 3 else 0.0},
        )
        for number in range(1, count + 1)
    ]


def answered(publication: Publication, task: str) -> list[Answered]:
    """The desk's answers: those of the open task, none of another."""
    access: Mapping[str, Access] = {each.name: each.access for each in records.TASKS}
    if publication.result.edition is Edition.FULL and access.get(task) is not Access.OPEN:
        raise CredentialedText
    if publication.result.model.hub_id != HUB_ID:
        raise NotKept("Its answers are not kept on this server.")
    return examples()
