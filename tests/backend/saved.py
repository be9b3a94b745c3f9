"""The same records in every way that people save them."""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Records = Sequence[Mapping[str, Any]]


def lines(records: Records, end: str = "\n", ascii_only: bool = False) -> bytes:
    """JSON lines."""
    return "".join(json.dumps(record, ensure_ascii=ascii_only) + end for record in records).encode()


def array(records: Records, indent: int | None = None) -> bytes:
    """One JSON array."""
    return json.dumps(list(records), ensure_ascii=False, indent=indent).encode()


WAYS: Mapping[str, Callable[[Records], bytes]] = {
    "lines": lines,
    "lines-of-ascii": lambda records: lines(records, ascii_only=True),
    "lines-with-mark": lambda records: b"\xef\xbb\xbf" + lines(records),
    "lines-with-crlf-and-blanks": lambda records: lines(records, end="\r\n  \r\n"),
    "array": array,
    "array-indented-with-mark": lambda records: b"\xef\xbb\xbf" + array(records, indent=4),
    "array-after-a-blank-line": lambda records: b"\r\n" + array(records) + b"\r\n",
    "lines.gz": lambda records: gzip.compress(lines(records)),
    "array.gz": lambda records: gzip.compress(array(records)),
}


def save(folder: Path, name: str, records: Records, way: str = "lines") -> Path:
    """The file `name` in the folder holds the records, saved in this way."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (f"{name}.gz" if way.endswith(".gz") else name)
    path.write_bytes(WAYS[way](records))
    return path
