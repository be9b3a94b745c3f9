"""Every odd case of MedNLI, MeQSum, Problem Summary, LongHealth and the scripted replies occurs."""

import hashlib
import json
import re
from codecs import BOM_UTF8
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.rehearsal import Odd, Scale, odd_replies, write_rehearsal
from tests.backend import rehearsal_files as files

OPTIONS = ("answer_a", "answer_b", "answer_c", "answer_d", "answer_e")
LONGHEALTH_TOKENS, CHARACTERS_PER_TOKEN = 8_140, 3.5
Row = dict[str, Any]


@pytest.fixture(scope="module")
def folder(rehearsal_with_oddities: Path) -> Path:
    return rehearsal_with_oddities


@pytest.fixture(scope="module")
def pairs(folder: Path) -> list[Row]:
    return files.read_lines(folder / files.MEDNLI)


@pytest.fixture(scope="module")
def inquiries(folder: Path) -> list[Row]:
    header, *rows = files.read_sheet(folder / files.MEQSUM)
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def progress(folder: Path) -> list[Row]:
    return files.read_table(folder / files.PROBLEM_SUMMARY)


@pytest.fixture(scope="module")
def patients(folder: Path) -> dict[str, Row]:
    patients: dict[str, Row] = json.loads((folder / files.LONGHEALTH).read_text(encoding="ascii"))
    return patients


@pytest.fixture(scope="module")
def asked(patients: dict[str, Row]) -> list[Row]:
    return [question for patient in patients.values() for question in patient["questions"]]


