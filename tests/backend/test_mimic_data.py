"""MIMIC-IV's tables are read as they are published, and a broken one is named without its text."""

import csv
import gzip
import tracemalloc
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from backend.datasets.mimic import DIAGNOSES, DISCHARGE, CsvTable, Diagnosis, Note, read_diagnoses, read_notes
from backend.errors import DataMissing
from tests.backend.builders.tables import DIAGNOSIS_HEADER, NOTE_HEADER, Row, letter, write_notes, write_table

SECRET = "gout in the big toe"


def notes_of(path: Path) -> list[Note]:
    return list(read_notes(CsvTable(path, DISCHARGE)))


def diagnoses_of(path: Path) -> list[Diagnosis]:
    return list(read_diagnoses(CsvTable(path, DIAGNOSES)))


@pytest.mark.parametrize("name", ["discharge.csv", "discharge.csv.gz"])
def test_letters_keep_every_character_they_have(tmp_path: Path, name: str) -> None:
    text = letter('He said "no", {twice}, then\r\n\n \nslept; 38.5 °C \u2028 ___,')
    rows = [Row(number=1, text=text), Row(number=2, note_type="AD", note_seq=3)]
    table = CsvTable(write_notes(tmp_path / name, rows), DISCHARGE)
    first, second = read_notes(table)
    assert first == Note(note_id="19000001-DS-2", hadm_id="29000001", note_type="DS", note_seq=2, text=text)
    assert (second.note_type, second.note_seq, table.rows) == ("AD", 3, 2)


def test_a_file_under_the_name_of_a_compressed_one_is_read_as_what_it_is(tmp_path: Path) -> None:
    plain = write_notes(tmp_path / "discharge.csv", [Row(number=1)])
    unpacked = tmp_path / "discharge.csv.gz"
    unpacked.write_bytes(plain.read_bytes())
    packed = tmp_path / "packed.csv"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert notes_of(unpacked) == notes_of(packed) == notes_of(plain)


def test_the_digest_is_of_the_content_however_it_is_kept(tmp_path: Path) -> None:
    rows = [Row(number=n) for n in range(50)]
    plain, packed = (write_notes(tmp_path / name, rows) for name in ("a.csv", "a.csv.gz"))
    tables = [CsvTable(path, DISCHARGE) for path in (plain, packed)]
    for table in tables:
        assert len(list(read_notes(table))) == 50
    assert {table.sha256 for table in tables} == {sha256(plain.read_bytes()).hexdigest()}


def test_codes_stay_text_with_their_zeros_and_without_their_padding(tmp_path: Path) -> None:
    rows = [
        ("1", "29000001", "3", "0389 ", "9"),
        ("1", "29000001", "1", "25000", "9"),
        ("1", "29000002", "2", " I10", "10"),
    ]
    path = write_table(tmp_path / "diagnoses_icd.csv", DIAGNOSIS_HEADER, rows)
    assert diagnoses_of(path) == [
        ("29000001", 3, "0389", "9"),
        ("29000001", 1, "25000", "9"),
        ("29000002", 2, "I10", "10"),
    ]


def test_columns_are_found_by_name_whatever_their_order_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "diagnoses_icd.csv"
    path.write_text("\ufefficd_version,icd_code,seq_num,hadm_id,extra\n10,I10,1,29000001,x\n\n", encoding="utf-8")
    assert diagnoses_of(path) == [("29000001", 1, "I10", "10")]


def test_progress_is_told_in_bytes_of_the_file_and_ends_at_its_size(tmp_path: Path) -> None:
    path = write_notes(tmp_path / "discharge.csv.gz", [Row(number=n, text=f"{n} " * 5000) for n in range(400)])
    heard: list[tuple[int, int]] = []
    assert sum(1 for _ in read_notes(CsvTable(path, DISCHARGE, lambda done, total: heard.append((done, total))))) == 400
    assert {total for _, total in heard} == {path.stat().st_size} and heard[-1][0] == path.stat().st_size
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = write_notes(tmp_path / "discharge.csv", (Row(number=n, text="cough " * 4000) for n in range(600)))
    assert path.stat().st_size > 14_000_000
    tracemalloc.start()
    for _ in read_notes(CsvTable(path, DISCHARGE)):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def cut(data: bytes) -> bytes:
    return gzip.compress(data)[:-20]


def damaged(data: bytes) -> bytes:
    packed = bytearray(gzip.compress(data))
    packed[40:80] = bytes(40)
    return bytes(packed)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (cut, r"cannot be read \(EOFError\)"),
        (damaged, r"cannot be read"),
        (
            lambda data: data.replace(b"charttime,storetime,text", b"charttime,storetime,words"),
            "lacks the columns text",
        ),
        (lambda data: b"<html>a page saved under the file's name</html>", "is a web page"),
        (lambda data: b"", "lacks the columns note_id"),
        (lambda data: data.replace(b"-DS-2,19000001,", b"-DS-2,"), "row 3 has 7 cells, not 8"),
        (lambda data: data.replace(b",DS,2,", b",DS,two,"), "row 2: its note_seq is not a number"),
        (lambda data: data[: data.rindex(b'"')], r"what follows row \d is not a CSV record"),
        (lambda data: data.replace(b"toe", b"to\xe9"), r"not a CSV record \(UnicodeDecodeError\)"),
    ],
)
def test_a_file_that_is_not_the_table_is_refused_with_a_sentence_and_without_its_text(
    tmp_path: Path, spoil: Callable[[bytes], bytes], says: str
) -> None:
    path = write_notes(tmp_path / "discharge.csv", [Row(number=n, text=f'"{SECRET}"\n{n}' * 9) for n in range(4)])
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DataMissing, match=f"{says}.*download note/discharge.csv.gz") as caught:
        notes_of(path)
    assert caught.value.__context__ is None and "toe" not in str(caught.value)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"There is no file .*nowhere.csv.gz. Complete PhysioNet"):
        diagnoses_of(tmp_path / "nowhere.csv.gz")


def test_the_header_is_the_published_one(tmp_path: Path) -> None:
    path = write_notes(tmp_path / "discharge.csv", [])
    with path.open(newline="") as stream:
        assert next(csv.reader(stream)) == list(NOTE_HEADER)
    assert notes_of(path) == []
