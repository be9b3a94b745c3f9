"""MeDiSumCode is made of the letters and codes that it should be, and says what it left out."""

import json
import random
import tracemalloc
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from backend.builders.medisumcode import NAME, REPORT, Built, build_medisumcode
from backend.datasets.catalog import read_rows
from backend.datasets.medisumcode import MEDISUMCODE, read_medisumcode
from backend.datasets.mimic import DIAGNOSES, DISCHARGE, CsvTable
from backend.errors import DataMissing
from tests.backend.builders.tables import Row, letter, write_diagnoses, write_notes

DIAGNOSED = [
    (1, 2, "0389", 9),
    (1, 1, "4019 ", 9),
    (1, 3, "4011", 9),
    (2, 1, "70720", 9),
    (4, 1, "E999", 10),
    (4, 2, "M1A0710", 10),
    (5, 1, "0399", 9),
    (6, 1, "I10", 10),
]
ROWS = [
    Row(number=1),
    Row(number=2),
    Row(number=3),
    Row(number=4, text=letter('odd: "{}", \u00e9')),
    Row(number=5, note_seq=9, text="the second letter"),
    Row(number=5, note_seq=3, text="the first letter"),
    Row(number=6, note_type="AD"),
    Row(number=6, text=" \n "),
    Row(number=7, hadm_id=""),
    Row(number=8, note_type="XX"),
]


def build(folder: Path, rows: list[Row] = ROWS, diagnosed: list[Any] = DIAGNOSED, **options: Any) -> Built:
    notes = CsvTable(write_notes(folder / "discharge.csv", rows), DISCHARGE)
    diagnoses = CsvTable(write_diagnoses(folder / "diagnoses_icd.csv.gz", diagnosed), DIAGNOSES)
    return build_medisumcode(notes=notes, diagnoses=diagnoses, folder=folder / "medisumcode", **options)


def records(built: Built) -> dict[str, dict[str, Any]]:
    lines = built.path.read_text(encoding="utf-8").splitlines()
    return {record["note_id"]: record for record in map(json.loads, lines)}


def test_letters_come_with_their_codes_in_order_each_once(tmp_path: Path) -> None:
    found = records(build(tmp_path))
    assert {note_id: [code["code"] for code in record["icd_codes"]] for note_id, record in found.items()} == {
        "19000001-DS-2": ["I10", "A41.9"],
        "19000004-DS-2": ["M1A.0710"],
        "19000005-DS-3": ["B47.1"],
    }
    first = found["19000001-DS-2"]
    assert list(first) == ["note_id", "hadm_id", "text", "icd_codes"]
    assert (first["hadm_id"], first["text"]) == ("29000001", letter(number=1))
    assert first["icd_codes"][0] == {"code": "I10", "description": "Essential (primary) hypertension"}
    assert found["19000004-DS-2"]["text"] == letter('odd: "{}", \u00e9')
    assert found["19000005-DS-3"]["text"] == "the first letter"


def test_everything_left_out_is_counted_under_its_reason(tmp_path: Path) -> None:
    built = build(tmp_path)
    assert built.report["notes"] == {
        "rows": 10,
        "addenda": 1,
        "of_other_types": 1,
        "without_admission": 1,
        "empty": 1,
        "letters": 6,
        "further_letters_of_an_admission": 1,
        "admissions": 5,
        "admissions_without_diagnoses": 1,
        "admissions_without_a_kept_code": 1,
        "admissions_to_draw": 3,
    }
    assert built.report["diagnoses"]["in_the_file"] == {
        "rows": 8,
        "kept": 6,
        "no_code": 0,
        "unknown_version": 0,
        "unknown_icd9": 0,
        "no_icd10_equivalent": 1,
        "not_in_release": 1,
        "mapped_from_icd9": 4,
        "mapped_to_one_of_several": 1,
        "mapped_to_one_of_several_categories": 1,
    }
    taken = built.report["diagnoses"]["of_the_letters"]
    assert (taken["rows"], taken["kept"], taken["duplicate"], taken["codes"]) == (6, 5, 1, 4)


