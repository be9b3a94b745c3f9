"""The data commands: what is here, what can be fetched, and what can be built, as a person at the keyboard sees it."""

import csv
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from backend.datasets.catalog import locate
from backend.datasets.mednli import MEDNLI
from backend.datasets.meqsum import MEQSUM
from backend.datasets.rehearsal import CANARIES, MARKER
from backend.tasks import all_tasks
from tests.backend.builders.players import play_text
from tests.backend.builders.tables import Row, write_diagnoses, write_notes
from tests.commands import CommandLine
from tests.loopback.openai import OpenAIServer
from tests.loopback.serving import serve
from tests.workbooks import MeqsumData

WIDE = ("task", "access", "state", "rows", "file")


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(home=tmp_path / "home")


@pytest.fixture
def invented(rehearsal_data: Path, tmp_path: Path) -> Path:
    """A rehearsal folder of the test's own."""
    return Path(shutil.copytree(rehearsal_data, tmp_path / "invented"))


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a model that can make statements and pairs."""
    with OpenAIServer(answer=play_text, max_model_len=100_000).serving() as url:
        yield f"{url}/v1"


def told(cli: CommandLine, code: int, *arguments: str) -> str:
    """The sentences of a run that ends with this code and prints nothing else."""
    done = cli.run("data", *arguments)
    assert done.returncode == code, done.stderr
    assert done.stdout == "" and "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


def states(cli: CommandLine) -> dict[str, dict[str, Any]]:
    return {state["task"]: state for state in cli.json("data", "status", "--json")}


def test_every_task_is_missing_at_first_and_says_where_it_belongs_and_how_to_get_it(cli: CommandLine) -> None:
    found = states(cli)
    tasks = {name: task for name, task in all_tasks().items() if task.file is not None}
    assert list(found) == list(tasks)
    for name, task in tasks.items():
        state, file = found[name], task.file
        assert file is not None and state["presence"] == "missing" and state["rows"] is None
        assert state["where"] == str(cli.home / "data" / file.places[0] / file.name)
        assert (state["access"], state["licence"], state["obtain"]) == (task.access, task.licence, file.obtain)


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_the_terminal_and_says_all_of_it(rehearsal_data: Path, tmp_path: Path, width: int) -> None:
    settings = {"CLUE_DATA": str(rehearsal_data), "COLUMNS": str(width)}
    shown = CommandLine(home=tmp_path, settings=settings).run("data", "status")
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert next(line for line in lines if "access" in line).split() == list(WIDE)
    text = " ".join(shown.stdout.split())
    for name, task in all_tasks().items():
        assert f"{name}: found" in text and " ".join(task.licence.split()[:4]) in text


def test_a_file_that_is_wrong_says_why_below_the_table(cli: CommandLine) -> None:
    for file in (MEDNLI, MEQSUM):
        place = cli.home / "data" / file.places[0] / file.name
        place.parent.mkdir(parents=True)
        place.write_text("<html>a page saved under the file's name</html>")
    found = states(cli)
    assert found["meqsum"]["presence"] == "wrong" and "SHA-256" in found["meqsum"]["advice"]
    assert found["mednli"]["presence"] == "wrong" and "is a web page" in found["mednli"]["advice"]
    shown = " ".join(cli.run("data", "status").stdout.split())
    assert "what is wrong" in shown and "SHA-256 begins" in shown and "how to get it" in shown


def test_what_is_odd_in_a_file_is_listed(rehearsal_data: Path, tmp_path: Path) -> None:
    cli = CommandLine(home=tmp_path, settings={"CLUE_DATA": str(rehearsal_data)})
    odd = [anomaly for state in states(cli).values() for anomaly in state["anomalies"]]
    shown = " ".join(cli.run("data", "status").stdout.split())
    assert odd and all(anomaly.split()[0] in shown for anomaly in odd) and "odd, and dealt with" in shown
    assert not [canary for canary in CANARIES.values() if canary in shown]


def test_the_open_data_are_fetched_from_a_mirror_and_checked(meqsum_data: MeqsumData, tmp_path: Path) -> None:
    source = Starlette(routes=[Mount("/", StaticFiles(directory=locate(MEQSUM, meqsum_data.folder).parent))])
    with serve(source) as mirror:
        cli = CommandLine(home=tmp_path / "home", settings={"CLUE_MIRROR": mirror})
        done = cli.run("data", "fetch")
    place = cli.home / "data" / MEQSUM.places[0] / MEQSUM.name
    assert "PhysioNet" in done.stderr and "mednli: cannot be fetched for you" in done.stderr
    if meqsum_data.genuine:
        assert str(place) in done.stdout
        assert hashlib.sha256(place.read_bytes()).hexdigest() == MEQSUM.sha256
    else:
        assert done.returncode == 1 and "is not the published file" in done.stderr
        assert not place.exists()


def test_without_a_network_nothing_is_fetched_and_it_is_said_how_to_bring_it(tmp_path: Path) -> None:
    isolated = CommandLine(home=tmp_path / "home", settings={"HF_HUB_OFFLINE": "1"})
    assert "python app.py carry FOLDER" in told(isolated, 2, "fetch")


def test_a_source_that_cannot_be_reached_keeps_no_other_from_being_fetched(cli: CommandLine) -> None:
    away = CommandLine(home=cli.home, settings={"CLUE_MIRROR": "http://127.0.0.1:1"})
    sentences = told(away, 1, "fetch")
    for name, task in all_tasks().items():
        assert task.file is not None
        expected = f"{name}: download_error: " if task.file.url else f"{name}: cannot be fetched for you"
        assert expected in sentences


def test_a_disk_that_does_not_take_it_is_a_sentence(cli: CommandLine) -> None:
    cli.home.mkdir()
    (cli.home / "data").write_text("a file where the folder should be")
    away = CommandLine(home=cli.home, settings={"CLUE_MIRROR": "http://127.0.0.1:1"})
    assert "The disk did not do what it was asked to" in told(away, 1, "fetch")


def test_a_rehearsal_folder_is_written_and_counts_as_one(cli: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "invented"
    assert str(folder) in cli.run("data", "rehearsal", str(folder)).stdout
    assert (folder / MARKER).is_file()
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").touch()
    assert "not marked as invented" in told(cli, 2, "rehearsal", str(other))
    assert "huge" in told(cli, 2, "rehearsal", str(folder), "--scale", "huge")


def test_medisumcode_is_built_from_the_rehearsals_tables_as_the_rehearsal_has_it(
    cli: CommandLine, invented: Path
) -> None:
    notes = ("--notes", str(invented / "mimic-iv-note" / "discharge.csv"))
    diagnoses = ("--diagnoses", str(invented / "mimiciv" / "diagnoses_icd.csv.gz"))
    done = cli.run("data", "build-medisumcode", *notes, *diagnoses, "--into", str(invented / "built"))
    assert done.returncode == 0, done.stderr
    assert "28 letters" in done.stdout and "Only 28 letters have codes, not 500" in done.stderr
    expected, built = (
        {record["note_id"]: record for record in map(json.loads, path.read_bytes().splitlines())}
        for path in (invented / "medisumcode" / "medisumcode.jsonl", invented / "built" / "medisumcode.jsonl")
    )
    assert built == expected
    report = json.loads((invented / "built" / "medisumcode.report.json").read_text())
    assert report["notes"]["addenda"] == report["notes"]["further_letters_of_an_admission"] == 1
    assert report["notes"]["admissions_without_diagnoses"] == report["notes"]["admissions_without_a_kept_code"] == 1
    assert not [canary for canary in CANARIES.values() if canary in done.stdout + done.stderr + json.dumps(report)]


def test_medisumcode_goes_into_the_data_folder_unless_told_otherwise(cli: CommandLine, tmp_path: Path) -> None:
    notes = write_notes(tmp_path / "discharge.csv", [Row(number=n) for n in range(40)])
    diagnoses = write_diagnoses(tmp_path / "diagnoses_icd.csv", [(n, 1, "0389", 9) for n in range(40)])
    done = cli.run("data", "build-medisumcode", "--notes", str(notes), "--diagnoses", str(diagnoses), "--count", "30")
    assert done.returncode == 0 and "Only" not in done.stderr, done.stderr
    state = states(cli)["medisumcode"]
    assert (state["presence"], state["rows"]) == ("found", 30)
    assert state["where"] == str(cli.home / "data" / "medisumcode" / "medisumcode.jsonl")


def test_building_from_the_wrong_files_says_what_to_do(cli: CommandLine, invented: Path, tmp_path: Path) -> None:
    notes, diagnoses = invented / "mimic-iv-note" / "discharge.csv", invented / "mimiciv" / "diagnoses_icd.csv.gz"
    swapped = ("--notes", str(diagnoses), "--diagnoses", str(notes), "--into", str(invented / "built"))
    assert "lacks the columns seq_num" in told(cli, 1, "build-medisumcode", *swapped).replace("\u2501", "")
    right = ("--notes", str(notes), "--diagnoses", str(diagnoses))
    assert "not marked as holding invented data" in told(cli, 2, "build-medisumcode", *right)
    gone = ("--notes", str(tmp_path / "gone.csv"), "--diagnoses", str(tmp_path / "gone.csv"), "--into", str(tmp_path))
    assert "There is no file" in told(cli, 1, "build-medisumcode", *gone)
    assert cli.run("data", "build-medisumcode").returncode == 2


def decide(path: Path) -> int:
    """Every pair is kept; returns how many there are."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]), delimiter=";")
        table.writeheader()
        table.writerows({**row, "keep": "yes"} for row in rows)
    return len(rows)


