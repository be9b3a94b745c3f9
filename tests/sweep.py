"""Looks, once all tests are over, for credentialed text in everything that they left behind."""

import gzip
import mmap
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backend.tasks import all_tasks
from tests.canaries import SEALED, UNAPPROVED

if TYPE_CHECKING:
    import duckdb

BUILT = frozenset({"discharge.csv", "diagnoses_icd.csv", "letters.jsonl", "proposed.jsonl", "review.csv"})
PLACE = "tmp_path"
# A flag that is flipped may ask for a password, or for what zipfile has never learnt: RuntimeError, as both are.
DAMAGED = (OSError, ValueError, EOFError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile)


class Sweep:
    """The plugin. It fails the run, naming file and test, when the canary is where everybody could read it.

    Where tests run in many processes, the one that began them looks, after all others are through.
    """

    def __init__(self, canary: str = SEALED) -> None:
        self._canary = canary
        self._printed: dict[str, None] = {}
        self._tests: dict[str, str] = {}
        self._leaks: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Function) -> Iterator[None]:
        """The report of a test says which folder was its own; one that let a text out fails."""
        item.user_properties.append((PLACE, str(item.funcargs.get(PLACE, ""))))
        yield
        if UNAPPROVED:
            told = UNAPPROVED.copy()
            UNAPPROVED.clear()
            pytest.fail(told[0])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """What a test printed and logged is looked at as it is reported."""
        for name, value in report.user_properties:
            if name == PLACE and value:
                self._tests[str(value)] = report.nodeid
        for title, text in report.sections:
            if self._canary in text:
                self._printed[f"{title}, of {report.nodeid}"] = None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """The session fails when something is found."""
        if hasattr(session.config, "workerinput"):
            return
        base: Path = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        found = [f"{path}, of {self._test_of(path)}" for path in leaks_in(base, self._canary)]
        self._leaks = [*self._printed, *found]
        if self._leaks:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Each place is named on a line of its own."""
        if self._leaks:
            terminalreporter.section("credentialed text where it may not be")
            for leak in self._leaks:
                terminalreporter.line(leak)

    def _test_of(self, path: Path) -> str:
        own = (self._tests[str(folder)] for folder in path.parents if str(folder) in self._tests)
        return next(own, "a test with a folder for several")


def leaks_in(folder: Path, canary: str = SEALED) -> list[Path]:
    """The files below that hold the canary and are none of those that may, sorted."""
    return sorted(path for path in _files(folder) if not is_private(path) and holds(path, canary))


def is_private(path: Path) -> bool:
    """Whether credentialed text may be in such a file: data, what models wrote or were asked, and their logs."""
    parts, name = path.parts, path.name.removesuffix(".gz")
    return (
        (len(parts) > 2 and parts[-3] == "runs")
        or path.parent.name == "predictions"
        or (path.parent.name == "logs" and path.suffix == ".log")
        or name in DATA
        or name.endswith(".journal.jsonl")
    )


def holds(path: Path, canary: str) -> bool:
    """Whether the canary is in the file, also where the file packs what it holds."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content.find(canary.encode()) >= 0:
                return True
        unpack = UNPACKED.get(path.suffix)
        return unpack is not None and any(canary in text for text in unpack(path))
    except DAMAGED:
        return False  # gone, empty, or damaged on purpose: nobody can read more of it than its bytes


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _of_gzip(path: Path) -> Iterable[str]:
    yield gzip.decompress(path.read_bytes()).decode(errors="replace")


def _of_zip(path: Path) -> Iterable[str]:
    with zipfile.ZipFile(path) as packed:
        yield from (packed.read(name).decode(errors="replace") for name in packed.namelist())


def _of_parquet(path: Path) -> Iterable[str]:
    with _tables() as db:
        return [str(db.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall())]


def _of_duckdb(path: Path) -> Iterable[str]:
    with _tables(path) as db:
        names = db.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()
        return [str(db.execute(f'SELECT * FROM "{name}"').fetchall()) for (name,) in names]


@contextmanager
def _tables(path: Path | None = None) -> "Iterator[duckdb.DuckDBPyConnection]":
    """The file's tables, or none; ValueError for what cannot be read."""
    import duckdb  # not before something is to be read: whoever runs one small test need not wait for it

    try:
        with duckdb.connect(str(path) if path else ":memory:", read_only=path is not None) as db:
            yield db
    except duckdb.Error as error:
        raise ValueError("damaged") from error


DATA = BUILT | {name for task in all_tasks().values() if task.file for name in (task.file.name, *task.file.also)}
UNPACKED: Mapping[str, Callable[[Path], Iterable[str]]] = {
    ".gz": _of_gzip,
    ".zip": _of_zip,
    ".xlsx": _of_zip,
    ".parquet": _of_parquet,
    ".duckdb": _of_duckdb,
}
