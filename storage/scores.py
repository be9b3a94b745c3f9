"""DuckDB: models, results and scores behind the board, rebuilt from the ledger at any time. One process opens it."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from threading import Lock
from typing import Any

import aiosql
import duckdb

from backend.domain import (
    LEVEL_TASKS,
    PAPERS_PROTOCOL,
    PROTOCOL,
    Diagnostics,
    Domain,
    Edition,
    Model,
    Provenance,
    Result,
    Run,
    Score,
    Standing,
    Task,
)
from backend.errors import HomeInUse, LedgerBroken
from backend.logbook import told
from storage.ledger import Entry, Head, Ledger

SQL = Path(__file__).parent / "sql"

_QUERIES: Any = aiosql.from_path(SQL / "scores.sql", "duckdb", mandatory_parameters=False)
SCHEMA = SQL / "scores_schema.sql"
TABLES = ("recipe", "head", "benchmark", "expected", "result", "score", "diagnostics", "retired")
OWN_PROTOCOL = {Provenance.MEASURED: PROTOCOL, Provenance.PUBLISHED: PAPERS_PROTOCOL}
_LOG = logging.getLogger(__name__)


class Scores:
    """The board's tables. A file that cannot be read, or that does not continue into the ledger, is made anew.

    A broken ledger stops nothing but publishing: the tables stay as they are, and `broken` says what is wrong.
    """

    def __init__(self, path: Path, ledger: Ledger, tasks: Sequence[Task], published: Sequence[Standing]) -> None:
        self._path, self._ledger = path, ledger
        self._tasks, self._published = tasks, published
        self._lock = Lock()
        self.broken: LedgerBroken | None = None
        self._db = self._open()
        self.follow()

    def refresh(self) -> int:
        """Takes in what the ledger has beyond the tables, line by line; returns how many lines were new."""
        with self._lock:
            new = 0
            for entry, head in self._ledger.read(self.head()):
                with self._transaction() as db:
                    _insert_entry(db, entry)
                    _run(db, "set_head", [{"number": head.number, "hash": head.hash, "offset": head.offset}])
                new += 1
            if new:
                with suppress(duckdb.TransactionException):  # somebody reads just now; the log is as good until then
                    self._db.execute("CHECKPOINT")
            return new

    def follow(self) -> None:
        """As `refresh`, but a broken ledger only stops it, and is told in the log once."""
        if self.broken is None:
            try:
                self.refresh()
            except LedgerBroken as broken:
                self.broken = broken
                _LOG.error("the ledger is broken; publishing stops", extra=told(broken) | {"line": broken.line})

    def rebuild(self) -> int:
        """Drops every table and makes them again from the ledger; returns how many lines it holds.

        LedgerBroken, and no table dropped, when the ledger does not verify.
        """
        self._ledger.verify()
        with self._lock:
            self._db.close()
            self._remove()
            self._db = self._create()
        return self.refresh()

    def standings(self, provenance: Provenance, edition: Edition, protocol: str | None = None) -> list[Standing]:
        """The rows of the board with all their cells, as they stood at one moment; one protocol at a time."""
        view = {"provenance": provenance, "edition": edition, "protocol": protocol or OWN_PROTOCOL[provenance]}
        with self._transaction() as db:
            rows, found, asked = (_select(db, name, view) for name in ("standings", "cells", "diagnostics"))
        cells: dict[str, dict[str, Score]] = defaultdict(dict)
        for cell in found:
            cells[cell["result_id"]][cell["cell"]] = _score(cell)
        diagnostics: dict[str, dict[str, Diagnostics]] = defaultdict(dict)
        for row in asked:
            result_id, task = row.pop("result_id"), row.pop("task")
            diagnostics[result_id][task] = Diagnostics(**row)
        return [_standing(row, cells[row["id"]], diagnostics[row["id"]]) for row in rows]

    def version(self) -> str:
        """Changes whenever `standings` may answer differently; what was published a moment ago is taken in first."""
        self.follow()
        return self.head().hash

    def head(self) -> Head:
        """How far into the ledger the tables reach."""
        with self._cursor() as db:
            row = _select(db, "get_head", {})[0]
        return Head(row["number"], row["hash"], row["byte_offset"])

    def close(self) -> None:
        """Lets another process open the file."""
        self._db.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        if not self._path.exists():
            return self._create()
        try:
            db = duckdb.connect(self._path)
        except duckdb.Error as error:
            if "could not set lock" in str(error).lower():
                raise HomeInUse(f"{self._path} is open in another process. Stop it first.") from None
            reason = "DuckDB cannot open the file"
        else:
            found = self._fault_of(db)
            if found is None:
                return db
            db.close()  # or the next connection would be to the same tables, whatever lies under that name
            reason = found
        _LOG.warning("the board's tables are made again from the ledger", extra={"public": reason})
        self._remove()
        return self._create()

    def _fault_of(self, db: duckdb.DuckDBPyConnection) -> str | None:
        """Why these tables cannot be used, if so. Everything is read once: damage to a row shows in no other way."""
        try:
            for table in TABLES:
                db.execute(f"SELECT bit_xor(hash(COLUMNS(*))) FROM {table}").fetchall()
            ((number, head_hash),) = db.execute("SELECT number, hash FROM head").fetchall()
            lines = [(row["lines"],) for row in _select(db, "count_lines", {})]
            recipe = db.execute("FROM recipe").fetchall()
        except (duckdb.Error, ValueError):
            return "they cannot be read in full"
        if recipe == [(self._recipe(),)] and lines == [(number,)] and self._continues(number, head_hash):
            return None
        return "it belongs to another ledger, another set of tasks or another edition of this program"

    def _recipe(self) -> str:
        """Names all that goes into the tables besides the ledger: their schema, the metrics, the published scores."""
        metrics = list(_expectations(self._tasks, self._published))
        return hashlib.sha256(f"{SCHEMA.read_text(encoding='utf-8')}{metrics}{self._published}".encode()).hexdigest()

    def _continues(self, number: int, head_hash: str) -> bool:
        try:
            lines = {entry.number: entry.hash for entry, _ in self._ledger.read()}
        except LedgerBroken as broken:
            self.broken = broken
            _LOG.error("the ledger is broken; publishing stops", extra=told(broken) | {"line": broken.line})
            return True
        return number == 0 or lines.get(number) == head_hash

    def _remove(self) -> None:
        for path in (self._path, self._path.with_name(self._path.name + ".wal")):
            path.unlink(missing_ok=True)

    def _create(self) -> duckdb.DuckDBPyConnection:
        db = duckdb.connect(self._path)
        self._path.chmod(0o600)
        db.begin()
        db.execute(SCHEMA.read_text(encoding="utf-8"))
        _run(db, "insert_recipe", [{"sha256": self._recipe()}])
        levels = [{"level": int(level), "task": task} for level, names in LEVEL_TASKS.items() for task in names]
        _run(db, "insert_benchmark", levels)
        _run(db, "insert_expected", _expectations(self._tasks, self._published))
        for standing in self._published:
            _insert_published(db, standing)
        db.commit()
        return db

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        # A DuckDB connection shared by threads mixes up their results; a cursor of one's own does not.
        cursor = self._db.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._cursor() as db:
            db.begin()
            try:
                yield db
            except BaseException:
                db.rollback()
                raise
            db.commit()


def _expectations(tasks: Sequence[Task], published: Sequence[Standing]) -> Iterator[dict[str, str]]:
    """Which metrics make up each task's score."""
    for task in tasks:
        for metric in task.metrics:
            if metric.averaged:
                yield {"provenance": Provenance.MEASURED, "task": task.name, "metric": metric.name}
    for cell in dict.fromkeys(cell for standing in published for cell in standing.cells):
        name, metric_name = cell.split(".")
        yield {"provenance": Provenance.PUBLISHED, "task": name, "metric": metric_name}


