"""MedNLI's file is read in every spelling JSON allows, and refused by line number without a word of its text."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.mednli import MEDNLI, read_mednli
from backend.errors import DataMissing
from backend.tasks.mednli import TASK
from tests.backend.saved import WAYS, save

REMEDY = "PhysioNet"


def record(number: int, **changed: Any) -> dict[str, Any]:
    """An invented pair with all eight keys of the format."""
    label = ("entailment", "neutral", "contradiction")[number % 3]
    sentence = f"Invented premise {number // 3} with [**2151-3-4**], {{braces}}, <3 & more."
    trees = dict.fromkeys(("sentence1_parse", "sentence2_parse", "sentence1_binary_parse"), "(ROOT (-LRB- -LRB-))")
    return {
        "pairID": f"pair-{number}",
        "sentence1": sentence,
        "sentence2": f"Invented hypothesis {number}",
        "gold_label": label,
        **trees,
        **changed,
    }


def write(path: Path, *lines: dict[str, Any] | str | bytes) -> Path:
    encoded = [
        line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode()
        for line in lines
    ]
    path.write_bytes(b"\n".join(encoded) + b"\n")
    return path


@pytest.mark.parametrize("way", WAYS)
def test_the_pairs_are_the_same_however_they_were_saved(tmp_path: Path, way: str) -> None:
    rows = read_mednli(save(tmp_path, MEDNLI.name, [record(n) for n in range(6)], way))
    assert [row["pairID"] for row in rows] == [f"pair-{n}" for n in range(6)]
    assert rows[0]["sentence1"] == record(0)["sentence1"]
    assert set(rows[0]) == {"pairID", "sentence1", "sentence2", "gold_label"}


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085"])
def test_a_line_of_json_may_hold_what_other_formats_break_lines_at(tmp_path: Path, separator: str) -> None:
    sentence = f"Fever{separator}since Monday"
    line = json.dumps(record(0, sentence1=sentence), ensure_ascii=False)
    assert read_mednli(write(tmp_path / "mednli.jsonl", line, record(1)))[0]["sentence1"] == sentence


@pytest.mark.parametrize("label", ["Entailment", " NEUTRAL "])
def test_a_label_may_be_written_large(tmp_path: Path, label: str) -> None:
    rows = read_mednli(write(tmp_path / "mednli.jsonl", record(0, gold_label=label)))
    assert rows[0]["gold_label"] == label.strip().lower()


SECRET = "the secret premise"


@pytest.mark.parametrize(
    "line",
    [
        f'{{"sentence1": "{SECRET}',
        f'["{SECRET}"]',
        f'"{SECRET}"',
        "null",
        "[" * 100_000,
        json.dumps({"sentence1": SECRET}),
        record(1, sentence1=None, sentence2=SECRET),
        record(1, sentence1=SECRET, sentence2="  "),
        record(1, sentence1={"text": SECRET}),
        json.dumps(record(1, sentence1=SECRET)).encode() + b"\xff",
    ],
)
def test_a_line_that_is_no_record_is_named_by_its_number_alone(
    tmp_path: Path, line: dict[str, Any] | str | bytes
) -> None:
    path = write(tmp_path / "mednli.jsonl", record(0), "", line, record(2))
    with pytest.raises(
        DataMissing, match=f"line 3 (is not a JSON object|has no text for .*sentence).*{REMEDY}"
    ) as caught:
        read_mednli(path)
    assert SECRET not in str(caught.value) and caught.value.__context__ is None


@pytest.mark.parametrize("label", ["-", "maybe", SECRET])
def test_an_unknown_label_is_named_by_its_line_alone(tmp_path: Path, label: str) -> None:
    with pytest.raises(DataMissing, match=f"line 2: the label is not one of entailment.*{REMEDY}") as caught:
        read_mednli(write(tmp_path / "mednli.jsonl", record(0), record(1, gold_label=label)))
    assert SECRET not in str(caught.value)


def test_a_pair_that_comes_twice_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=f"line 3: its pairID has come before.*{REMEDY}"):
        read_mednli(write(tmp_path / "mednli.jsonl", record(0), record(1), record(4, pairID="pair-0")))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=f"is empty.*{REMEDY}"):
        read_mednli(write(tmp_path / "mednli.jsonl", "", " "))


@pytest.mark.parametrize("place", MEDNLI.places)
def test_the_file_is_found_in_each_of_its_places_and_premises_are_clusters(tmp_path: Path, place: str) -> None:
    save(tmp_path / place, MEDNLI.name, [record(n) for n in range(1422)])
    dataset = TASK.load(tmp_path)
    shown = dataset.examples[0].shots
    assert [shot.id for shot in shown] == ["pair-360", "pair-544", "pair-1303"]
    assert (dataset.rows, len(dataset.examples)) == (1422, 1422 - 3 * 3), "every pair of a shown premise is left out"
    assert not {shot.cluster for shot in shown} & {example.cluster for example in dataset.examples}


def test_the_training_pairs_are_refused(tmp_path: Path) -> None:
    save(tmp_path, MEDNLI.name, [record(n) for n in range(30)])
    with pytest.raises(DataMissing, match=f"holds 30 records, mli_test_v1.jsonl as published 1,422.*{REMEDY}"):
        TASK.load(tmp_path)


def test_a_missing_file_is_asked_for_with_where_and_how(tmp_path: Path) -> None:
    with pytest.raises(DataMissing) as caught:
        TASK.load(tmp_path)
    assert all(part in str(caught.value) for part in (MEDNLI.name, str(tmp_path), "10.13026/C2RS98"))
