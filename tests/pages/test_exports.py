"""What is taken away from a row can be read by those it is made for, and does what it says with hostile names."""

import csv
import io
import json
import shlex
from dataclasses import replace
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest
import yaml
from huggingface_hub import parse_eval_result_entries
from pydantic import ValidationError

from backend.domain import Edition, Score
from frontend_config.exports.badge import badge_svg, badge_words
from frontend_config.exports.bibtex import bibtex, escaped
from frontend_config.exports.eval_results import eval_results_yaml
from frontend_config.exports.every_eval_ever import every_eval_ever
from frontend_config.exports.record_files import record_name, record_path, records_zip
from frontend_config.exports.row_csv import row_csv
from frontend_config.flat_table import guarded
from frontend_config.history_payload import scores_of
from frontend_config.reproduction import evaluate_command, reproduction
from frontend_config.words import prose
from storage.score_rows import Publication
from tests.storage.records import six_tasks, toy_result

from . import records
from .eval_record import read_record
from .publications import COMMIT, HUB_ID, ledger, numbered

LINE = next(one for one in ledger(numbered()) if one.number == 11)
PAGE = "https://clue.example/model?id=ward/clinical-8b-instruct"


def named(hub_id: str) -> Publication:
    result = LINE.result
    return replace(LINE, result=replace(result, model=replace(result.model, hub_id=hub_id)))


def test_the_hubs_own_parser_reads_the_evaluation_results_back() -> None:
    text = eval_results_yaml(LINE, "acme/clue", PAGE)
    entries = parse_eval_result_entries(yaml.safe_load(text))
    told = {run.task: run.task_score.value for run in LINE.result.runs}
    assert {entry.task_id: entry.value for entry in entries} == {
        task: round(value, 4) for task, value in told.items() if value is not None
    }
    for entry in entries:
        assert (entry.dataset_id, entry.source_url, entry.verify_token) == ("acme/clue", PAGE, None)
        assert entry.date == LINE.at.date().isoformat()
        assert entry.notes == f"protocol clue-2, commit {COMMIT}, transformers, bfloat16, ledger line 11"


def test_a_task_that_was_not_measured_is_no_zero_in_the_evaluation_results() -> None:
    without = next(one for one in ledger(numbered()) if one.result.model.hub_id == "quill/medical-3b")
    entries = parse_eval_result_entries(yaml.safe_load(eval_results_yaml(without, "acme/clue", None)))
    assert [entry.task_id for entry in entries] == ["meqsum"]
    assert entries[0].source_url is None and entries[0].source_name is None


@pytest.mark.parametrize("line", ledger(numbered()), ids=lambda line: str(line.number))
@pytest.mark.parametrize("site", [None, "https://clue.example"])
def test_the_every_eval_ever_record_is_as_its_schema_wants_it(line: Publication, site: str | None) -> None:
    record = json.loads(json.dumps(every_eval_ever(line, records.TASKS, site), allow_nan=False))
    read = read_record(record)
    assert read.model_info.id == line.result.model.hub_id
    assert read.evaluation_id.split("/")[2] == read.retrieved_timestamp
    assert len({result.evaluation_result_id for result in read.evaluation_results}) == len(read.evaluation_results) > 0
    assert "detailed_evaluation_results" not in record, "the texts of most tasks may not be shown"


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("evaluation_results.0.score_details.score", 100.5),
        ("evaluation_results.0.source_data.source_type", "hf_dataset"),
        ("model_info.additional_details.params", 8),
        ("model_info.additional_details.deployment_type", "local"),
        ("retrieved_timestamp", 1_700_000_000),
        ("more", "than the schema knows"),
    ],
)
def test_what_the_schema_refuses_is_refused_here_too(part: str, value: object) -> None:
    record: Any = json.loads(json.dumps(every_eval_ever(LINE, records.TASKS, None)))
    *above, last = part.split(".")
    inner = record
    for name in above:
        inner = inner[int(name) if name.isdigit() else name]
    inner[last] = value
    with pytest.raises((ValidationError, AssertionError)):
        read_record(record)


def test_each_record_lies_where_the_datastore_keeps_it() -> None:
    lines = [one for one in ledger(numbered()) if one.retired is None]
    archive = ZipFile(io.BytesIO(records_zip(lines, records.TASKS, None)))
    assert archive.getinfo(f"data/clue/{HUB_ID}/{record_name(LINE)}")
    for name in archive.namelist():
        data, collection, developer, model, file = name.split("/")
        assert (data, collection) == ("data", "clue")
        assert UUID(file.removesuffix(".json")).version == 4
        assert read_record(json.loads(archive.read(name))).model_info.id == f"{developer}/{model}"
    fit = [one for one in lines if record_path(one)]
    assert len(archive.namelist()) == len(fit) < len(lines), "names that are no Hub ids have no folder"
    assert records_zip(lines, records.TASKS, None) == records_zip(lines, records.TASKS, None)