def digest(rows: list[Row], *keys: str) -> str:
    """Of these keys of the rows as canonical JSON."""
    chosen = [{key: row[key] for key in keys} for row in rows]
    text = json.dumps(chosen, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# MedNLI's pairs


def test_the_thirty_bundled_pairs_come_first_and_stay_what_they_were(pairs: list[Row]) -> None:
    assert digest(pairs[:30], "pairID", "sentence1", "sentence2", "gold_label") == "aa6518d45528dd38"


def test_every_premise_comes_with_each_label(pairs: list[Row]) -> None:
    labels: dict[str, list[str]] = {}
    for pair in pairs:
        labels.setdefault(pair["sentence1"], []).append(pair["gold_label"])
    assert len(labels) == 14
    assert all(sorted(each) == ["contradiction", "entailment", "neutral"] for each in labels.values())


def test_pairs_have_all_eight_keys_and_a_uuid(pairs: list[Row]) -> None:
    trees = {f"sentence{number}{kind}" for number in (1, 2) for kind in ("_parse", "_binary_parse")}
    assert all(set(pair) == {"pairID", "gold_label", "sentence1", "sentence2", *trees} for pair in pairs)
    assert len({pair["pairID"] for pair in pairs}) == len(pairs)
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", pair["pairID"]) for pair in pairs)


def test_parses_are_balanced_brackets_with_escapes(pairs: list[Row]) -> None:
    trees = [pair[key] for pair in pairs for key in pair if key.endswith("_parse")]
    assert all(tree.count("(") == tree.count(")") > 2 for tree in trees)
    assert any("-LSB-" in tree for tree in trees) and any("-LCB-" in tree for tree in trees)
    assert all(pair["sentence1_parse"].startswith("(ROOT (S ") for pair in pairs)


def test_a_long_premise_marks_braces_less_than_and_ampersand(pairs: list[Row]) -> None:
    premises = [pair["sentence1"] for pair in pairs]
    assert sum(files.words(premise) > 150 for premise in premises) == 3
    assert all(any(mark in premise for premise in premises) for mark in ("[**2151-3-4**]", "{", "< ", " & "))


def test_a_byte_order_mark_and_blank_lines(folder: Path, pairs: list[Row]) -> None:
    content = (folder / Odd.MEDNLI_WITH_BYTE_ORDER_MARK).read_bytes()
    assert content.startswith(BOM_UTF8) and b"\n\n" in content
    assert [json.loads(line) for line in content.decode("utf-8-sig").split("\n") if line] == pairs


# MeQSum's inquiries


def test_the_thirty_bundled_inquiries_stay_what_they_were(inquiries: list[Row]) -> None:
    assert digest(inquiries, "File", "CHQ", "Summary") == "1e8f62bd080de3b5" and len(inquiries) == 30


def test_the_workbook_has_one_sheet_of_strings_under_three_headers(folder: Path) -> None:
    rows = files.read_sheet(folder / files.MEQSUM)
    assert rows[0] == ("File", "CHQ", "Summary")
    assert all(isinstance(cell, str) and cell for row in rows for cell in row)


def test_placeholders_braces_and_edge_blanks(inquiries: list[Row]) -> None:
    assert all(any(mark in row["CHQ"] for row in inquiries) for mark in ("[NAME]", "[LOCATION]", "{even at rest}"))
    assert any(row["Summary"] != row["Summary"].strip() for row in inquiries)


def test_at_full_scale_the_oddities_of_the_published_workbook_occur(tmp_path: Path) -> None:
    write_rehearsal(tmp_path, Scale.FULL)
    rows = files.read_sheet(tmp_path / files.MEQSUM)[1:]
    texts, summaries = [row[1] for row in rows], [row[2] for row in rows]
    assert all(
        any(mark in text for text in texts) for mark in ("{girl}", "&quot;", "\u00a0", "ı", "https://", "[DATE]")
    )
    assert any("\n" in summary for summary in summaries) and any("\u00a0" in summary for summary in summaries)
    assert len(set(summaries)) < len(summaries) and any(map(len, summaries))


def test_a_page_saved_under_a_workbooks_name(folder: Path) -> None:
    assert all(
        (folder / odd).read_text().startswith("<!DOCTYPE html>") for odd in (Odd.MEQSUM_PAGE, Odd.LONGHEALTH_PAGE)
    )


# Problem Summary's notes


def test_progress_notes_have_the_headers_of_the_test_file(progress: list[Row]) -> None:
    assert list(progress[0]) == ["File ID", "Subjectives", "Objectives", "Assessment", "Summary"]


def test_summaries_are_one_to_five_problems(progress: list[Row]) -> None:
    counts = Counter(len([name for name in row["Summary"].split(";") if name.strip()]) for row in progress)
    assert set(counts) == {1, 2, 3, 4, 5}


def test_a_trailing_semicolon_and_irregular_blanks(progress: list[Row]) -> None:
    summaries = [row["Summary"] for row in progress]
    assert sum(summary.endswith(";") for summary in summaries) == 1
    assert sum(bool(re.search(r"\w ;\w[^;]*;\w", summary)) for summary in summaries) == 1


def test_empty_subjectives_and_long_ones_of_two_thousand_words(progress: list[Row]) -> None:
    lengths = sorted(files.words(row["Subjectives"]) for row in progress)
    assert lengths[0] == 0 < lengths[1] and lengths[-2] < 200 and 2_000 <= lengths[-1] < 2_100
    assert all(row["Summary"].strip() and row["Assessment"].strip() for row in progress)


def test_tabs_line_feeds_quotes_and_marks_in_the_cells(progress: list[Row]) -> None:
    assert all("\t" in row["Objectives"] and "\n" in row["Objectives"] for row in progress)
    assert any('"' in row["Subjectives"] for row in progress) and any("[**" in row["Subjectives"] for row in progress)


def test_the_train_files_headers(folder: Path, progress: list[Row]) -> None:
    rows = files.read_table(folder / Odd.PROBSUM_TRAIN_HEADERS)
    assert list(rows[0]) == ["File ID", "Assessment", "Summary", "Subjective Sections", "Objective Sections"]
    assert [row["Subjective Sections"] for row in rows] == [row["Subjectives"] for row in progress[:4]]


def test_an_empty_summary_and_a_missing_column(folder: Path) -> None:
    empty = [not row["Summary"] for row in files.read_table(folder / Odd.PROBSUM_EMPTY_SUMMARY)]
    assert empty == [False, True, False, False]
    assert "Assessment" not in files.read_table(folder / Odd.PROBSUM_WITHOUT_ASSESSMENT)[0]


# LongHealth's patients


def options(question: Row) -> list[str]:
    return [question[option] for option in OPTIONS]


def first_containing(question: Row) -> int | None:
    """Where the reference finds its gold: the first option that contains the right text."""
    found = [place for place, option in enumerate(options(question)) if question["correct"] in option]
    return found[0] if found else None


def test_patients_and_questions_have_their_keys_in_order(patients: dict[str, Row], asked: list[Row]) -> None:
    assert list(patients) == ["patient_01", "patient_02", "patient_03"]
    keys = ["texts", "name", "birthday", "diagnosis", "questions", "canaray-string"]
    assert all(list(patient) == keys for patient in patients.values())
    assert all(
        list(patient["texts"]) == [f"text_{n}" for n in range(len(patient["texts"]))] for patient in patients.values()
    )
    assert {len(patient["texts"]) for patient in patients.values()} == {3, 4, 5}
    assert all(list(question) == ["No", "question", *OPTIONS, "correct", "answer_location"] for question in asked)
    assert [question["No"] for question in asked] == [*range(8)] * 3


def test_the_canary_of_longhealth_is_not_the_published_one(patients: dict[str, Row]) -> None:
    assert {patient["canaray-string"] for patient in patients.values()} == {
        "LongHealth:0000:invented-for-rehearsal-not-the-benchmark"
    }


def test_a_record_over_and_a_record_under_the_budget(patients: dict[str, Row]) -> None:
    tokens = [sum(map(len, patient["texts"].values())) / CHARACTERS_PER_TOKEN for patient in patients.values()]
    assert max(tokens) > 1.5 * LONGHEALTH_TOKENS and min(tokens) < 0.5 * LONGHEALTH_TOKENS


def test_the_evidence_is_where_the_location_says(patients: dict[str, Row]) -> None:
    for patient in patients.values():
        for question in patient["questions"]:
            for key, spans in question["answer_location"].items():
                text = patient["texts"][key]
                cut = [text[round(a * len(text)) : round(b * len(text))] for a, b in zip(*spans.values(), strict=True)]
                told = question["correct"].strip().replace("  ", " ")
                assert len(cut) > 1000 or told in cut[0] or cut[0].rstrip(".") in told


def test_a_right_text_inside_an_earlier_option(asked: list[Row]) -> None:
    hidden = [
        question
        for question in asked
        if question["correct"] in options(question)
        and first_containing(question) != options(question).index(question["correct"])
    ]
    assert hidden[0] is asked[0]


def test_a_right_option_offered_twice(asked: list[Row]) -> None:
    assert [options(question).count(question["correct"]) for question in asked].count(2) == 1
    assert asked[1]["answer_c"] == asked[1]["answer_d"] == asked[1]["correct"]


def test_a_right_text_with_a_trailing_blank_that_no_option_contains(asked: list[Row]) -> None:
    missed = [question for question in asked if first_containing(question) is None]
    assert missed == [asked[2]] and missed[0]["correct"].endswith(" ")
    assert missed[0]["correct"].strip() in options(missed[0])


def test_an_exploded_location_in_a_question_on_several_texts(asked: list[Row]) -> None:
    exploded = [q for q in asked if any(len(spans["start"]) == 3_000 for spans in q["answer_location"].values())]
    assert len(exploded) == 2 and all(len(question["answer_location"]) == 3 for question in exploded)


def test_double_blanks_in_an_option_and_a_question_that_ends_with_a_blank(asked: list[Row]) -> None:
    assert "  " in asked[4]["correct"] and asked[4]["correct"] in options(asked[4])
    assert asked[5]["question"].endswith("? ")


def test_every_other_question_has_exactly_one_right_option(asked: list[Row]) -> None:
    for question in asked:
        assert options(question).count(question["correct"].strip()) == (2 if question is asked[1] else 1)
        assert len(set(options(question))) == (4 if question is asked[1] else 5)


def test_residue_of_the_conversion_is_in_the_texts(patients: dict[str, Row]) -> None:
    texts = "".join(text for patient in patients.values() for text in patient["texts"].values())
    residue = ("[Evaluation]{.underline}", "**Technique:**", '\\"', "**Dear colleague, ****Dear colleague, **", "-----")
    assert all(mark in texts for mark in residue)


def test_the_file_is_indented_by_four_and_escaped_to_ascii(folder: Path) -> None:
    content = (folder / files.LONGHEALTH).read_bytes()
    assert content.startswith(b'{\n    "patient_01": {\n        "texts": {') and b"\\u00b0C" in content


# Replies of models


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("empty string", ""),
        ("exact gold", "I10"),
        ("gold twice", "I10 I10"),
        ("two labels", "neutral or entailment"),
        ("lower case", "i10"),
        ("full stop for a colon", "The correct answer is B."),
        ("bold letter", "The correct answer is **B**:"),
        ("letter without a document", "F"),
        ("range of codes", "I10-I16"),
        ("duplicated codes", "I10, I10, E11.9"),
    ],
)
def test_the_odd_replies_are(kind: str, text: str) -> None:
    assert odd_replies("I10")[kind] == text


def test_the_other_odd_replies_are_of_their_kind() -> None:
    replies = odd_replies("Gold")
    assert len(replies) == 20 and len(set(replies.values())) == 20
    assert replies["white space"] and not replies["white space"].strip()
    assert "cannot help" in replies["refusal"] and replies["sentence asked for"].startswith("The correct answer is B: ")
    assert "E11.65" in replies["dotted codes"] and "E1165" in replies["undotted codes"]
    assert replies["lower case codes"] == replies["dotted codes"].lower()
    assert {"B12", "T10"} <= set(re.findall(r"\w+", replies["prose with look-alikes"]))
    assert files.words(replies["run-on"]) == 512 and not replies["non-ASCII"].isascii()
    assert replies["chat template residue"].startswith("Gold<|im_end|>")
