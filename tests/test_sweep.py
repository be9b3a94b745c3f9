"""The sweep at the end of the suite finds a canary wherever it can be read, and nothing else."""

import gzip
import json
import subprocess
import sys
import zipfile
from itertools import product
from pathlib import Path

import duckdb
import pytest

from backend.datasets.rehearsal import CANARIES
from tests.canaries import SEALED
from tests.commands import PROJECT
from tests.sweep import holds, is_private, leaks_in

OTHER = "OTHER-CANARY-1"  # not the suite's own: what lies here is swept with everything else
SUITE = f"""
import logging, sys
sys.path.insert(0, {str(PROJECT)!r})
from tests.sweep import Sweep

def pytest_configure(config):
    config.pluginmanager.register(Sweep({OTHER!r}))
"""
TESTS = f"""
import logging
from tests.canaries import SEALED, arrived

def test_that_keeps_it_private(tmp_path):
    (tmp_path / "runs" / "s1").mkdir(parents=True)
    (tmp_path / "runs" / "s1" / "mednli.jsonl").write_text({OTHER!r})

def test_that_writes_it(tmp_path):
    (tmp_path / "export.csv").write_text("a,{OTHER}")

def test_that_logs_it():
    logging.getLogger("x").warning("said {OTHER}")

def test_that_sends_it():
    arrived(SEALED, approved=True)
    arrived(SEALED, approved=False)
"""


def test_a_suite_that_lets_a_text_out_fails_and_says_where(tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    suite.mkdir()
    (suite / "conftest.py").write_text(SUITE, encoding="utf-8")
    (suite / "test_leaky.py").write_text(TESTS, encoding="utf-8")
    options = ["-q", "-n", "2", "--basetemp", str(tmp_path / "base"), "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(suite), "-c", "/dev/null", str(suite)],
        cwd=suite, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    summary = done.stdout.partition("credentialed text where it may not be")[2].partition("short test summary")[0]
    found = [line for line in summary.splitlines() if "test_leaky.py::" in line]
    assert len(found) == 2, done.stdout
    assert "export.csv, of " in found[1] and found[1].endswith("::test_that_writes_it")
    assert "Captured log call" in found[0] and "test_that_logs_it" in found[0]
    assert "4 passed, 1 error" in done.stdout and "nobody had approved" in done.stdout


def test_a_text_is_found_in_every_kind_of_file_that_packs_it(tmp_path: Path) -> None:
    text = json.dumps([f"x{n} {OTHER}" for n in range(3000)])
    (tmp_path / "plain.json").write_text(text)
    (tmp_path / "packed.json.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "packed.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("inside.json", text)
    with duckdb.connect(str(tmp_path / "scores.duckdb")) as db:
        db.execute("CREATE TABLE kept AS SELECT 'a' || range || ? AS said FROM range(200000)", [OTHER])
        db.execute(f"COPY kept TO '{tmp_path / 'kept.parquet'}' (COMPRESSION zstd)")
    (tmp_path / "innocent.txt").write_text("nothing")
    (tmp_path / "empty").touch()
    (tmp_path / "damaged.parquet").write_bytes(b"PAR1")
    assert [path.name for path in leaks_in(tmp_path, OTHER)] == [
        "kept.parquet", "packed.json.gz", "packed.zip", "plain.json", "scores.duckdb",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "private"),
    [
        ("home/runs/s1/mednli.jsonl", True),
        ("backup/runs/s1/mednli.parquet", True),
        ("out/predictions/mednli.jsonl", True),
        ("data/mednli/mli_test_v1.jsonl.gz", True),
        ("home/logs/model-2027-01-01.log", True),
        ("home/ledger.jsonl", False),
        ("home/queue.sqlite", False),
        ("home/snapshots/1/standing.parquet", False),
        ("home/judged/s1.parquet", False),
        ("stderr.txt", False),
    ],
)
def test_only_data_answers_and_models_logs_are_private(path: str, private: bool) -> None:
    assert is_private(Path("/tmp") / path) is private


def test_what_plays_the_credentialed_part_is_told_apart_from_a_rehearsal(rehearsal_data: Path) -> None:
    assert SEALED not in CANARIES.values()
    assert not [path for path in rehearsal_data.rglob("*") if path.is_file() and holds(path, SEALED)]


@pytest.mark.parametrize("name", ["packed.zip", "packed.json.gz"])
def test_whatever_byte_of_a_packed_file_is_damaged_the_sweep_goes_on(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(b"x" * 50))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("inside.json", "x" * 50)
    whole = path.read_bytes()
    for place, bit in product(range(len(whole)), range(8)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
        assert not holds(path, OTHER)
