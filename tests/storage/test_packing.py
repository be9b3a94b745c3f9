"""Packing keeps all that a journal said, loses nothing when it is killed, and a packed journal is gone on with."""

import json
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain import Fact, Finish, Prediction
from storage.packed import read_packed, write_packed
from storage.predictions import Journals, pack_journals
from tests.storage.records import toy_dataset, toy_task
from tests.storage.test_predictions import on_disk

TASK, DATASET = toy_task(), toy_dataset()
IDENTITY = {"submission": "it's", "model": "acme/tiny"}
FACTS: dict[str, Fact] = {"engine_version": "1", "loaded": 2.5, "dtype": None}
COUNTS = st.none() | st.integers(0, 2**31)
PREDICTIONS = st.builds(
    Prediction,
    example_id=st.text(st.characters(codec="utf-8")),
    text=st.text(st.characters(codec="utf-8")),
    finish=st.sampled_from(Finish),
    prompt_tokens=COUNTS,
    output_tokens=COUNTS,
    truncated=st.booleans(),
    seconds=st.none() | st.floats(0, 1e6),
)


def prediction(number: int) -> Prediction:
    return Prediction(
        example_id=f"toy-{number}",
        text=f"no\nbecause 🩺 \x00 '{number}'",
        finish=Finish.LENGTH,
        output_tokens=number,
        truncated=number % 2 == 0,
        seconds=0.1 * number,
    )


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run with two answers on file."""
    folder = tmp_path / "it's a run"
    with Journals(folder, IDENTITY)(TASK, DATASET, FACTS) as journal:
        journal.append(prediction(0))
        journal.append(prediction(1))
    return folder


def kept(run: Path) -> list[tuple[Prediction, float | None]]:
    with Journals(run, IDENTITY)(TASK, DATASET, None) as journal:
        assert journal.facts in (FACTS, {})
        return [(one, one.seconds) for one in journal.predictions().values()]


WRITTEN = [(prediction(number), prediction(number).seconds) for number in range(2)]


@settings(deadline=None)  # a busy disk is no fault
@given(predictions=st.lists(PREDICTIONS, max_size=4), header=st.text(st.characters(codec="utf-8")))
def test_whatever_was_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, predictions: list[Prediction], header: str
) -> None:
    path = tmp_path_factory.mktemp("packed") / "toy.parquet"
    write_packed(path, header, predictions)
    found_header, found = read_packed(path)
    assert (found_header, found) == (header, predictions)
    assert [one.seconds for one in found] == [one.seconds for one in predictions]


def test_a_packed_journal_says_all_that_it_said_and_only_its_owner_may_read_it(run: Path) -> None:
    assert pack_journals(run) == 1
    assert [*on_disk(run)] == ["toy.parquet"] and kept(run) == WRITTEN
    assert (run / "toy.parquet").stat().st_mode & 0o777 == 0o600
    with duckdb.connect() as db:
        found = db.execute(
            "SELECT DISTINCT compression FROM parquet_metadata($1)", [str(run / "toy.parquet")]
        ).fetchall()
    assert found == [("ZSTD",)] and pack_journals(run) == 0


def test_a_packed_journal_is_gone_on_with_and_packed_again(run: Path) -> None:
    pack_journals(run)
    with Journals(run, IDENTITY)(TASK, DATASET, FACTS) as journal:
        assert list(journal.predictions()) == ["toy-0", "toy-1"]
        journal.append(prediction(2))
    assert [*on_disk(run)] == ["toy.jsonl"]
    assert pack_journals(run) == 1 and [one.example_id for one, _ in kept(run)] == ["toy-0", "toy-1", "toy-2"]


def test_a_packed_journal_of_another_run_is_set_aside(run: Path) -> None:
    pack_journals(run)
    with Journals(run, IDENTITY)(TASK, DATASET, {**FACTS, "dtype": "bfloat16"}) as journal:
        assert journal.predictions() == {}
        journal.append(prediction(0))
    assert sorted(path.suffix for path in run.iterdir()) == [".jsonl", ".stale"]


def test_killed_at_any_point_packing_loses_nothing_and_the_next_pass_finishes_it(run: Path, tmp_path: Path) -> None:
    journal = tmp_path / "toy.jsonl"
    shutil.copy(run / "toy.jsonl", journal)
    pack_journals(run)
    packed = (run / "toy.parquet").read_bytes()
    left_behind = {
        "before anything was written": {},
        "in the middle of the packed file": {"toy.x.partial": packed[: len(packed) // 2]},
        "before the packed file has its name": {"toy.x.partial": packed},
        "before the journal is removed": {"toy.parquet": packed},
    }
    for files in left_behind.values():
        shutil.rmtree(run)
        run.mkdir()
        shutil.copy(journal, run)
        for name, content in files.items():
            (run / name).write_bytes(content)
        assert kept(run) == WRITTEN
        assert pack_journals(run) == 1
        assert [*on_disk(run)] == ["toy.parquet"] and kept(run) == WRITTEN


def test_a_damaged_journal_is_not_packed(run: Path) -> None:
    path = run / "toy.jsonl"
    path.write_bytes(path.read_bytes() + b"damaged\n" + path.read_bytes().split(b"\n")[1] + b"\n")
    before = on_disk(run)
    assert pack_journals(run) == 0 and on_disk(run) == before


def test_a_journal_that_cannot_be_packed_stays_and_the_log_names_no_text(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (run / "toy.parquet").mkdir()
    assert pack_journals(run) == 0 and "toy.jsonl" in [path.name for path in run.iterdir()]
    assert "cannot be packed" in caplog.text and "because" not in caplog.text
    assert not list(run.glob("*.partial"))


def test_a_packed_file_that_is_damaged_counts_as_no_answers_and_is_kept_aside(run: Path) -> None:
    pack_journals(run)
    path = run / "toy.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    assert kept(run) == []
    with Journals(run, IDENTITY)(TASK, DATASET, FACTS) as journal:
        assert journal.predictions() == {}
    assert sorted(path.suffix for path in run.iterdir()) == [".jsonl", ".stale"]


def test_a_parquet_file_of_somebody_else_is_none_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "toy.parquet"
    duckdb.from_df(pd.DataFrame({"example_id": ["toy-0"]})).write_parquet(str(path))
    with pytest.raises(ValueError):
        read_packed(path)


def test_the_first_line_of_a_journal_is_the_header_of_its_packed_file(run: Path) -> None:
    first = json.loads((run / "toy.jsonl").read_bytes().split(b"\n")[0])
    pack_journals(run)
    assert json.loads(read_packed(run / "toy.parquet")[0]) == first
