"""Reads what people save by hand: compressed or not, with or without a byte order mark, JSON lines or one array."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeGuard

from backend.datasets.catalog import UNREADABLE, content, unusable
from backend.domain import DataFile

Record = Mapping[str, object]
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def whole(file: DataFile, path: Path) -> bytes:
    """All of the file without a byte order mark; DataMissing when it cannot be read, is blank or is a web page."""
    try:
        data = content(path).removeprefix(BOM_UTF8)
    except UNREADABLE as error:
        raise unusable(file, f"{path} cannot be read ({type(error).__name__}); it may have arrived in part.") from None
    if not data.strip():
        raise unusable(file, f"{path} is empty.")
    if data.lstrip().startswith(b"<"):
        raise unusable(file, f"{path} is a web page, such as a login form, saved under the file's name.")
    return data


def whole_text(file: DataFile, path: Path) -> str:
    """The whole file as text; DataMissing names the line that is not UTF-8."""
    data = whole(file, path)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    # Raised outside the handler, as everywhere here, so that no text of the file hangs on to the exception.
    raise unusable(file, f"{path.name}, line {line} is not UTF-8 text. Download it again; editors may change it.")


def json_records(file: DataFile, path: Path) -> Iterator[tuple[str, Record]]:
    """Each record with its place ("line 3", "record 3"); DataMissing when there are none, or one of them is none."""
    data = whole(file, path)
    found = _elements(file, path, data) if data.lstrip().startswith(b"[") else _lines(data)
    for place, record in found:
        if not isinstance(record, dict):
            raise unusable(file, f"{path.name}, {place} is not a JSON object.")
        yield place, record


def texts(file: DataFile, path: Path, place: str, record: Record, keys: Sequence[str]) -> dict[str, str]:
    """What the record says under these keys, all of it text and none of it blank; DataMissing names place and keys."""
    found = {key: value for key in keys if is_text(value := record.get(key))}
    absent = [key for key in keys if key not in found]
    if absent:
        raise unusable(file, f"{path.name}, {place} has no text for {', '.join(absent)}.")
    return found


def is_text(value: object) -> TypeGuard[str]:
    """Whether it is text that says something and that every file and tokenizer takes."""
    return is_writable(value) and value.strip() != ""


def is_writable(value: object) -> TypeGuard[str]:
    """Whether it is text, blank or not, that every file and tokenizer takes."""
    return isinstance(value, str) and not _HALF_CHARACTER.search(value)


def _lines(data: bytes) -> Iterator[tuple[str, object]]:
    # Lines end at a line feed only: JSON strings may hold every other character that str.splitlines breaks at.
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            yield f"line {number}", _parsed(line)


def _elements(file: DataFile, path: Path, data: bytes) -> Iterator[tuple[str, object]]:
    array = _parsed(data)
    if not isinstance(array, list):
        raise unusable(file, f"{path} begins as a JSON array but is none; it may have arrived in part.")
    if not array:
        raise unusable(file, f"{path} is empty.")
    yield from ((f"record {number}", record) for number, record in enumerate(array, 1))


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError):
        return None