def test_medisumqa_is_built_reviewed_and_released(cli: CommandLine, invented: Path, server: str) -> None:
    work = invented / "work"
    build = ("data", "build-medisumqa", "--into", str(work))
    ask = ("--model", "acme/tiny", "--engine", "endpoint", "--url", server, "--letters", "6")
    done = cli.run(*build, "--notes", str(invented / "mimic-iv-note" / "discharge.csv"), *ask)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("6 letters") and "review.csv" in done.stdout
    assert "Traceback" not in done.stderr
    undecided = cli.run(*build, "--release")
    assert undecided.returncode == 2 and "not decided" in undecided.stderr
    pairs = decide(work / "review.csv")
    released = cli.run(*build, "--release")
    assert released.returncode == 0, released.stderr
    assert pairs > 6 and f"{pairs} pairs" in released.stdout
    records = [json.loads(line) for line in (work / "MeDiSumQA.jsonl").read_bytes().splitlines()]
    assert len(records) == pairs and set(records[0]) == {"note_id", "Question", "Answer", "discharge_summary"}
    assert json.loads((work / "MeDiSumQA.report.json").read_text())["invented"] is True
    again = cli.run(*build, "--notes", str(invented / "mimic-iv-note" / "discharge.csv"), *ask)
    assert again.returncode == 0 and "was left as it is" in again.stdout
    said = done.stdout + done.stderr + released.stdout + undecided.stderr
    assert not [canary for canary in CANARIES.values() if canary in said]


