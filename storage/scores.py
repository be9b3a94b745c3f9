"""DuckDB: models, results and scores behind the board, rebuilt from the ledger at any time. One process opens it."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from backend.domain import PAPERS_PROTOCOL, PROTOCOL, Diagnostics, Edition, Provenance, Score, Standing, Task
from backend.errors import LedgerBroken
from backend.logbook import fault_fields
from storage.entries import GENESIS, Entry, Head
from storage.ledger import Ledger
from storage.moments import Moment, News, read_wanted, require_line
from storage.score_rows import (
    Publication,
    Retired,
    publication_of,
    retired_of,
    rows_of_entries,
    score_of,
    standing_of,
)
from storage.score_tables import QUERIES, TABLES, TablesFile, fill, head_of, select

OWN_PROTOCOL = {Provenance.MEASURED: PROTOCOL, Provenance.PUBLISHED: PAPERS_PROTOCOL}
LINES_AT_ONCE = 500
PATIENCE_SECONDS = 2.0
MARKER = "restored"
_LOG = logging.getLogger(__name__)


class Scores:
    """The board's tables. A file that cannot be read, or that does not continue into the ledger, is made anew.

    A broken ledger stops nothing but publishing: the tables stay as they are, and `broken` says what is wrong until
    the ledger verifies again. When the file `restored` beside the tables has changed, the ledger is one from a backup,
    and the tables are made anew from it.
    """

    def __init__(self, path: Path, ledger: Ledger, tasks: Sequence[Task], published: Sequence[Standing]) -> None:
        self._ledger = ledger
        self._file = TablesFile(path, tasks, published)
        self._marker = path.with_name(MARKER)
        self._lock, self._following = Lock(), Lock()
        self._seen: object = None
        self._restored = _stamp_of(self._marker)
        self._unchecked = False
        self._told: str | None = None
        self.broken: LedgerBroken | None = None
        self._db = self._file.open()
        with self._outliving_the_disk():
            self._begin()
        self._version = self.head().hash

    def refresh(self) -> int:
        """Takes in what the ledger has beyond the tables; returns how many lines were new.

        LedgerBroken at the first line that does not verify, after all before it were taken in.
        """
        with self._lock:
            new = 0
            for batch in _in_batches(self._ledger.read(self.head())):
                with self._transaction() as db:
                    self._take_in(db, batch)
                new += len(batch)
            self._unchecked = self._unchecked or new > 0
            self._checkpoint()
            return new

    def follow(self, *, thorough: bool = False) -> None:
        """As `refresh`, but a broken ledger or a full disk only stops it, and is told in the log once.

        Costs nothing while nobody has changed the ledger. A change that is no new line, or `thorough`, has all of the
        ledger verified; so has a broken one that was changed, and when it is whole again publishing goes on.
        """
        if not self._following.acquire(timeout=PATIENCE_SECONDS):
            return  # another thread is at it; what it takes in is shown a moment later
        try:
            with self._outliving_the_disk():
                self._look(thorough)
        finally:
            self._following.release()

    def rebuild(self) -> int:
        """Empties every table and fills it again from the ledger; returns how many lines it holds.

        Readers see the tables as they were until all is done. LedgerBroken, and nothing changed, when the ledger does
        not verify.
        """
        self._ledger.verify()
        with self._lock:
            new = 0
            with self._transaction() as db:
                for table in TABLES:
                    db.execute(f"DELETE FROM {table}")
                self._file.furnish(db)
                for batch in _in_batches(self._ledger.read()):
                    self._take_in(db, batch)
                    new += len(batch)
            self._unchecked = True
            self._checkpoint()
        return new

    def standings(
        self, provenance: Provenance, edition: Edition, protocol: str | None = None, *, line: int | None = None
    ) -> list[Standing]:
        """The rows of the board with all their cells, as they stood at one moment; one protocol at a time.

        Without `line` as they stand now, else as they stood after that line of the ledger.
        """
        view = {"provenance": provenance, "edition": edition, "protocol": protocol or OWN_PROTOCOL[provenance]}
        with self._transaction() as db:
            if line is not None:
                db.execute(QUERIES.look_back.sql, {"line": line})
            rows, found, asked = (select(db, name, view) for name in ("standings", "cells", "diagnostics"))
        cells: dict[str, dict[str, Score]] = defaultdict(dict)
        for cell in found:
            cells[cell["result_id"]][cell["cell"]] = score_of(cell)
        diagnostics: dict[str, dict[str, Diagnostics]] = defaultdict(dict)
        for row in asked:
            result_id, task = row.pop("result_id"), row.pop("task")
            diagnostics[result_id][task] = Diagnostics(**row)
        return [standing_of(row, cells[row["id"]], diagnostics[row["id"]]) for row in rows]

    def retired(self) -> dict[int, Retired]:
        """The lines of the ledger that no longer stand, by number: what ended each, when and why."""
        with self._cursor() as db:
            return {row["number"]: retired_of(row) for row in select(db, "retired", {})}

    def publication(self, number: int) -> Publication | None:
        """The result in this line of the ledger, None where there is none."""
        with self._transaction() as db:
            found = self._publications(db, "publication", {"number": number})
        return found[0] if found else None

    def publications(self, hub_id: str) -> list[Publication]:
        """All that was ever published of a model, whatever the case of its id, newest first."""
        with self._transaction() as db:
            return self._publications(db, "publications", {"hub_id": hub_id})

    def moment(self, asked: str | None = None) -> Moment:
        """The moment that a day, a line's number or a snapshot's name means; without any of them, now.

        UsageError, with what to ask instead, for what is none of them or not of this ledger.
        """
        self.follow()
        wanted = None if asked is None else read_wanted(asked, datetime.now(UTC))
        with self._transaction() as db:
            head = head_of(db)
            row: dict[str, Any] = {"number": 0, "hash": GENESIS, "written_at": None}
            if wanted is not None and wanted.end is not None:
                found = select(db, "line_before", {"end": wanted.end})
            else:
                number = head.number if wanted is None else wanted.number
                found = select(db, "line_at", {"number": number}) if number else [row]
                if wanted is not None:
                    require_line(wanted, asked or "", head.number, found[0]["hash"] if found else None)
            row = found[0] if found else row
            since = select(db, "since", {"number": row["number"]})[0]
        return Moment(
            number=row["number"],
            hash=row["hash"],
            at=row["written_at"].astimezone(UTC) if row["written_at"] else None,
            end=wanted.end if wanted else None,
            **since,
        )

    def news(self, most: int) -> list[News]:
        """The newest lines of the ledger, at most so many, the last first."""
        with self._transaction() as db:
            lines = select(db, "newest_lines", {"most": most})
            numbers = [line[name] for line in lines for name in ("number", "retires") if line[name]]
            results = {one.number: one for one in self._publications(db, "publications_at", {"numbers": numbers})}
            retired = {row["number"]: retired_of(row) for row in select(db, "retired", {})}
        return [
            News(
                number=line["number"],
                hash=line["hash"],
                at=line["written_at"].astimezone(UTC),
                publication=results.get(line["number"]) or results.get(line["retires"]),
                retired=retired.get(line["retires"]),
            )
            for line in lines
        ]

    def copy_out(self, parquet: Path) -> tuple[Head, list[dict[str, Any]]]:
        """Writes every cell of the board into a Parquet file; returns the same rows, and the head they stand at."""
        with self._transaction() as db:
            db.sql(QUERIES.whole_board.sql).write_parquet(str(parquet))
            return head_of(db), select(db, "whole_board", {})

    def version(self) -> str:
        """Changes whenever `standings` may answer differently; what was published a moment ago is taken in first."""
        self.follow()
        return self._version

    def head(self) -> Head:
        """How far into the ledger the tables reach."""
        with self._cursor() as db:
            return head_of(db)

    def close(self) -> None:
        """Lets another process open the file."""
        self._db.close()

    def _publications(self, db: duckdb.DuckDBPyConnection, name: str, asked: dict[str, Any]) -> list[Publication]:
        retired = {row["number"]: retired_of(row) for row in select(db, "retired", {})}
        return [publication_of(row, retired) for row in select(db, name, asked)]

    def _begin(self) -> None:
        """The tables continue into the ledger, if that verifies; otherwise they stay as they are."""
        self._seen = (self._ledger.stamp(), self._restored)
        try:
            if not self._ledger.holds(self.head()):
                _LOG.warning("the board's tables belong to another ledger and are made again")
                self.rebuild()
            self.refresh()
        except LedgerBroken as broken:
            self.broken = broken
            self._tell(str(broken))
            if self.head() == Head():
                with suppress(LedgerBroken):  # what stands before the broken line is better than an empty board
                    self.refresh()

    def _look(self, thorough: bool) -> None:
        stamp, marker = self._ledger.stamp(), _stamp_of(self._marker)
        if (stamp, marker) == self._seen and not thorough:
            self._checkpoint()
            return
        try:
            self._catch_up(marker, thorough)
            self.broken = None
        except LedgerBroken as broken:
            if stamp != self._ledger.stamp():
                return  # somebody was writing just then; what it is now is seen at the next look
            self.broken = broken
        self._tell(str(self.broken) if self.broken else None)
        self._version = self.head().hash
        self._seen = (stamp, marker)

    def _catch_up(self, marker: object, thorough: bool) -> None:
        if marker != self._restored:
            self.rebuild()
            self._restored = marker
        elif thorough or self.broken or not self.refresh():
            if not self._ledger.holds(self.head()):
                raise LedgerBroken(self.head().number, "it is not the line that the board has taken in")
            self.refresh()

    def _tell(self, trouble: str | None) -> None:
        if trouble and trouble != self._told:
            _LOG.error("the board does not follow the ledger", extra={"public": trouble})
        if self._told and not trouble:
            _LOG.info("publishing goes on: ledger and board are whole again")
        self._told = trouble

    def _checkpoint(self) -> None:
        if self._unchecked:
            with suppress(duckdb.TransactionException):  # somebody reads just now; it is tried again at the next look
                with self._cursor() as db:
                    db.execute("CHECKPOINT")
                self._unchecked = False

    def _take_in(self, db: duckdb.DuckDBPyConnection, batch: Sequence[tuple[Entry, Head]]) -> None:
        fill(db, rows_of_entries(entry for entry, _ in batch))
        head = batch[-1][1]
        parameters = {"number": head.number, "hash": head.hash, "offset": head.offset}
        db.execute(QUERIES.set_head.sql, parameters)

    @contextmanager
    def _outliving_the_disk(self) -> Iterator[None]:
        """An error that DuckDB does not recover from, such as a full disk, ends the block and costs no row."""
        try:
            yield
        except duckdb.Error as error:
            _LOG.error(
                "the tables' file cannot be written, so they are in memory from now on", extra=fault_fields(error)
            )
            self._leave_the_file()

    def _leave_the_file(self) -> None:
        """The same tables, in memory."""
        with self._lock:
            db = self._file.open_in_memory()
            with suppress(LedgerBroken):
                for batch in _in_batches(self._ledger.read()):
                    self._take_in(db, batch)
            lost, self._db = self._db, db
            self._unchecked, self._seen = False, None
            with suppress(duckdb.Error):
                lost.close()

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
                with suppress(duckdb.Error):  # a failed commit has ended it already
                    db.rollback()
                raise
            db.commit()


def _in_batches(lines: Iterable[tuple[Entry, Head]]) -> Iterator[list[tuple[Entry, Head]]]:
    """Lines by the hundreds; what comes before a broken line is handed out before LedgerBroken is raised."""
    batch: list[tuple[Entry, Head]] = []
    fault = None
    try:
        for line in lines:
            batch.append(line)
            if len(batch) == LINES_AT_ONCE:
                yield batch
                batch = []
    except LedgerBroken as broken:
        fault = broken
    if batch:
        yield batch
    if fault:
        raise fault


def _stamp_of(path: Path) -> object:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)
