"""The authors' published averages come out of their published single scores by the board's own rule."""

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from backend.domain import Edition, Provenance, Standing
from frontend_config.published import FILE, published_standings
from tests.storage.records import board

with FILE.open(newline="", encoding="utf-8") as _file:
    ROWS = [row for row in csv.DictReader(_file) if row["level1_avg"] or row["level2_avg"]]
AVERAGES = [
    (row["model_label_published"], cell, float(row[column]))
    for row in ROWS
    for cell, column in (("level_1", "level1_avg"), ("level_2", "level2_avg"))
    if row[column]
]


@pytest.fixture(scope="module")
def standings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Standing]]:
    with board(tmp_path_factory.mktemp("board"), published=published_standings()) as (scores, _):
        yield {one.label: one for one in scores.standings(Provenance.PUBLISHED, Edition.FULL)}


def test_twenty_five_models_and_forty_three_averages_were_published() -> None:
    assert len(ROWS) == 25 and len(AVERAGES) == 43


@pytest.mark.parametrize(("label", "cell", "published"), AVERAGES)
def test_a_published_average_is_recomputed_to_its_two_decimals(
    standings: Mapping[str, Standing], label: str, cell: str, published: float
) -> None:
    value = standings[label].cells[cell].value
    assert value is not None
    # Half a unit of the last place: the single scores were themselves rounded to two decimals.
    assert math.isclose(value, published, abs_tol=0.0100001), value


def test_the_best_of_them_stands_where_it_was_published(standings: Mapping[str, Standing]) -> None:
    ranked = sorted(standings.values(), key=lambda one: -(one.cells["overall"].value or 0))
    best = ranked[0]
    assert best.label == "Meta-Llama-3-70B-Instruct"
    assert [f"{best.cells[cell].value:.2f}" for cell in ("level_1", "level_2")] == ["52.36", "56.00"]


def test_what_was_not_published_is_a_dash_with_its_reason(standings: Mapping[str, Standing]) -> None:
    blanks = [one for one in standings.values() if one.cells["medisumcode.exact_f1"].value is None]
    assert len(blanks) == 25 - sum(1 for row in ROWS if row["medisumcode_em_f1"])
    for standing in blanks:
        assert standing.cells["medisumcode.exact_f1"].missing == "It was not published."
        for cell in ("medisumcode", "level_2", "overall"):
            assert standing.cells[cell].value is None and standing.cells[cell].missing


def test_published_scores_never_stand_among_measured_ones(tmp_path: Path) -> None:
    with board(tmp_path, published=published_standings()) as (scores, _):
        for edition in Edition:
            assert scores.standings(Provenance.MEASURED, edition) == []
        assert scores.standings(Provenance.PUBLISHED, Edition.REHEARSAL) == []