def _insert_entry(db: duckdb.DuckDBPyConnection, entry: Entry) -> None:
    retires = entry.supersedes or entry.withdraws
    if retires is not None:
        withdrawn = entry.withdraws is not None
        row = {
            "number": retires,
            "by_number": entry.number,
            "withdrawn": withdrawn,
            "reason": entry.reason,
            "at": entry.at,
        }
        _run(db, "insert_retired", [row])
    if entry.result is not None:
        _insert_result(db, entry, entry.result)


def _insert_result(db: duckdb.DuckDBPyConnection, entry: Entry, result: Result) -> None:
    row = {
        "id": entry.hash,
        "number": entry.number,
        "provenance": Provenance.MEASURED,
        "edition": result.edition,
        "protocol": result.protocol,
        "label": result.model.hub_id,
        "engine": result.engine,
        "submission_id": entry.submission_id,
        "published_at": entry.at,
        **_model_columns(result.model),
    }
    _run(db, "insert_result", [row])
    _run(db, "insert_score", [row for run in result.runs for row in _run_rows(entry.hash, run)])
    asked = {run.task: asdict(run.diagnostics) for run in result.runs if run.diagnostics}
    if asked:
        _run(db, "insert_diagnostics", [{"result_id": entry.hash, "task": task} | asked[task] for task in asked])


