"""Reads MIMIC-IV's discharge letters and diagnoses row by row, so that their number does not matter."""

import csv
import gzip
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from backend.datasets.catalog import UNREADABLE, unusable
from backend.domain import DataFile
from backend.errors import DataMissing
from backend.progress import ByteProgress

DISCHARGE = DataFile(
    name="discharge.csv",
    places=("mimic-iv-note/2.2/note", "physionet.org/files/mimic-iv-note/2.2/note", "."),
    obtain="Complete PhysioNet's training and data use agreement for MIMIC-IV-Note 2.2 (doi 10.13026/1n74-ne17), "
    "download note/discharge.csv.gz and name it with --notes.",
)
DIAGNOSES = DataFile(
    name="diagnoses_icd.csv",
    places=("mimiciv/2.2/hosp", "physionet.org/files/mimiciv/2.2/hosp", "."),
    obtain="Complete PhysioNet's training and data use agreement for MIMIC-IV 2.2 "
    "(https://physionet.org/content/mimiciv/2.2/), download hosp/diagnoses_icd.csv.gz and name it with --diagnoses.",
)
NOTE_COLUMNS = ("note_id", "hadm_id", "note_type", "note_seq", "text")
DIAGNOSIS_COLUMNS = ("hadm_id", "seq_num", "icd_code", "icd_version")
LETTER = "DS"
GZIP = b"\x1f\x8b"
BLOCK = 1 << 20
LONGEST_CELL = 1 << 24  # a quotation mark that is never closed would otherwise take the rest of the file into memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One row of the discharge table; `note_type` is LETTER for a discharge letter."""

    note_id: str
    hadm_id: str
    note_type: str
    note_seq: int
    text: str


class Diagnosis(NamedTuple):
    """One row of the diagnoses table, the code as it stands there without blanks around it.

    A tuple, because there are six million of them.
    """

    hadm_id: str
    seq_num: int
    code: str
    version: str


class CsvTable:
    """A CSV file, compressed or not, that is read once from beginning to end; every cell is text.

    `rows` is how many records were read, `sha256` what the content read so far hashes to: the whole file's once the
    last row was given out. `watch(bytes so far, bytes in all)` is called as the file on the disk is used up.
    """

    def __init__(self, path: Path, file: DataFile, watch: ByteProgress = lambda done, total: None) -> None:
        self.path = path
        self.rows = 0
        self._file = file
        self._watch = watch
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """In hex, of the content without compression."""
        return self._hash.hexdigest()

    def cells(self, columns: Sequence[str]) -> Iterator[list[str]]:
        """These columns of every record, in this order; DataMissing names the row that is not one, without its text."""
        fault = ""
        try:
            with ExitStack() as stack:
                records = csv.reader(self._opened(stack), strict=True)
                yield from self._checked(records, columns)
        except UNREADABLE as error:
            fault = f"{self.path} cannot be read ({type(error).__name__})."
        except (csv.Error, UnicodeDecodeError) as error:
            fault = f"{self.path}: what follows row {self.rows + 1:,} is not a CSV record ({type(error).__name__})."
        if fault:
            # Raised outside the handlers, so that no text of the file hangs on to the exception.
            raise self.unusable(fault)

    def unusable(self, what: str) -> DataMissing:
        """The fault to raise for a file that is not what it should be."""
        return unusable(self._file, what)

    def _opened(self, stack: ExitStack) -> io.TextIOWrapper:
        if not self.path.is_file():
            raise self.unusable(f"There is no file {self.path}.")
        raw = stack.enter_context(self.path.open("rb"))
        # By its content: a browser may unpack what it downloads and keep the name.
        body = stack.enter_context(gzip.GzipFile(fileobj=raw)) if raw.peek(2)[:2] == GZIP else raw
        size = self.path.stat().st_size

        def see(block: memoryview) -> None:
            self._hash.update(block)
            self._watch(raw.tell(), size)

        seen = io.BufferedReader(_Seen(cast(BinaryIO, body), see), BLOCK)
        return stack.enter_context(io.TextIOWrapper(seen, encoding="utf-8-sig", newline=""))

    def _checked(self, records: Iterator[list[str]], columns: Sequence[str]) -> Iterator[list[str]]:
        csv.field_size_limit(LONGEST_CELL)
        header = [name.strip() for name in next(records, [])]
        if header and header[0].startswith("<"):
            raise self.unusable(f"{self.path} is a web page, such as a login form, saved under the file's name.")
        absent = [column for column in columns if column not in header]
        if absent:
            raise self.unusable(f"{self.path} lacks the columns {', '.join(absent)}.")
        wanted = [header.index(column) for column in columns]
        for record in records:
            if not record:
                continue
            self.rows += 1
            if len(record) != len(header):
                raise self.unusable(f"{self.path}, row {self.rows + 1:,} has {len(record)} cells, not {len(header)}.")
            yield [record[place] for place in wanted]


def read_notes(table: CsvTable) -> Iterator[Note]:
    """Every note of a discharge table, in the order of the file."""
    for note_id, hadm_id, note_type, note_seq, text in table.cells(NOTE_COLUMNS):
        yield Note(
            note_id=note_id.strip(),
            hadm_id=hadm_id.strip(),
            note_type=note_type.strip().upper(),
            note_seq=_number(table, "note_seq", note_seq),
            text=text,
        )


def read_diagnoses(table: CsvTable) -> Iterator[Diagnosis]:
    """Every diagnosis of a diagnoses table, in the order of the file."""
    for hadm_id, seq_num, code, version in table.cells(DIAGNOSIS_COLUMNS):
        yield Diagnosis(hadm_id.strip(), _number(table, "seq_num", seq_num), code.strip(), version.strip())


def _number(table: CsvTable, column: str, cell: str) -> int:
    try:
        return int(cell)
    except ValueError:
        pass
    raise table.unusable(f"{table.path}, row {table.rows + 1:,}: its {column} is not a number.")


class _Seen(io.RawIOBase):
    """A stream whose every block is shown to `see` as it is read."""

    def __init__(self, body: BinaryIO, see: Callable[[memoryview], None]) -> None:
        self._body = body
        self._see = see

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = cast(int, self._body.readinto(buffer))  # type: ignore[attr-defined]
        self._see(memoryview(buffer)[:count])
        return count
