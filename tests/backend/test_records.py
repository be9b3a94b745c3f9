"""A file of records reads the same however it was saved, and what is no such file is refused without its text."""

import gzip
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.records import json_records, texts, whole_text
from backend.domain import DataFile
from backend.errors import DataMissing
from tests.backend.saved import WAYS, lines, save

FILE = DataFile(name="records.jsonl", places=(".",), obtain="Ask Ada for it.")
SECRET = "the secret sentence"
WORDS = st.text(st.characters(exclude_categories=["Cs"]))
RECORDS = st.lists(st.dictionaries(WORDS, WORDS | st.lists(st.dictionaries(WORDS, WORDS)) | st.none()), min_size=1)


def read(path: Path) -> list[Any]:
    return [record for _, record in json_records(FILE, path)]


@given(records=RECORDS)
def test_records_read_the_same_however_they_were_saved(records: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        assert all(read(save(Path(folder), FILE.name, records, way)) == records for way in WAYS)


def test_a_record_says_where_it_stands(tmp_path: Path) -> None:
    records = [{"a": "1"}, {"a": "2"}]
    crlf = json_records(FILE, save(tmp_path, FILE.name, records, "lines-with-crlf-and-blanks"))
    assert [place for place, _ in crlf] == ["line 1", "line 3"]
    assert [place for place, _ in json_records(FILE, save(tmp_path, FILE.name, records, "array"))] == [
        "record 1",
        "record 2",
    ]


@pytest.mark.parametrize(
    ("saved", "says"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n\t\r\n", "is empty"),
        (b" [ ] \n", "is empty"),
        (f"<!doctype html><title>{SECRET}</title>".encode(), "is a web page"),
        (f'\n <html lang="en">{SECRET}'.encode(), "is a web page"),
        (f'[{{"a": "{SECRET}"}}, {{"a": "{SECRET}'.encode(), "begins as a JSON array but is none"),
        (b"[" * 100_000, "begins as a JSON array but is none"),
        (f'[{{"a": "1"}}, "{SECRET}"]'.encode(), "record 2 is not a JSON object"),
        (f'{{"a": "1"}}\n\n"{SECRET}"\n'.encode(), "line 3 is not a JSON object"),
        (f'{{"a": "1"}}\n{{"a": "{SECRET}'.encode(), "line 2 is not a JSON object"),
        (b'{"a": "1"}\n{"a": "' + SECRET.encode() + b'\xff"}', "line 2 is not a JSON object"),
        (gzip.compress(SECRET.encode(), mtime=0), "line 1 is not a JSON object"),
    ],
)
def test_what_holds_no_records_is_refused_without_its_text(tmp_path: Path, saved: bytes, says: str) -> None:
    path = tmp_path / FILE.name
    path.write_bytes(saved)
    with pytest.raises(DataMissing, match=f"{says}.*Ask Ada for it") as caught:
        read(path)
    assert SECRET not in str(caught.value) and caught.value.__context__ is None
    assert FILE.name in caught.value.public and str(tmp_path) not in caught.value.public


def test_a_compressed_file_is_refused_wherever_it_breaks_off_or_is_damaged(tmp_path: Path) -> None:
    packed = gzip.compress(lines([{"a": f"{SECRET} {number}"} for number in range(200)]))
    path = tmp_path / f"{FILE.name}.gz"
    for length in range(1, len(packed), 7):
        path.write_bytes(packed[:length])
        with pytest.raises(DataMissing, match="cannot be read .* may have arrived in part.*Ask Ada"):
            read(path)
    # The header's flags, time and system (bytes 4 to 9) say nothing about the content.
    for place in (*range(4), *range(10, len(packed), 7)):
        path.write_bytes(packed[:place] + bytes([packed[place] ^ 0xFF]) + packed[place + 1 :])
        with pytest.raises(DataMissing, match="cannot be read"):
            read(path)


@pytest.mark.parametrize("value", [None, 7, "", " \n\u00a0", ["x"], {"x": "y"}, "half \ud83d of a character"])
def test_texts_that_are_none_are_named_by_their_keys(tmp_path: Path, value: object) -> None:
    record = {"a": SECRET, "b": value}
    with pytest.raises(DataMissing, match="line 4 has no text for b, c. Ask Ada") as caught:
        texts(FILE, tmp_path / FILE.name, "line 4", record, ("a", "b", "c"))
    assert SECRET not in str(caught.value)


def test_texts_are_taken_as_they_stand(tmp_path: Path) -> None:
    record = {"a": " {x} \n", "b": "é", "c": 3}
    assert texts(FILE, tmp_path, "line 1", record, ("b", "a")) == {"a": " {x} \n", "b": "é"}


def test_a_half_character_is_no_text_when_it_comes_out_of_json(tmp_path: Path) -> None:
    path = tmp_path / FILE.name
    path.write_text(json.dumps({"a": "half \ud83d of a character"}))
    ((place, record),) = json_records(FILE, path)
    with pytest.raises(DataMissing, match="line 1 has no text for a"):
        texts(FILE, path, place, record, ("a",))


def test_text_that_is_not_utf_8_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(f"a,b\n{SECRET},1\n".encode() + "é".encode("latin-1"))
    with pytest.raises(DataMissing, match="table.csv, line 3 is not UTF-8 text.*Ask Ada") as caught:
        whole_text(FILE, path)
    assert caught.value.__context__ is None
