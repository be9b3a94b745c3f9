"""A board of invented models, as large as one likes and the same every time."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from backend.domain import PROTOCOL, Diagnostics, Domain, Edition, Level, Model, Provenance, Score, Standing, Task
from frontend_config.columns import board_columns

SEED = 20_240_406
OWNERS = ("ward", "harbour", "quill", "linden", "granite", "meadow")
FAMILIES = ("general", "clinic", "notes", "letters", "rounds", "chart")
SIZES = (1.2, 3.1, 7.2, 8.0, 13.0, 34.0, 70.6, 141.0)
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def narrowed(tasks: Sequence[Task], columns: int) -> list[Task]:
    """The tasks with as many of their metrics as make a board of no more columns; each keeps at least one."""
    kept = {task.name: list(task.metrics) for task in tasks}
    now = list(tasks)
    while len(board_columns(now, ())) > columns and any(len(metrics) > 1 for metrics in kept.values()):
        max(kept.values(), key=len).pop()
        now = [replace(task, metrics=tuple(kept[task.name])) for task in tasks]
    return now


def invented_standings(tasks: Sequence[Task], models: int) -> list[Standing]:
    """So many models with every cell of these tasks measured; the same for the same arguments."""
    chance = random.Random(SEED)
    return [_standing(tasks, number, chance) for number in range(1, models + 1)]


def _standing(tasks: Sequence[Task], number: int, chance: random.Random) -> Standing:
    size = chance.choice(SIZES)
    family = chance.choice(FAMILIES)
    hub_id = f"{chance.choice(OWNERS)}/{family}-{size:g}b-{number:05d}"
    skill = chance.gauss(45, 12)
    domain = Domain.BIOMEDICAL if number % 2 else Domain.GENERAL
    model = Model(
        hub_id=hub_id,
        revision=f"{chance.getrandbits(160):040x}",
        params=round(size * 1e9),
        licence="apache-2.0",
        architecture="LlamaForCausalLM",
        base_model=f"ward/{family}-{size:g}b",
        domain=domain,
    )
    return Standing(
        label=hub_id,
        model=model,
        base_model=model.base_model,
        domain=domain,
        params=model.params,
        provenance=Provenance.MEASURED,
        edition=Edition.FULL,
        protocol=PROTOCOL,
        engine="transformers",
        published_at=FIRST_DAY + timedelta(minutes=number),
        number=number,
        dtype="bfloat16",
        weights_sha256=f"{chance.getrandbits(256):064x}",
        cells=_cells(tasks, skill, chance),
        diagnostics={task.name: _asked(chance) for task in tasks},
    )


def _cells(tasks: Sequence[Task], skill: float, chance: random.Random) -> dict[str, Score]:
    cells = {}
    for task in tasks:
        for metric in task.metrics:
            cells[f"{task.name}.{metric.name}"] = _score(metric.name, chance.gauss(skill, 8), chance)
        cells[task.name] = _score(task.name, chance.gauss(skill, 6), chance)
    for level in Level:
        cells[f"level_{level.value}"] = _score(f"level_{level.value}", chance.gauss(skill, 4), chance)
    cells["overall"] = _score("overall", chance.gauss(skill, 3), chance)
    return cells


def _asked(chance: random.Random) -> Diagnostics:
    unparsable = chance.randint(0, 40)
    return Diagnostics(
        n=1_000,
        answered=1_000 - unparsable,
        empty=0,
        unparsable=unparsable,
        truncated=chance.randint(0, 9),
        refused=0,
        output_tokens=chance.uniform(3, 200),
        seconds=chance.uniform(30, 900),
    )


def _score(metric: str, value: float, chance: random.Random) -> Score:
    value = min(98.0, max(2.0, value))
    half = chance.uniform(0.5, 2.0)
    return Score(metric=metric, value=value, low=value - half, high=value + half, n=chance.randint(200, 2000))
