"""LongHealth's file is read whatever surrounds it, refused with the place that is wrong, and audited by ids alone."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.catalog import read_rows
from backend.datasets.longhealth import LONGHEALTH, PATIENTS, Question, audit, read_longhealth
from backend.errors import DataMissing
from tests.backend.wards import document, full_ward, odd_ward, put, question

REMEDY = "python app.py data fetch"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / LONGHEALTH.name


def by_name(questions: list[Question]) -> dict[str, Question]:
    return {f"{each.patient.id}/{each.number}": each for each in questions}


def test_every_question_is_read_with_its_patient_options_and_evidence(path: Path) -> None:
    path.write_text(json.dumps(odd_ward()))
    questions = by_name(read_longhealth(path))
    assert list(questions) == [f"patient_0{patient}/{number}" for patient in (1, 2, 3) for number in range(4)]
    first, last = questions["patient_01/0"], questions["patient_02/2"]
    assert first.text == "What was found in examination 0?"
    assert first.options == ("Aspirin and heparin", "Aspirin", "Heparin", "Warfarin", "Nothing")
    assert list(first.patient.documents) == ["text_0", "text_1", "text_2"]
    assert first.patient.documents["text_0"] == document("patient_01", "text_0", 500)
    assert first.patient is questions["patient_01/3"].patient
    assert last.locations == last.evidence == ("text_3", "text_2"), "in the order of the file"


def test_the_key_is_the_option_that_equals_the_right_text_and_no_other(path: Path) -> None:
    path.write_text(json.dumps(odd_ward()))
    keys = {name: each.key for name, each in by_name(read_longhealth(path)).items()}
    assert keys["patient_01/0"] == "B", "an earlier option only contains it"
    assert keys["patient_01/1"] == "CD", "two options read the same"
    assert keys["patient_01/2"] == "A", "blanks at the edge are no matter, those inside stay"
    assert keys["patient_03/1"] == "", "part of an option is no option"


def test_of_the_spans_of_an_answer_nothing_is_read(path: Path) -> None:
    ward = odd_ward()
    odd: tuple[Any, ...] = (None, [], {"start": "?"}, 7)
    for number, spans in enumerate(odd):
        ward["patient_01"]["questions"][number]["answer_location"] = {"text_1": spans}
    path.write_text(json.dumps(ward))
    assert {each.evidence for each in read_longhealth(path)[:4]} == {("text_1",)}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marks_of_byte_order_and_encodings_are_no_matter(path: Path, encoding: str) -> None:
    path.write_bytes(json.dumps(odd_ward(), ensure_ascii=False).encode(encoding))
    assert read_longhealth(path)[4].patient.documents["text_0"] == document("patient_02", "text_0", 12_000)


def test_a_compressed_file_is_read_in_each_of_its_places(tmp_path: Path) -> None:
    for place in LONGHEALTH.places:
        folder = tmp_path / place.replace("/", "-").strip(".") / "data"
        put(folder, {})
        (folder / LONGHEALTH.places[0] / LONGHEALTH.name).unlink()
        target = folder / place / f"{LONGHEALTH.name}.gz"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(json.dumps(odd_ward()).encode()))
        assert len(read_rows(LONGHEALTH, folder, read_longhealth)[0]) == 12


@pytest.mark.parametrize(
    "numbers", [[0, 0, 1, 2], [None, 1, 2, 3], ["0", "1", "2", "3"], [True, 2, 3, 4], [-1, 0, 1, 2]]
)
def test_questions_without_numbers_that_tell_them_apart_are_counted(path: Path, numbers: list[Any]) -> None:
    ward = odd_ward()
    for each, number in zip(ward["patient_01"]["questions"], numbers, strict=True):
        each["No"] = number
    path.write_text(json.dumps(ward))
    assert [each.number for each in read_longhealth(path)[:4]] == [0, 1, 2, 3]


def test_questions_keep_their_own_numbers(path: Path) -> None:
    ward = {"p": odd_ward()["patient_01"]}
    ward["p"]["questions"] = [question(number, list("vwxyz"), "v", "text_0") for number in (7, 3)]
    path.write_text(json.dumps(ward))
    assert [each.number for each in read_longhealth(path)] == [7, 3]


Spoil = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda ward: ward["patient_02"].pop("texts"), "patient_02: `texts`"),
        (lambda ward: ward["patient_02"].update(texts={}), "patient_02: `texts`"),
        (lambda ward: ward["patient_02"].update(texts=["a letter"]), "patient_02: `texts`"),
        (lambda ward: ward["patient_02"].update(texts={"text_0": None}), "patient_02: `texts`"),
        (lambda ward: ward["patient_02"]["texts"].update(text_0="half \ud83d"), "patient_02: `texts`"),
        (lambda ward: ward["patient_02"].pop("questions"), "patient_02: `questions`"),
        (lambda ward: ward["patient_02"].update(questions={}), "patient_02: `questions`"),
        (lambda ward: ward["patient_02"].update(questions=["why?"]), "patient_02: `questions`"),
        (lambda ward: ward["patient_02"]["questions"][3].pop("correct"), "patient_02, question 3: correct must"),
        (lambda ward: ward["patient_02"]["questions"][3].pop("question"), "patient_02, question 3: question must"),
        (
            lambda ward: [ward["patient_02"]["questions"][3].pop(f"answer_{letter}") for letter in "ce"],
            "patient_02, question 3: answer_c, answer_e must",
        ),
        (lambda ward: ward["patient_02"]["questions"][3].update(answer_a=5), "patient_02, question 3: answer_a must"),
        (
            lambda ward: ward["patient_02"]["questions"][3].update(answer_b="half \ud83d of a character"),
            "patient_02, question 3: answer_b must",
        ),
        (lambda ward: ward["patient_02"]["questions"][3].update(question=" "), "patient_02, question 3: the question"),
        (
            lambda ward: ward["patient_02"]["questions"][3].update({f"answer_{letter}": "" for letter in "abcde"}),
            "patient_02, question 3: .*all of its options are empty",
        ),
        (lambda ward: ward["patient_02"]["questions"][3].pop("answer_location"), "question 3: answer_location must"),
        (
            lambda ward: ward["patient_02"]["questions"][3].update(answer_location=["text_0"]),
            "question 3: answer_location must",
        ),
        (lambda ward: [ward.pop(name) for name in list(ward)], "holds no patients"),
        (lambda ward: [ward[f"patient_0{n}"].update(questions=[]) for n in (1, 2, 3)], "holds no patients"),
    ],
)
def test_what_is_not_longhealths_is_named_by_patient_and_question(path: Path, spoil: Spoil, sentence: str) -> None:
    ward = odd_ward()
    spoil(ward)
    path.write_text(json.dumps(ward))
    with pytest.raises(DataMissing, match=f"{sentence}.*{REMEDY}"):
        read_longhealth(path)


@pytest.mark.parametrize(
    "content", [b"", b"<!DOCTYPE html><title>GitHub</title>", b'{"patient_01": ', b"\xff\xfe\x00", b"[" * 100_000]
)
def test_a_file_that_is_not_json_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(DataMissing, match=f"is not JSON; a web page.*{REMEDY}"):
        read_longhealth(path)


@pytest.mark.parametrize("content", ["[]", "null", '"patient_01"', "3"])
def test_json_of_another_shape_is_refused(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(DataMissing, match=f"is not LongHealth's.*{REMEDY}"):
        read_longhealth(path)


@pytest.mark.parametrize(
    "damage", [lambda packed: packed[:-20], lambda packed: b"PK" + packed, lambda packed: packed[:12] + b"\xff" * 40]
)
def test_a_damaged_archive_is_refused(path: Path, damage: Callable[[bytes], bytes]) -> None:
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(damage(gzip.compress(json.dumps(odd_ward()).encode())))
    with pytest.raises(DataMissing, match=f"cannot be read.*{REMEDY}"):
        read_longhealth(packed)


def test_the_audit_names_what_is_odd_by_ids(path: Path) -> None:
    path.write_text(json.dumps(odd_ward()))
    assert audit(read_longhealth(path), None) == (
        "patient_01, question 1: options C and D read the same and are right; each of them is accepted.",
        "patient_03, question 1: its key is none of its options, so it is left out.",
        "patient_03, question 2: option E is empty.",
        "patient_03, question 2: its answer is said to be in text_9, which the patient does not have.",
        "patient_03, question 3: no document is named that answers it, so it is left out.",
    )


def test_the_audit_counts_the_patients_of_the_published_file(path: Path) -> None:
    path.write_text(json.dumps(odd_ward()))
    assert audit(read_longhealth(path), PATIENTS)[0] == "The file has 3 patients instead of 20."


def test_a_file_of_full_size_passes_without_remark_and_is_known_from_then_on(tmp_path: Path) -> None:
    folder = put(tmp_path, full_ward(), synthetic=False)
    questions, sha256 = read_rows(LONGHEALTH, folder, read_longhealth)
    assert len(questions) == 400 and audit(questions, PATIENTS) == ()
    note = folder / LONGHEALTH.places[0] / f"{LONGHEALTH.name}.sha256"
    assert note.read_text().split()[0] == sha256
    put(folder, full_ward() | {"about": "changed"}, synthetic=False)
    with pytest.raises(DataMissing, match="has changed since it was first used"):
        read_rows(LONGHEALTH, folder, read_longhealth)


def test_a_smaller_file_is_not_taken_for_the_published_one(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=f"holds 12 records, .* as published 400.*{REMEDY}"):
        read_rows(LONGHEALTH, put(tmp_path, odd_ward(), synthetic=False), read_longhealth)
