"""What is taken away from a row can be read by those it is made for, and does what it says with hostile names."""

import csv
import io
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from huggingface_hub import parse_eval_result_entries

from backend.domain import Edition, Score
from frontend_config.exports.badge import badge_svg, badge_words
from frontend_config.exports.bibtex import bibtex, escaped
from frontend_config.exports.eval_results import eval_results_yaml
from frontend_config.exports.every_eval_ever import every_eval_ever
from frontend_config.exports.row_csv import row_csv
from frontend_config.flat_table import guarded
from frontend_config.history_payload import scores_of
from frontend_config.reproduction import evaluate_command, reproduction
from frontend_config.words import prose
from storage.score_rows import Publication
from tests.storage.records import six_tasks, toy_result

from . import records
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


# What schema 0.3.0 of Every Eval Ever requires, and of which type; all else is optional there.
REQUIRED: Mapping[str, type | tuple[type, ...]] = {
    "schema_version": str,
    "evaluation_id": str,
    "retrieved_timestamp": str,
    "source_metadata.source_type": str,
    "source_metadata.source_organization_name": str,
    "source_metadata.evaluator_relationship": str,
    "eval_library.name": str,
    "eval_library.version": str,
    "model_info.name": str,
    "model_info.id": str,
    "model_info.additional_details.deployment_type": str,
    "model_info.additional_details.model_availability": str,
    "evaluation_results": list,
}
REQUIRED_OF_RESULTS: Mapping[str, type | tuple[type, ...]] = {
    "evaluation_name": str,
    "source_data.dataset_name": str,
    "source_data.source_type": str,
    "metric_config.lower_is_better": bool,
    "metric_config.min_score": (int, float),
    "metric_config.max_score": (int, float),
    "score_details.score": (int, float),
    "score_details.uncertainty.confidence_interval.lower": (int, float),
    "score_details.uncertainty.confidence_interval.upper": (int, float),
}


def part_of(record: Mapping[str, Any], path: str) -> Any:
    for name in path.split("."):
        record = record[name]
    return record


def test_the_every_eval_ever_record_has_what_its_schema_requires() -> None:
    record = every_eval_ever(LINE, records.TASKS, None)
    for path, kind in REQUIRED.items():
        assert isinstance(part_of(record, path), kind), path
    for result in record["evaluation_results"]:
        for path, kind in REQUIRED_OF_RESULTS.items():
            assert isinstance(part_of(result, path), kind), path
        assert set(result["source_data"]) == {"dataset_name", "source_type", "additional_details"}
    assert record["schema_version"] == "0.3.0"
    assert record["source_metadata"]["source_type"] in ("documentation", "evaluation_run")
    assert record["evaluation_id"].split("/") == ["clue", HUB_ID.replace("/", "_"), record["retrieved_timestamp"]]
    details = [record["model_info"]["additional_details"], record["source_metadata"]["additional_details"]]
    assert all(isinstance(value, str) for each in details for value in each.values())
    assert "detailed_evaluation_results" not in record


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
