"""The DuckDB file of the board's tables: opened when it is whole, made anew when it is not."""

import fcntl
import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiosql
import duckdb

from backend.domain import Standing, Task
from backend.errors import HomeInUse
from backend.logbook import fault_fields
from storage.entries import Head
from storage.score_rows import Rows, expectations, rows_besides

SQL = Path(__file__).parent / "sql"
SCHEMA = SQL / "scores_schema.sql"
TABLES = ("recipe", "head", "ledger_line", "benchmark", "expected", "result", "score", "diagnostics", "retired")
QUERIES: Any = aiosql.from_path(SQL / "scores.sql", "duckdb", mandatory_parameters=False)
_LOG = logging.getLogger(__name__)


class TablesFile:
    """Where the tables lie, and what stands in them besides the ledger: the tasks' metrics and the published scores."""

    def __init__(self, path: Path, tasks: Sequence[Task], published: Sequence[Standing]) -> None:
        self.path = path
        self._log = path.with_name(path.name + ".wal")
        self._tasks, self._published = tasks, published

    def open(self) -> duckdb.DuckDBPyConnection:
        """The tables, whole, or new ones that the ledger is still to be taken into; HomeInUse if another has them.

        A write-ahead log that was left behind is never read: where it is damaged, DuckDB drops rows without a word.
        """
        if not self.path.exists():
            self._remove()
            return self._create()
        if self._log.exists():
            self._require_unused()
            return self._made_anew("its writer was stopped in the middle")
        try:
            db = duckdb.connect(self.path)
        except duckdb.Error as error:
            if "could not set lock" in str(error).lower():
                raise self._in_use() from None
            return self._made_anew(str(error))
        fault = self._fault_of(db)
        if fault is None:
            return db
        db.close()  # or the next connection would be to the same tables, whatever lies under that name
        return self._made_anew(fault)

    def open_in_memory(self) -> duckdb.DuckDBPyConnection:
        """New tables for as long as this process lives, that the ledger is still to be taken into."""
        db = duckdb.connect()
        self._lay_out(db)
        return db

    def furnish(self, db: duckdb.DuckDBPyConnection) -> None:
        """Everything that is there before the first line of the ledger."""
        db.execute(QUERIES.begin_head.sql)
        fill(db, rows_besides(self._recipe(), self._tasks, self._published))

    def _made_anew(self, reason: str) -> duckdb.DuckDBPyConnection:
        _LOG.warning("the board's tables are made again from the ledger")
        self._remove()
        return self._create()

    def _require_unused(self) -> None:
        with self.path.open("r+b") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the lock that DuckDB holds on an open file
            except OSError:
                raise self._in_use() from None

    def _in_use(self) -> HomeInUse:
        return HomeInUse(f"{self.path} is open in another process. Stop it first.")

    def _fault_of(self, db: duckdb.DuckDBPyConnection) -> str | None:
        """Why these tables cannot be used, if so. Everything is read once: damage to a row shows in no other way."""
        try:
            for table in TABLES:
                db.execute(f"SELECT bit_xor(hash(COLUMNS(*))) FROM {table}").fetchall()
            head = head_of(db)
            counted = select(db, "count_lines", {})[0]
            recipe = db.execute("FROM recipe").fetchall()
        except (duckdb.Error, ValueError, IndexError) as error:
            return str(error)
        if recipe == [(self._recipe(),)] and counted == {"told": head.number, "lines": head.number}:
            return None
        return "it lacks rows, or belongs to another set of tasks or another edition of this program"

    def _recipe(self) -> str:
        """Names all that goes into the tables besides the ledger: their schema, the metrics, the published scores."""
        metrics = list(expectations(self._tasks, self._published))
        return hashlib.sha256(f"{SCHEMA.read_text(encoding='utf-8')}{metrics}{self._published}".encode()).hexdigest()

    def _create(self) -> duckdb.DuckDBPyConnection:
        try:
            db = duckdb.connect(self.path)
            self.path.chmod(0o600)
            self._lay_out(db)
        except (duckdb.Error, OSError) as error:
            # All that stands in the tables can be made again, so a full disk is no reason to have no board.
            _LOG.error("the tables' file cannot be written, so they are kept in memory", extra=fault_fields(error))
            self._remove()
            return self.open_in_memory()
        return db

    def _lay_out(self, db: duckdb.DuckDBPyConnection) -> None:
        db.begin()
        db.execute(SCHEMA.read_text(encoding="utf-8"))
        self.furnish(db)
        db.commit()
        db.execute("CHECKPOINT")

    def _remove(self) -> None:
        for path in (self.path, self._log):
            path.unlink(missing_ok=True)


def fill(db: duckdb.DuckDBPyConnection, rows: Rows) -> None:
    """Adds rows to each of these tables."""
    # aiosql's own DuckDB calls open a cursor each, which would leave the transaction; its texts are what we use.
    for table, found in rows.items():
        if found:
            columns = {name: [row[name] for row in found] for name in found[0]}
            db.execute(getattr(QUERIES, f"insert_{table}").sql, columns)


def select(db: duckdb.DuckDBPyConnection, name: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a named query finds, as one dictionary a row."""
    found = db.execute(getattr(QUERIES, name).sql, parameters)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def head_of(db: duckdb.DuckDBPyConnection) -> Head:
    """How far into the ledger the tables reach."""
    row = select(db, "get_head", {})[0]
    return Head(row["number"], row["hash"], row["byte_offset"])
