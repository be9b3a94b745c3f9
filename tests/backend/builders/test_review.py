"""The review file survives a spreadsheet, and what is wrong in it is said by row."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backend.builders.pairs import Pair
from backend.builders.review import COLUMNS, guarded, read_review, review_text, rows_named, unguarded
from backend.errors import UsageError

PAIRS = [
    Pair(id="n/1", note_id="n", question='Why "the" pills, and when?', answer="Take 5; not 6.", statement="It is so."),
    Pair(id="n/2", note_id="n", question="=1+1 is what?", answer="-2 is \u00e9", statement="@home"),
]


def edited(path: Path, rows: list[list[str]], separator: str = ",", encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=separator).writerows(rows)
    return path


def test_what_was_written_is_read_again_undecided(tmp_path: Path) -> None:
    path = tmp_path / "review.csv"
    path.write_bytes(review_text(PAIRS).encode())
    rows = read_review(path)
    assert [(row.row, row.keep, row.category) for row in rows] == [(2, None, ""), (3, None, "")]
    assert [(row.id, row.note_id, row.question, row.answer) for row in rows] == [
        (pair.id, pair.note_id, pair.question, pair.answer) for pair in PAIRS
    ]


def test_a_spreadsheet_sees_utf_8_and_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "review.csv"
    path.write_bytes(review_text(PAIRS).encode())
    assert path.read_bytes().startswith(b"\xef\xbb\xbfkeep,question,answer,category,note_id,statement,id\r\n")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]


@given(some.text())
def test_guarding_a_cell_can_be_undone(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert guarded(cell)[:1] not in ("=", "+", "-", "@", "\t", "\r")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_it_may_come_back_with_other_separators_orders_and_columns(
    tmp_path: Path, separator: str, encoding: str
) -> None:
    header = ["ID", "note_id", "Keep ", "question", "answer", "category", "statement", "remark"]
    row = ["n/1", "n", "Yes", " Why the pills,\nand when? ", "Take 5; not 6.", "drugs", "", "fine"]
    (found,) = read_review(edited(tmp_path / "review.csv", [header, row, [], [""] * 8], separator, encoding))
    assert (found.keep, found.question, found.category) == (True, "Why the pills, and when?", "drugs")


@pytest.mark.parametrize(
    ("cell", "keep"), [("yes", True), ("X", True), (" 1 ", True), ("No", False), ("0", False), ("", None)]
)
def test_a_decision_is_yes_no_or_not_made_yet(tmp_path: Path, cell: str, keep: bool | None) -> None:
    (row,) = read_review(edited(tmp_path / "r.csv", [list(COLUMNS), [cell, "q?", "a", "", "n", "s", "n/1"]]))
    assert row.keep is keep


def test_any_other_decision_is_named_by_row(tmp_path: Path) -> None:
    rows = [[cell, "q?", "a", "", "n", "s", f"n/{n}"] for n, cell in enumerate(["yes", "perhaps", "no", "?"])]
    with pytest.raises(UsageError, match="something else than yes or no in rows 3 and 5"):
        read_review(edited(tmp_path / "review.csv", [list(COLUMNS), *rows]))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "There is no .*Build the pairs first"),
        (b"", "empty or not in UTF-8"),
        ("keep,qu\xe9stion".encode("cp1252"), "CSV UTF-8"),
        (b"PK\x03\x04 a workbook", "does not begin with the columns keep"),
        (b"keep,question,answer\nyes,a,b\n", "does not begin with the columns keep"),
        (b"\n", "does not begin with the columns keep"),
    ],
)
def test_a_file_that_is_no_review_is_refused(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "review.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=says):
        read_review(path)


def test_rows_are_named_as_a_person_would() -> None:
    assert rows_named([7]) == "row 7" and rows_named([3, 5, 12]) == "rows 3, 5 and 12"
    assert rows_named(list(range(2, 30))).endswith("20, 21 and 8 more")