@pytest.mark.parametrize("hub_id", ["../x", "a/../b", "data/x", "x/CON.txt", "x/y.", "flat", "a/b/c", "x/nul"])
def test_a_name_that_leads_elsewhere_has_no_path(hub_id: str) -> None:
    assert record_path(named(hub_id)) is None


def test_the_every_eval_ever_record_holds_every_score_that_was_measured() -> None:
    record = every_eval_ever(LINE, records.TASKS, None)
    told = {each["metric_config"]["metric_id"]: each["score_details"]["score"] for each in record["evaluation_results"]}
    measured = {
        f"clue.{run.task}.{score.metric}": score.value
        for run in LINE.result.runs
        for score in (*run.scores, run.task_score)
        if score.value is not None
    }
    assert told == measured


def test_the_citation_names_the_paper_the_line_and_its_digest() -> None:
    text = bibtex(LINE, PAGE)
    assert "2404.04067" in text
    assert f"ledger line 11, SHA-256 {LINE.hash}" in text
    assert f"commit {COMMIT}" in text
    assert text.count("{") == text.count("}")


def test_the_papers_entry_is_the_one_that_the_about_page_shows() -> None:
    assert bibtex() in prose("cite")


def test_a_hostile_name_ends_no_field_of_a_citation() -> None:
    assert escaped("a_b}{\\x%#$&~^\nz") == (r"a\_b\}\{\textbackslash{}x\%\#\$\&\textasciitilde{}\textasciicircum{} z")
    entry = bibtex(named("x},evil={y"), None)
    assert r"x\},evil=\{y" in entry


def test_the_badge_says_the_overall_score_or_how_many_tasks_were_measured() -> None:
    (row, *_) = numbered()
    assert badge_words(row, 6) == "2 of 6 tasks measured"
    overall = Score(metric="overall", value=52.36, low=50.0, high=54.0, n=3)
    assert badge_words(replace(row, cells={**row.cells, "overall": overall}), 6) == "overall 52.4 %"
    assert badge_words(None, 6) == "not measured"


def test_a_hostile_name_is_text_in_the_badge() -> None:
    root = ET.fromstring(badge_svg("overall 1.0 %", records.IMAGE + "\x00"))
    assert root.findtext("{http://www.w3.org/2000/svg}title") == records.IMAGE
    tags = {each.tag.rpartition("}")[2] for each in root.iter()}
    assert tags == {"svg", "title", "rect", "path", "text"}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1"])
def test_no_text_of_the_csv_is_a_formula(text: str) -> None:
    assert guarded(text) == f"'{text}"
    cell = {
        "part_of": None,
        "title": text,
        "name": text,
        "value": -1.5,
        "low": None,
        "high": None,
        "n": 3,
        "missing": text,
    }
    lines = list(csv.reader(io.StringIO(row_csv({"label": text, "revision": text}, "measured", [cell]))))
    assert lines[1] == [f"'{text}", "measured", f"'{text}", f"'{text}", f"'{text}", "-1.5", "", "", "3", f"'{text}"]


def test_the_command_asks_the_same_model_at_the_same_commit() -> None:
    assert shlex.split(evaluate_command(LINE.result)) == [
        "CLUE_DTYPE=bfloat16", "CLUE_BATCH_TOKENS=16000", "python", "app.py", "evaluate", HUB_ID, "--engine",
        "transformers", "--revision", COMMIT, "--edition", "full", "--out", "again",
    ]  # fmt: skip


def test_the_same_libraries_are_named_without_the_build_of_one_machine() -> None:
    manifest = {**LINE.result.manifest, "torch": "2.13.0+cpu"}
    (install, _) = reproduction(replace(LINE.result, manifest=manifest))["steps"]
    assert install["command"] == "pip install transformers==5.23.0 torch==2.13.0"
    (only,) = reproduction(replace(LINE.result, engine="endpoint"))["steps"]
    assert "--url" in only["command"]


def test_a_hostile_name_runs_nothing_in_a_shell() -> None:
    for name in ("$(touch x)/y", "a/b; rm -r x", "`id`/z", "a/'b"):
        assert shlex.split(evaluate_command(named(name).result))[5] == name


def test_levels_are_means_of_their_tasks_and_missing_when_one_is() -> None:
    six = dict(zip([task.name for task in six_tasks()], (10.0, 20.0, 60.0, 40.0, 50.0, 0.0), strict=True))
    told = scores_of(toy_result(values=six, edition=Edition.FULL))
    assert (told["level_1"], told["level_2"], told["overall"], told["medisumcode"]) == (30.0, 30.0, 30.0, 0.0)
    lacking = scores_of(toy_result(values={**six, "meqsum": None}))
    assert (lacking["level_1"], lacking["level_2"], lacking["overall"]) == (None, 30.0, None)
