"""The board with what the judged values say of it: ranges of ranks made in the background, comparisons when asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

from backend.comparison import Compared, Hindrance, board_ranges, compare_rows
from backend.domain import Edition, Provenance, Standing
from backend.judged import Judged, agrees, published_scores
from backend.statistics import RowPair
from frontend_config.desk import Desk, Ranges
from storage.judgements import Judgements


@dataclass(frozen=True, slots=True)
class _State:
    """The rows of an edition as they were ranked, and the state of their files then."""

    version: str | None = None
    rows: Sequence[Standing] = ()
    stamp: tuple[int, ...] = ()
    ranges: Ranges = field(default_factory=dict)


class JudgedBoard:
    """What is added to a desk: `desk` is the same one with ranges and comparisons of rows.

    Ranges are those of the last `keep_up`, so that nobody who asks waits for them.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._judgements = Judgements(desk.settings.home)
        self._states: Mapping[Edition, _State] = {edition: _State() for edition in Edition}
        self._changes = 0
        self._working = Lock()
        self.desk = replace(desk, version=self.version, ranges=self.ranges, compare=self.compare)

    def version(self) -> str:
        """Changes whenever the board or anything that is kept of its judging has changed."""
        return f"{self._desk.version()}.{self._changes}"

    def ranges(self, edition: Edition) -> Ranges:
        """For each cell the best and worst rank of a line of the ledger, or what hinders it, as far as is known.

        Once the board has changed and until it is ranked again, only lines that still say the same have theirs: after a
        restore, a line of the same number can be another result.
        """
        state = self._states[edition]
        if state.version == self._desk.version():
            return state.ranges
        standing = {(row.number, row.submission_id) for row in self._desk.standings(Provenance.MEASURED, edition)}
        same = {row.number for row in state.rows if (row.number, row.submission_id) in standing}
        return {
            cell: {line: one for line, one in found.items() if line in same} for cell, found in state.ranges.items()
        }

    def keep_up(self) -> None:
        """The ranges are those of the board as it is now; costs next to nothing while nothing has changed."""
        with self._working:
            for edition in Edition:
                before = self._states[edition]
                now = self._now(edition, before)
                if now.version != before.version or now.stamp != before.stamp:
                    now = replace(now, ranges=self._ranked(now.rows))
                    changed = now.ranges != before.ranges or now.stamp != before.stamp
                    self._states = {**self._states, edition: now}
                    self._changes += changed

    def compare(self, rows: Sequence[Standing], pairs: Sequence[RowPair], *, metrics: bool = True) -> Compared:
        """These pairs of rows, by their places, in every cell of the board."""
        tasks = self._desk.tasks
        kept = [{task.name: self._kept(row, task.name) for task in tasks} for row in rows]
        return compare_rows(tasks, kept, pairs, metrics=metrics)

    def _now(self, edition: Edition, before: _State) -> _State:
        version, rows = self._desk.version(), before.rows
        if version != before.version:
            rows = self._desk.standings(Provenance.MEASURED, edition)
        stamp = self._judgements.stamp([row.submission_id or "" for row in rows])
        return _State(version, rows, stamp, before.ranges)

    def _ranked(self, rows: Sequence[Standing]) -> Ranges:
        found = board_ranges(len(rows), self._desk.tasks, lambda row, task: self._kept(rows[row], task))
        return {
            cell: {row.number: one for row, one in zip(rows, ranges, strict=True) if one is not None}
            for cell, ranges in found.items()
        }

    def _kept(self, row: Standing, task: str) -> Judged | Hindrance:
        """The values that a row's published scores are made of."""
        judged = self._judgements.read(row.submission_id, task) if row.submission_id else None
        if judged is None:
            return Hindrance.NOT_KEPT
        scores = published_scores(task, row.cells)
        return judged if scores and agrees(judged, scores) else Hindrance.OTHER_JUDGING
