"""The scores that the benchmark's authors published in June 2024, as facts with their source.

Percent, transcribed from the authors' project website of 2024-06-26 to clue_2024_06.csv beside this file; an empty cell
was not published. Only the 25 models with averages are listed; a 26th, Mixtral-8x7B-v0.1, has single scores alone.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from backend.domain import PAPERS_PROTOCOL, Domain, Edition, Model, Provenance, Score, Standing

FILE = Path(__file__).parent / "clue_2024_06.csv"
NOT_PUBLISHED = "It was not published."
OPEN_BASES = {"ClinicalCamel-70B": ("Llama-2-70b-chat", "Llama-2-70b")}


class BaseSource(StrEnum):
    """Who states what a published model was made from."""

    AUTHORS = "stated by the authors"
    INFERRED = "inferred"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedBase:
    """The rows that may be a model's base, the one that is shown first in front."""

    source: BaseSource
    choices: tuple[str, ...]


_TASKS = {
    "mednli": "mednli",
    "meqsum": "meqsum",
    "problemsummary": "problem_summary",
    "longhealth": "longhealth",
    "medisumqa": "medisumqa",
    "medisumcode": "medisumcode",
}
_METRICS = {
    "accuracy": "accuracy",
    "rougeL": "rouge_l",
    "rouge1": "rouge_1",
    "rouge2": "rouge_2",
    "bertscore_f1": "bertscore_f1",
    "umls_f1": "umls_f1",
    "task1_accuracy": "task1_accuracy",
    "task2_accuracy": "task2_accuracy",
    "task3_accuracy": "task3_accuracy",
    "em_f1": "exact_f1",
    "ap_f1": "approximate_f1",
    "valid_codes": "valid_codes",
}


def published_table() -> list[dict[str, str]]:
    """The file as it stands: one row per model, every cell a string, empty where nothing was published."""
    with FILE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def published_standings() -> list[Standing]:
    """The 25 models with their single scores; averages are left to the board's own rule, which reproduces them."""
    return [_standing(row) for row in published_table() if row["level1_avg"]]


def published_bases() -> dict[str, PublishedBase]:
    """By the label of a biomedical model, which rows may be its base, by id or label, and who says so."""
    stated = {row["model_label_published"]: row for row in published_table() if row["biomedical"] == "true"}
    return {label: _base_of(label, row["base_model_id"], row["base_model_source"]) for label, row in stated.items()}


def cell_names(columns: list[str]) -> dict[str, str]:
    """The file's score columns as the board's cells: mednli_accuracy → mednli.accuracy."""
    names = {}
    for column in columns:
        task, _, metric = column.partition("_")
        if task in _TASKS and metric in _METRICS:
            names[column] = f"{_TASKS[task]}.{_METRICS[metric]}"
    return names


def _standing(row: Mapping[str, str]) -> Standing:
    domain = Domain.BIOMEDICAL if row["biomedical"] == "true" else Domain.GENERAL
    params = round(float(row["params_b"]) * 1e9) if row["params_b"] else None
    base_model = row["base_model_id"] or None
    hub_id = row["model_id"]
    return Standing(
        label=row["model_label_published"],
        model=Model(hub_id=hub_id, revision="", params=params, base_model=base_model, domain=domain)
        if hub_id
        else None,
        provenance=Provenance.PUBLISHED,
        edition=Edition.FULL,
        protocol=PAPERS_PROTOCOL,
        engine=None,
        domain=domain,
        base_model=base_model,
        params=params,
        cells={cell: _score(cell, row[column]) for column, cell in cell_names(list(row)).items()},
        published_at=None,
    )


def _score(cell: str, text: str) -> Score:
    value = float(text) if text else None
    missing = None if text else NOT_PUBLISHED
    return Score(metric=cell.split(".")[1], value=value, low=None, high=None, n=0, missing=missing)


def _base_of(label: str, stated: str, source: str) -> PublishedBase:
    if label in OPEN_BASES:
        return PublishedBase(source=BaseSource.OPEN, choices=OPEN_BASES[label])
    kind = BaseSource.AUTHORS if source.startswith("authors") else BaseSource.INFERRED
    return PublishedBase(source=kind, choices=(stated,) if stated else ())
