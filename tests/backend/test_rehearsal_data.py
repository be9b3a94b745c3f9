"""The rehearsal data are invented, odd on purpose, and the same everywhere."""

import json
from pathlib import Path

import pytest

from backend.datasets.mednli import LABELS
from backend.datasets.rehearsal import mednli_rows, meqsum_rows, rows_digest
from backend.domain import Edition
from backend.tasks import all_tasks

DIGESTS = {
    "mednli": "aa6518d45528dd3847a745f783805f7e9e3e06d83f53dcb65a239f8cb2379d39",
    "meqsum": "1e8f62bd080de3b5cdab913286cbc2fa7d3b28a46d05ac58a0dd857c0adc0181",
}


def test_the_rows_are_these_and_no_others() -> None:
    assert {"mednli": rows_digest(mednli_rows()), "meqsum": rows_digest(meqsum_rows())} == DIGESTS


def test_there_are_thirty_of_each_with_names_of_their_own() -> None:
    assert len({row["pairID"] for row in mednli_rows()}) == len({row["File"] for row in meqsum_rows()}) == 30
    assert len({row["CHQ"] for row in meqsum_rows()}) == 30


def test_every_premise_comes_with_each_label() -> None:
    by_premise: dict[str, set[str]] = {}
    for row in mednli_rows():
        by_premise.setdefault(row["sentence1"], set()).add(row["gold_label"])
    assert len(by_premise) == 10 and all(labels == set(LABELS) for labels in by_premise.values())


def test_filling_in_left_no_braces_behind_and_took_none_away() -> None:
    texts = [text for row in meqsum_rows() for text in (row["CHQ"], row["Summary"])]
    assert not [text for text in texts if any(f"{{{name}}}" in text for name in ("topic", "part", "cure", "worry"))]
    assert sum("{even at rest}" in text for text in texts) == 3
    assert any("{dose unchanged since [**2160**]}" in row["sentence1"] for row in mednli_rows())


def test_the_odd_cases_of_the_real_files_occur() -> None:
    rows = json.dumps([*mednli_rows(), *meqsum_rows()])
    assert all(mark in rows for mark in ("[**", "& ", "< ", "[NAME]", "[LOCATION]", "{"))
    assert max(len(row["sentence1"].split()) for row in mednli_rows()) > 150
    assert any(row["Summary"] != row["Summary"].strip() for row in meqsum_rows())


@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_a_rehearsal_needs_no_file_and_carries_the_digest_of_its_rows(name: str, tmp_path: Path) -> None:
    dataset = all_tasks()[name].load(Edition.REHEARSAL, tmp_path / "nothing here")
    assert dataset.sha256 == DIGESTS[name] and "invented" in dataset.source
    assert 20 < len(dataset.examples) < 30