def test_the_report_holds_what_is_needed_to_make_it_again(tmp_path: Path) -> None:
    built = build(tmp_path, count=2, seed=7)
    report = json.loads((tmp_path / "medisumcode" / REPORT).read_text(encoding="utf-8"))
    assert report == built.report
    assert (report["asked_for"], report["written"], report["seed"]) == (2, 2, 7)
    assert report["note_ids"] == list(records(built)) and len(report["note_ids"]) == 2
    plain = (tmp_path / "discharge.csv").read_bytes()
    assert report["inputs"]["discharge.csv"] == {"sha256": sha256(plain).hexdigest(), "rows": 10}
    assert report["inputs"]["diagnoses_icd.csv.gz"]["rows"] == 8
    assert report["output"] == {"name": NAME, "sha256": sha256(built.path.read_bytes()).hexdigest()}
    assert {"python", "icd10cm_release", "icd10cm_package", "icd9_mapping"} <= set(report["versions"])
    text = json.dumps(report)
    assert "Ms." not in text and "pneumonia" not in text.lower()


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    rows = [Row(number=n, note_seq=seq) for n in range(60) for seq in (2, 4)]
    diagnosed = [(n, place, code, 10) for n in range(60) for place, code in ((1, "I10"), (2, "E119"), (3, "A419"))]
    first = build(tmp_path / "first", rows, diagnosed, count=20)
    random.Random(1).shuffle(rows)
    random.Random(2).shuffle(diagnosed)
    second = build(tmp_path / "second", rows, diagnosed, count=20)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert build(tmp_path / "third", rows, diagnosed, count=20, seed=45).path.read_bytes() != first.path.read_bytes()


def test_only_the_drawn_letters_are_held(tmp_path: Path) -> None:
    build(tmp_path / "warm", [Row(number=1)], [(1, 1, "I10", 10)])
    rows = (Row(number=n, text="cough " * 4000) for n in range(600))
    notes = CsvTable(write_notes(tmp_path / "discharge.csv", rows), DISCHARGE)
    diagnoses = CsvTable(write_diagnoses(tmp_path / "d.csv", [(n, 1, "I10", 10) for n in range(600)]), DIAGNOSES)
    tracemalloc.start()
    built = build_medisumcode(notes=notes, diagnoses=diagnoses, folder=tmp_path, count=20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert built.written == 20 and peak < notes.path.stat().st_size / 2


def test_what_was_built_can_be_read_and_replaces_what_was_there_on_purpose(tmp_path: Path) -> None:
    for seed in (1, 2):
        build(tmp_path, count=2, seed=seed)
        rows, digest = read_rows(MEDISUMCODE, tmp_path, read_medisumcode)
        assert len(rows) == 2 and rows[0]["icd_codes"]
        assert digest == sha256((tmp_path / "medisumcode" / NAME).read_bytes()).hexdigest()


def test_nobody_else_can_read_it_and_nothing_unfinished_stays(tmp_path: Path) -> None:
    folder = build(tmp_path).path.parent
    assert {path.name for path in folder.iterdir()} == {NAME, REPORT, f"{NAME}.sha256"}
    assert {(folder / name).stat().st_mode & 0o777 for name in (NAME, REPORT)} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_tables_that_do_not_belong_together_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"No letter .* has a code .* same release"):
        build(tmp_path, diagnosed=[(99, 1, "I10", 10)])
    with pytest.raises(DataMissing, match=r"No letter"):
        build(tmp_path, diagnosed=[])
    assert not (tmp_path / "medisumcode").exists()


@pytest.mark.parametrize("spoiled", [(2**33, 1, "I10", 10), (1, 5000, "I10", 10), (1, -1, "I10", 10)])
def test_a_row_that_cannot_be_mimics_is_named(tmp_path: Path, spoiled: tuple[int, int, str, int]) -> None:
    with pytest.raises(DataMissing, match="row 3: its hadm_id or seq_num is none of MIMIC's"):
        build(tmp_path, diagnosed=[(1, 1, "I10", 10), spoiled])


@pytest.mark.parametrize("hadm_id", ["unknown", "4294967295", "99999999999999", "-1", "\u00b2"])
def test_a_letter_of_an_odd_admission_has_no_codes(tmp_path: Path, hadm_id: str) -> None:
    built = build(tmp_path, [Row(number=1), Row(number=2, hadm_id=hadm_id)], [(1, 1, "I10", 10)])
    assert built.report["notes"]["admissions_without_diagnoses"] == 1 and built.written == 1