def _insert_published(db: duckdb.DuckDBPyConnection, standing: Standing) -> None:
    row = {
        "id": f"published:{standing.label}",
        "number": 0,
        "provenance": Provenance.PUBLISHED,
        "edition": standing.edition,
        "protocol": standing.protocol,
        "label": standing.label,
        "engine": None,
        "submission_id": None,
        "published_at": None,
        **(_model_columns(standing.model) if standing.model else dict.fromkeys(_MODEL_COLUMNS)),
        "params": standing.params,
        "domain": standing.domain,
        "base_model": standing.base_model,
    }
    _run(db, "insert_result", [row])
    scores = []
    for cell, score in standing.cells.items():
        task, metric = cell.split(".")
        scores.append(_score_row(row["id"], task, metric, score))
    _run(db, "insert_score", scores)


_MODEL_COLUMNS = ("model_id", "revision", "params", "licence", "architecture", "base_model", "domain")


def _model_columns(model: Model) -> dict[str, Any]:
    values = (
        model.hub_id,
        model.revision,
        model.params,
        model.licence,
        model.architecture,
        model.base_model,
        model.domain,
    )
    return dict(zip(_MODEL_COLUMNS, values, strict=True))


def _run_rows(result_id: str, run: Run) -> Iterator[dict[str, Any]]:
    for score in (*run.scores, run.task_score):
        yield _score_row(result_id, run.task, score.metric, score)


def _score_row(result_id: str, task: str, metric: str, score: Score) -> dict[str, Any]:
    return {
        "result_id": result_id,
        "task": task,
        "metric": metric,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "n": score.n,
        "missing": score.missing,
    }


def _run(db: duckdb.DuckDBPyConnection, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    # aiosql's own DuckDB calls open a cursor each, which would leave the transaction; its texts are what we use.
    db.executemany(getattr(_QUERIES, name).sql, list(rows))


def _select(db: duckdb.DuckDBPyConnection, name: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = db.execute(getattr(_QUERIES, name).sql, parameters)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _score(cell: Mapping[str, Any]) -> Score:
    value, name = cell["value"], cell["cell"]
    if value is None:
        missing = cell["missing"] or "It was not measured."
        return Score(metric=name, value=None, low=None, high=None, n=cell["n"], missing=missing)
    return Score(metric=name, value=value, low=cell["low"], high=cell["high"], n=cell["n"])


def _standing(row: Mapping[str, Any], cells: Mapping[str, Score], asked: Mapping[str, Diagnostics]) -> Standing:
    params = int(row["params"]) if row["params"] is not None else None
    domain = Domain(row["domain"]) if row["domain"] else None
    model = Model(
        hub_id=row["model_id"],
        revision=row["revision"] or "",
        params=params,
        licence=row["licence"],
        architecture=row["architecture"],
        base_model=row["base_model"],
        domain=domain,
    )
    return Standing(
        label=row["label"],
        model=model if row["model_id"] else None,
        provenance=Provenance(row["provenance"]),
        edition=Edition(row["edition"]),
        protocol=row["protocol"],
        engine=row["engine"],
        domain=domain,
        base_model=row["base_model"],
        params=params,
        cells=cells,
        published_at=row["published_at"].astimezone(UTC) if row["published_at"] else None,
        submission_id=row["submission_id"],
        diagnostics=asked,
    )