def test_real_letters_are_not_sent_away_nor_played_with(cli: CommandLine, tmp_path: Path) -> None:
    notes = write_notes(tmp_path / "discharge.csv", [Row(number=1)])
    build = ("build-medisumqa", "--notes", str(notes), "--into", str(tmp_path / "work"))
    away = told(cli, 2, *build, "--model", "acme/tiny", "--engine", "endpoint", "--url", "http://127.0.0.1:1")
    assert "may not leave this machine" in away
    assert "only plays with invented" in told(cli, 2, *build, "--model", "scripted/rules", "--engine", "scripted")
    assert not (tmp_path / "work").exists()


def test_a_build_that_cannot_be_meant_is_bad_usage(cli: CommandLine, invented: Path) -> None:
    notes = ("--notes", str(invented / "mimic-iv-note" / "discharge.csv"))
    build = ("build-medisumqa", "--into", str(invented / "work"))
    assert "--notes" in told(cli, 2, *build, "--model", "acme/tiny")
    assert "--model" in told(cli, 2, *build, *notes)
    assert "oracle" in told(cli, 2, *build, *notes, "--model", "acme/tiny", "--engine", "oracle")
    assert "Build again" in told(cli, 2, *build, "--release")
    assert "into" in told(cli, 2, "build-medisumqa", "--release")
