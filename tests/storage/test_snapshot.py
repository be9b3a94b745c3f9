"""The copy of the board for others is whole or not there, and says what the board says."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from backend.domain import Edition, Provenance
from storage.ledger import Ledger
from storage.scores import Scores
from storage.snapshot import write_snapshot
from tests.storage.records import board, toy_result

VALUES = {"mednli": 100 / 3, "meqsum": 200 / 3, "problem_summary": None}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Scores, Ledger]]:
    with board(tmp_path) as (scores, ledger):
        ledger.append("s", toy_result(values=VALUES))
        ledger.append("t", toy_result("acme/'x\u202e;=1+1", edition=Edition.FULL, values={"mednli": 0.0}))
        scores.refresh()
        yield scores, ledger


def test_parquet_and_json_say_what_the_board_says(opened: tuple[Scores, Ledger], tmp_path: Path) -> None:
    scores, _ = opened
    folder = write_snapshot(scores, scores.head(), tmp_path / "out")
    expected = {
        (standing.label, standing.edition.value, cell): (score.value, score.low, score.high, score.n, score.missing)
        for edition in Edition
        for standing in scores.standings(Provenance.MEASURED, edition)
        for cell, score in standing.cells.items()
    }
    columns = ("label", "edition", "cell", "value", "low", "high", "n", "missing")
    query = f"SELECT {', '.join(columns)} FROM read_parquet(?)"
    in_parquet = duckdb.connect().execute(query, [str(folder / "scores.parquet")]).fetchall()
    in_json = [[row[column] for column in columns] for row in json.loads((folder / "scores.json").read_text())]
    for rows in (in_parquet, in_json):
        assert len(rows) == len(expected)
        assert {tuple(row[:3]): tuple(row[3:]) for row in rows} == expected
    assert ("acme/tiny", "rehearsal", "overall") in expected


def test_the_folder_is_named_after_the_head_that_the_board_has(opened: tuple[Scores, Ledger], tmp_path: Path) -> None:
    scores, ledger = opened
    head = ledger.verify()
    ledger.append("late", toy_result("acme/late"))
    folder = write_snapshot(scores, scores.head(), tmp_path / "out")
    assert folder.name == f"000002-{head.hash[:12]}"
    said = json.loads((folder / "manifest.json").read_text())
    assert said == {"number": 2, "hash": head.hash, "offset": head.offset}


def test_a_second_call_leaves_it_as_it_is(opened: tuple[Scores, Ledger], tmp_path: Path) -> None:
    scores, ledger = opened
    first = write_snapshot(scores, scores.head(), tmp_path / "out")
    before = {path.name: path.stat().st_mtime_ns for path in first.iterdir()}
    assert write_snapshot(scores, scores.head(), tmp_path / "out") == first
    assert {path.name: path.stat().st_mtime_ns for path in first.iterdir()} == before
    ledger.append("u", toy_result("acme/more"))
    scores.refresh()
    second = write_snapshot(scores, scores.head(), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted([first.name, second.name])


def test_what_cannot_be_finished_leaves_nothing(opened: tuple[Scores, Ledger], tmp_path: Path) -> None:
    scores, _ = opened
    scores.close()
    with pytest.raises(duckdb.Error):
        write_snapshot(scores, Ledger(tmp_path / "ledger.jsonl").verify(), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_empty_board_has_a_copy_too(tmp_path: Path) -> None:
    with board(tmp_path) as (scores, _):
        folder = write_snapshot(scores, scores.head(), tmp_path / "out")
    assert json.loads((folder / "scores.json").read_text()) == []
    assert duckdb.connect().execute("SELECT count(*) FROM read_parquet(?)", [str(folder / "scores.parquet")]).fetchall()
