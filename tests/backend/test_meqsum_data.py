"""MeQSum's workbook is read as it stands, and whatever else lies under its name is refused with what to do."""

import gzip
import hashlib
import random
from pathlib import Path

import pytest

from backend.datasets.catalog import locate, read_rows
from backend.datasets.meqsum import MEQSUM, read_meqsum
from backend.datasets.sampling import shot_indices, with_shots
from backend.domain import Example, Window
from backend.errors import DataMissing
from backend.tasks.meqsum import TASK
from tests.workbooks import ODD, MeqsumData, write_workbook

ORDER_SHA256 = "b833610476e9b28a9f1ab8ddb4899a4acafd52ad26d116e5f0ce559531415cca"
REMEDY = "python app.py data fetch"


def test_a_thousand_rows_are_read_and_997_scored(meqsum_data: MeqsumData) -> None:
    rows = read_meqsum(locate(MEQSUM, meqsum_data.folder))
    assert len(rows) == 1000 and len({row["File"] for row in rows}) == 1000
    if meqsum_data.genuine:
        dataset = TASK.load(meqsum_data.folder)
        assert (len(dataset.examples), dataset.sha256) == (997, MEQSUM.sha256)
        shown = dataset.examples[0].shots
        assert [shot.id for shot in shown] == ["12479.txt", "1-135820815.xml.txt", "10263.xml.txt"]
        assert [shot.id for shot in shown] == [rows[index]["File"] for index in (852, 836, 280)]
        assert not {shot.id for shot in shown} & {example.id for example in dataset.examples}
    else:
        with pytest.raises(DataMissing, match="is not the published file: its SHA-256 begins .*" + REMEDY):
            TASK.load(meqsum_data.folder)
        examples = [Example(id=row["File"], fields={}, reference="x", cluster=row["File"]) for row in rows]
        assert len(with_shots(examples, 3)) == 997


def test_the_shuffled_order_is_the_published_one(meqsum_data: MeqsumData) -> None:
    rows = read_meqsum(locate(MEQSUM, meqsum_data.folder))
    order = list(range(len(rows)))
    random.Random(1).shuffle(order)
    assert order[:6] == [852, 836, 280, 575, 208, 609] and order[-2:] == [582, 137]
    named = hashlib.sha256("\n".join(rows[index]["File"] for index in order).encode()).hexdigest()
    assert (named == ORDER_SHA256) is meqsum_data.genuine


@pytest.mark.parametrize(
    ("rows", "shots", "indices"),
    [
        (1000, 3, [852, 836, 280]),
        (1422, 3, [360, 544, 1303]),
        (237, 3, [168, 87, 179]),
        (416, 1, [395]),
        (500, 1, [376]),
    ],
)
def test_the_shots_of_each_file_are_the_published_ones(rows: int, shots: int, indices: list[int]) -> None:
    assert shot_indices(rows, shots) == indices


def test_braces_and_hard_blanks_reach_the_prompt_unchanged(meqsum_data: MeqsumData) -> None:
    rows = read_meqsum(locate(MEQSUM, meqsum_data.folder))
    odd = [row for row in rows if "{" in row["CHQ"] or "\u00a0" in row["CHQ"]]
    assert any("{girl}" in row["CHQ"] for row in odd) and any("\u00a0" in row["CHQ"] for row in odd)
    if meqsum_data.genuine:
        assert "{girl}" in rows[412]["CHQ"] and "\n" in rows[558]["Summary"]
    for row in odd:
        inquiry = row["CHQ"].strip()
        example = Example(id="x", fields={"inquiry": inquiry}, reference="", cluster="x")
        assert inquiry in TASK.ask(example, Window(None, len)).messages[-1].content


def test_cells_are_read_as_text_exactly_as_they_stand(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "book.xlsx", [("1.txt", ODD[1], " NA "), (2, "a b", "null"), ("3", 39.5, "None")])
    assert read_meqsum(path)[0] == {"File": "1.txt", "CHQ": ODD[1], "Summary": " NA "}
    assert [row["Summary"] for row in read_meqsum(path)] == [" NA ", "null", "None"]
    assert read_meqsum(path)[2]["CHQ"] == "39.5"


def test_a_compressed_workbook_is_read(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "book.xlsx", [("1.txt", "Is it?", "It?")])
    packed = tmp_path / "book.xlsx.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_meqsum(packed) == read_meqsum(path)


def test_a_web_page_saved_as_a_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "MeQSum" / MEQSUM.name
    path.parent.mkdir()
    path.write_text("<!doctype html><title>abachaa/MeQSum</title>")
    with pytest.raises(DataMissing, match=r"cannot be read as an Excel workbook \(BadZipFile\).*" + REMEDY):
        read_meqsum(path)
    with pytest.raises(DataMissing, match="A web page saved under the file's name is the usual cause.*" + REMEDY):
        read_rows(MEQSUM, tmp_path, read_meqsum)


def test_a_workbook_without_the_columns_is_refused(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "book.xlsx", [("a", "b", "c")], header=("File", "Question", "Summarised"))
    with pytest.raises(DataMissing, match="lacks the columns CHQ, Summary.*" + REMEDY):
        read_meqsum(path)


@pytest.mark.parametrize("blank", [None, "", "  ", "\u00a0\n"])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_an_empty_cell_is_refused_by_its_row(tmp_path: Path, column: int, blank: str | None) -> None:
    row: list[str | None] = ["2.txt", "Is it gout?", "Is it gout?"]
    row[column] = blank
    path = write_workbook(tmp_path / "book.xlsx", [("1.txt", "a", "b"), row])
    with pytest.raises(DataMissing, match=f"row 3: {('File', 'CHQ', 'Summary')[column]} is empty.*{REMEDY}"):
        read_meqsum(path)


def test_a_name_that_comes_twice_is_refused_by_its_row(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "book.xlsx", [("1.txt", "a", "b"), ("2.txt", "a", "b"), ("1.txt", "c", "d")])
    with pytest.raises(DataMissing, match=r"row 4: its File has come before.*" + REMEDY):
        read_meqsum(path)


def test_a_workbook_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"has no rows.*" + REMEDY):
        read_meqsum(write_workbook(tmp_path / "book.xlsx", []))


def read_or_refusal(path: Path) -> list[dict[str, str]] | str:
    """The rows, or the remedy that the refusal names."""
    try:
        return read_meqsum(path)
    except DataMissing as refusal:
        return REMEDY if REMEDY in str(refusal) else str(refusal)


def test_a_damaged_workbook_is_refused_wherever_it_is_damaged(tmp_path: Path) -> None:
    whole = write_workbook(tmp_path / "book.xlsx", [(f"{n}.txt", f"Is it {n}?", "Is it?") for n in range(50)])
    content, rows = whole.read_bytes(), read_meqsum(whole)
    damaged = tmp_path / "damaged.xlsx"
    for share in range(0, 100, 4):
        damaged.write_bytes(content[: len(content) * share // 100])
        with pytest.raises(DataMissing, match=REMEDY):
            read_meqsum(damaged)
    for place in range(0, len(content), 97):
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        assert read_or_refusal(damaged) in (rows, REMEDY), "damage that is not noticed changes nothing"


def test_a_file_that_is_not_there_is_asked_for_with_where_and_how(tmp_path: Path) -> None:
    with pytest.raises(DataMissing) as caught:
        TASK.load(tmp_path)
    assert all(part in str(caught.value) for part in (MEQSUM.name, str(tmp_path), *MEQSUM.places, REMEDY))
