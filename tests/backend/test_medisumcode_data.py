"""MeDiSumCode is read in either container, its codes in either spelling, and its letters of one stay stay together."""

from pathlib import Path
from typing import Any

import pytest

from backend.datasets.medisumcode import MEDISUMCODE, read_medisumcode
from backend.datasets.rehearsal import MARKER
from backend.domain import Window
from backend.errors import DataMissing
from backend.tasks.medisumcode import TASK
from tests.backend.saved import WAYS, save

REMEDY = "python app.py data build-medisumcode"
SECRET = "the secret letter"
WIDE = Window(None, lambda messages: 0)


def coded(*codes: str) -> list[dict[str, str]]:
    return [{"code": code, "description": f"What {code} means"} for code in codes]


def record(number: int, **changed: Any) -> dict[str, Any]:
    """An invented letter of a stay with two codes."""
    return {
        "note_id": f"{19000001 + number}-DS-2",
        "hadm_id": str(29000001 + number),
        "text": f"\n \nName:  ___\n{number} {{braces}}\n",
        "icd_codes": coded("I10", "E119"),
        **changed,
    }


def rehearse(folder: Path, *records: dict[str, Any]) -> Path:
    """The folder holds these records, marked as invented: any number will do."""
    (folder / MARKER).write_text("")
    save(folder, MEDISUMCODE.name, records)
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_the_letters_are_the_same_however_they_were_saved(tmp_path: Path, way: str) -> None:
    rows = read_medisumcode(save(tmp_path, MEDISUMCODE.name, [record(number) for number in range(5)], way))
    assert rows == [
        {
            "id": f"{19000001 + number}-DS-2",
            "hadm_id": str(29000001 + number),
            "text": f"\n \nName:  ___\n{number} {{braces}}\n",
            "icd_codes": "I10, E11.9",
        }
        for number in range(5)
    ]


@pytest.mark.parametrize("place", MEDISUMCODE.places)
@pytest.mark.parametrize("name", [MEDISUMCODE.name, *MEDISUMCODE.also])
def test_500_letters_are_read_and_499_scored_under_each_name_in_each_place(
    tmp_path: Path, place: str, name: str
) -> None:
    save(tmp_path / place, name, [record(n) for n in range(500)], "array" if name.endswith(".json") else "lines")
    dataset = TASK.load(tmp_path)
    assert (dataset.rows, len(dataset.examples), dataset.anomalies) == (500, 499, ())
    assert [shot.id for shot in dataset.examples[0].shots] == ["19000377-DS-2"]


@pytest.mark.parametrize(
    ("codes", "reference"),
    [
        (("I10",), "I10"),
        (("i10", "e11.9"), "I10, E11.9"),
        (("E119   ", " I10", "I10 ", "E11.9"), "E11.9, I10"),
        (("M1A0710", "Z3A20", "U071", "S0210XA"), "M1A.0710, Z3A.20, U07.1, S02.10XA"),
        ((), ""),
    ],
)
def test_codes_are_dotted_in_capitals_once_each_and_in_order(
    tmp_path: Path, codes: tuple[str, ...], reference: str
) -> None:
    path = save(tmp_path, MEDISUMCODE.name, [record(0, icd_codes=coded(*codes))])
    assert read_medisumcode(path)[0]["icd_codes"] == reference


@pytest.mark.parametrize(
    "listed",
    [
        None,
        "I10",
        {"code": "I10"},
        ["I10"],
        [{"description": SECRET}],
        [{"code": None}],
        [{"code": 389}],
        coded("I10", ""),
        coded("0389"),
        coded("NoDx"),
        coded("I10, E11.9"),
        coded(f"I10 {SECRET}"),
    ],
)
def test_what_is_no_list_of_icd_10_codes_is_named_by_its_place_alone(tmp_path: Path, listed: Any) -> None:
    path = save(tmp_path, MEDISUMCODE.name, [record(0), record(1, icd_codes=listed)])
    with pytest.raises(
        DataMissing, match=f"line 2: its icd_codes are not a list of ICD-10-CM codes.*{REMEDY}"
    ) as caught:
        read_medisumcode(path)
    assert SECRET not in str(caught.value)


