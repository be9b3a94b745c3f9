"""The copy of the board for others is whole or not there, and says what the board says."""

import hashlib
import json
import logging
import os
import signal
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

import backend
from backend.domain import Edition, Provenance
from storage.ledger import Ledger
from storage.scores import Scores
from storage.snapshot import Snapshots, is_whole, write_snapshot
from tests.storage.racing import PROJECT, racer, said
from tests.storage.records import board, toy_result

VALUES = {"mednli": 100 / 3, "meqsum": 200 / 3, "problem_summary": None}
FILES = {"scores.parquet", "scores.json", "manifest.json"}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Scores, Ledger]]:
    with board(tmp_path) as (scores, ledger):
        ledger.append("s", toy_result(values=VALUES))
        ledger.append("t", toy_result("acme/'x\u202e;=1+1", edition=Edition.FULL, values={"mednli": 0.0}))
        scores.refresh()
        yield scores, ledger


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_parquet_and_json_say_what_the_board_says(opened: tuple[Scores, Ledger], tmp_path: Path) -> None:
    scores, ledger = opened
    folder = write_snapshot(scores, tmp_path / "out")
    numbers = {entry.submission_id: entry.number for entry, _ in ledger.read()}
    expected = {
        (standing.label, standing.edition.value, cell): (
            *(numbers[standing.submission_id or ""], standing.submission_id),
            *(score.value, score.low, score.high, score.n, score.missing),
        )
        for edition in Edition
        for standing in scores.standings(Provenance.MEASURED, edition)
        for cell, score in standing.cells.items()
    }
    columns = ("label", "edition", "cell", "number", "submission_id", "value", "low", "high", "n", "missing")
    query = f"SELECT {', '.join(columns)} FROM read_parquet(?)"
    in_parquet = duckdb.connect().execute(query, [str(folder / "scores.parquet")]).fetchall()
    in_json = [[row[column] for column in columns] for row in json.loads((folder / "scores.json").read_text())]
    for rows in (in_parquet, in_json):
        assert len(rows) == len(expected)
        assert {tuple(row[:3]): tuple(row[3:]) for row in rows} == expected
    assert ("acme/tiny", "rehearsal", "overall") in expected


def test_the_manifest_says_what_the_files_are_and_which_head_they_were_made_from(
    opened: tuple[Scores, Ledger], tmp_path: Path
) -> None:
    scores, ledger = opened
    head = ledger.verify()
    ledger.append("late", toy_result("acme/late"))
    folder = write_snapshot(scores, tmp_path / "out")
    assert folder.name == f"000002-{head.hash[:12]}" and {path.name for path in folder.iterdir()} == FILES
    told = json.loads((folder / "manifest.json").read_text())
    assert told["ledger"] == {"number": 2, "hash": head.hash, "offset": head.offset}
    rows = len(json.loads((folder / "scores.json").read_text()))
    assert told["files"] == {
        name: {"sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(), "rows": rows}
        for name in ("scores.parquet", "scores.json")
    }
    assert told["program"] == backend.__version__


def test_the_programs_version_is_the_projects() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    assert backend.__version__ == project["project"]["version"]


def test_a_second_call_leaves_it_as_it_is(opened: tuple[Scores, Ledger], tmp_path: Path) -> None:
    scores, ledger = opened
    first = write_snapshot(scores, tmp_path / "out")
    before = {path.name: path.stat().st_mtime_ns for path in first.iterdir()}
    assert write_snapshot(scores, tmp_path / "out") == first
    assert {path.name: path.stat().st_mtime_ns for path in first.iterdir()} == before
    ledger.append("u", toy_result("acme/more"))
    scores.refresh()
    second = write_snapshot(scores, tmp_path / "out")
    assert listed(tmp_path / "out") == sorted([first.name, second.name])


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:-9]),
        lambda path: path.write_bytes(path.read_bytes().replace(b"0", b"1", 1)),
        lambda path: path.write_bytes(b"[]"),
    ],
)
def test_a_damaged_one_is_made_anew(
    opened: tuple[Scores, Ledger], tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    folder = write_snapshot(opened[0], tmp_path / "out")
    good = {path.name: path.read_bytes() for path in folder.iterdir()}
    before = folder.stat().st_ino
    damage(folder / name)
    # A digit of the manifest's head is covered by nothing, and what the other files hold is still the same.
    harmless = is_whole(folder)
    assert harmless is False or name == "manifest.json"
    assert write_snapshot(opened[0], tmp_path / "out") == folder and is_whole(folder)
    if not harmless:
        assert folder.stat().st_ino != before and listed(tmp_path / "out") == [folder.name]
        assert json.loads((folder / "scores.json").read_bytes()) == json.loads(good["scores.json"])


def test_one_of_another_version_of_the_program_is_made_anew(opened: tuple[Scores, Ledger], tmp_path: Path) -> None:
    folder = write_snapshot(opened[0], tmp_path / "out")
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(backend.__version__, "0.0.1"))
    assert not is_whole(folder)
    assert write_snapshot(opened[0], tmp_path / "out") == folder and is_whole(folder)


def test_what_a_killed_writer_left_is_removed_by_the_next(opened: tuple[Scores, Ledger], tmp_path: Path) -> None:
    scores, _ = opened
    out = tmp_path / "out"
    with racer("write_half_a_snapshot", tmp_path / "other", out) as writer:
        assert said(writer) == "half"
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
    assert len(listed(out)) == 1 and listed(out)[0].startswith(".partial-")
    assert listed(out) != [write_snapshot(scores, out).name] and len(listed(out)) == 1


def test_what_cannot_be_finished_leaves_nothing(opened: tuple[Scores, Ledger], tmp_path: Path) -> None:
    class Torn(Scores):
        def copy_out(self, parquet: Path) -> tuple[object, object]:  # type: ignore[override]
            parquet.write_bytes(b"half")
            raise duckdb.IOException("no space")

    torn = Torn(tmp_path / "torn.duckdb", opened[1], [], [])
    with pytest.raises(duckdb.IOException):
        write_snapshot(torn, tmp_path / "out")
    torn.close()
    assert listed(tmp_path / "out") == []


def test_an_empty_board_has_a_copy_too(tmp_path: Path) -> None:
    with board(tmp_path) as (scores, _):
        folder = write_snapshot(scores, tmp_path / "out")
    assert json.loads((folder / "scores.json").read_text()) == []
    assert duckdb.connect().execute("SELECT count(*) FROM read_parquet(?)", [str(folder / "scores.parquet")]).fetchall()


def test_a_page_keeps_the_newest_copies(opened: tuple[Scores, Ledger], tmp_path: Path) -> None:
    scores, ledger = opened
    snapshots = Snapshots(scores, tmp_path / "snapshots", keep=3)
    names = []
    for number in range(5):
        ledger.append(f"u{number}", toy_result(f"acme/u{number}"))
        scores.follow()
        snapshots.keep_up()
        snapshots.keep_up()
        names.append(f"{scores.head().number:06d}-{scores.head().hash[:12]}")
    assert listed(tmp_path / "snapshots") == names[-3:]


def test_a_copy_that_cannot_be_written_is_told_once_and_written_when_it_can(
    opened: tuple[Scores, Ledger], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    snapshots = Snapshots(opened[0], tmp_path / "snapshots")
    (tmp_path / "snapshots").write_text("a file where the folder belongs")
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            snapshots.keep_up()
    assert len(caplog.records) == 1
    (tmp_path / "snapshots").unlink()
    snapshots.keep_up()
    assert len(listed(tmp_path / "snapshots")) == 1