def test_letters_without_a_note_id_are_named_by_their_stay(tmp_path: Path) -> None:
    records = [
        {"hadm_id": "29000001", "text": "a", "icd_codes": []},
        record(1, note_id=None),
        record(2, note_id=" ", hadm_id=29000003),
        record(3),
    ]
    rows = read_medisumcode(save(tmp_path, MEDISUMCODE.name, records, "array"))
    assert [row["id"] for row in rows] == ["29000001", "29000002", "29000003", "19000004-DS-2"]
    assert [row["hadm_id"] for row in rows] == ["29000001", "29000002", "29000003", "29000004"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"text": " "}, "line 2 has no text for text"),
        ({"text": [SECRET]}, "line 2 has no text for text"),
        ({"hadm_id": None}, "line 2 has no hadm_id"),
        ({"hadm_id": " ", "text": SECRET}, "line 2 has no hadm_id"),
        ({"note_id": record(0)["note_id"]}, "line 2: its note_id, or hadm_id, has come before"),
    ],
)
def test_a_record_that_is_none_is_named_by_its_place_alone(tmp_path: Path, changed: dict[str, Any], says: str) -> None:
    path = save(tmp_path, MEDISUMCODE.name, [record(0), record(1, **changed)])
    with pytest.raises(DataMissing, match=f"{path.name}, {says}.*{REMEDY}") as caught:
        read_medisumcode(path)
    assert SECRET not in str(caught.value)


def test_letters_without_codes_are_neither_shown_nor_scored_and_counted(tmp_path: Path) -> None:
    records = [record(number, icd_codes=[] if number in (3, 376, 499) else coded("I10")) for number in range(500)]
    save(tmp_path, MEDISUMCODE.name, records)
    dataset = TASK.load(tmp_path)
    # The lot falls on 376 and then 179 (DATA.md, 4.1).
    assert [shot.id for shot in dataset.examples[0].shots] == ["19000180-DS-2"]
    assert (dataset.rows, len(dataset.examples)) == (500, 500 - 3 - 1)
    assert dataset.anomalies == ("Letters without any ICD-10-CM code, neither shown nor scored: 3.",)


def test_another_number_of_letters_is_named_and_not_refused(tmp_path: Path) -> None:
    save(tmp_path, MEDISUMCODE.name, [record(number) for number in range(1200)])
    (sentence,) = TASK.load(tmp_path).anomalies
    assert "holds 1,200 letters" in sentence and "500" in sentence
    assert TASK.load(rehearse(tmp_path, *(record(number) for number in range(32)))).anomalies == ()


def test_two_letters_of_one_stay_are_one_cluster(tmp_path: Path) -> None:
    records = [record(number, hadm_id=f"{29000001 + number // 2}") for number in range(20)]
    examples = TASK.load(rehearse(tmp_path, *records)).examples
    assert len(examples) == 18, "the other letter of the shown one's stay has the same codes"
    assert examples[0].shots[0].cluster not in {example.cluster for example in examples}


def test_a_letter_reaches_the_prompt_unchanged(tmp_path: Path) -> None:
    odd = '{0} {} {unbalanced %s <|im_end|> "quoted" ___ \u00a0µg'
    examples = TASK.load(rehearse(tmp_path, *(record(n, text=f"{n}\n \n{odd}") for n in range(8)))).examples
    for example in examples:
        asked = TASK.ask(example, WIDE).messages[-1].content
        assert asked == f"Discharge letter:\n{example.fields['letter']}\n\nICD-10-CM codes:" and odd in asked


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (" I10, E11.9\n", "I10, E11.9"),
        ("**I10** (hypertension)", "**I10** (hypertension)"),
        ("i10", "i10"),
        ("I10-I16", "I10-I16"),
        ("Vitamin B12 was low.", "Vitamin B12 was low."),
        ("The correct answer is B: it says so.", None),
        ("I cannot help with that.", None),
        ("Hypertension, type 2 diabetes", None),
        ("401.9", None),
        ("", None),
    ],
)
def test_an_answer_is_its_text_unless_no_code_stands_in_it(written: str, read: str | None) -> None:
    assert TASK.answer(written, TASK.specimen) == read


def test_a_missing_file_is_asked_for_with_what_to_build_it_from(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=REMEDY) as caught:
        TASK.load(tmp_path)
    wanted = (MEDISUMCODE.name, str(tmp_path), "MIMIC-IV-Note 2.2", "10.13026/1n74-ne17", "mimiciv/2.2")
    assert all(part in str(caught.value) for part in wanted)
