"""When a submission begins and how long it takes, as a range, from what past evaluations took."""

import heapq
import statistics
import time
from collections.abc import Callable, Collection, Sequence

from backend.domain import Edition, Stage
from backend.submission import AT_WORK, Estimate, Pulse, Span, Spent, Submission

FEWEST_RUNS = 3
MANY_RUNS = 10
DOUBT = 1.5  # three runs have not shown how fast or slow the next one may be
REST = "everything but the answers"
KEPT_SECONDS = 5.0
BILLION = 1e9
_NOTHING = Span(0.0, 0.0)


class Estimates:
    """What can be said of those running and waiting, from what was read of the queue already.

    What past evaluations took is read again after five seconds of `clock`, a clock that nobody sets.
    """

    def __init__(
        self, spent: Callable[[], Sequence[Spent]], tasks: Sequence[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._spent = spent
        self._tasks = tasks
        self._clock = clock
        self._kept: tuple[float, Past] | None = None

    def __call__(self, submissions: Sequence[Submission], waiting: Sequence[str], pulse: Pulse) -> dict[str, Estimate]:
        """The estimates by id; `waiting` are ids in the order of the queue."""
        found = {one.id: one for one in submissions if one.status.open}
        running = [one for one in found.values() if one.status in AT_WORK]
        following = [found[one] for one in waiting if one in found]
        if not running and not following:
            return {}
        return estimate(self._past(), running, following, going=pulse.alive and not pulse.reason)

    def _past(self) -> "Past":
        now = self._clock()
        if self._kept is None or now - self._kept[0] >= KEPT_SECONDS:
            self._kept = (now, Past(self._spent(), self._tasks))
        return self._kept[1]


def estimate(
    past: "Past", running: Sequence[Submission], waiting: Sequence[Submission], *, going: bool = True
) -> dict[str, Estimate]:
    """What can be said of those running and of those waiting, by id.

    `waiting` is in the order of the queue. As many workers are taken to be there as submissions run, at least one. None
    stands where fewer than three past runs of the same engine and edition tell; nothing is said of what comes after
    something of unknown length, nor of when anything begins while the queue is paused or without a worker (`going` is
    false).
    """
    found = {one.id: Estimate(begins=_NOTHING, lasts=past.left(one)) for one in running}
    free = [each.lasts for each in found.values()] or [_NOTHING]
    lows, highs = ([span.low for span in free if span], [span.high for span in free if span])
    known = going and None not in free
    heapq.heapify(lows)
    heapq.heapify(highs)
    for one in waiting:
        lasts = past.whole(one)
        found[one.id] = Estimate(begins=Span(lows[0], highs[0]) if known else None, lasts=lasts)
        if known and lasts:
            heapq.heapreplace(lows, lows[0] + lasts.low)
            heapq.heapreplace(highs, highs[0] + lasts.high)
        else:
            known = False
    return found


class Past:
    """What past evaluations took, by engine, edition and task.

    `spent` is newest first, `tasks` in the order of an evaluation.
    """

    def __init__(self, spent: Sequence[Spent], tasks: Sequence[str]) -> None:
        self._tasks = tasks
        self._runs: dict[tuple[str, Edition, str], list[Spent]] = {}
        for run in spent:
            if run.items > 0:
                self._runs.setdefault((run.engine, run.edition, run.task), []).append(run)
        self._known: dict[tuple[str, Edition, int | None], dict[str, Span]] = {}

    def whole(self, one: Submission) -> Span | None:
        """Seconds for all of it; what was begun before may have most of its answers already."""
        spans = self._spans(one)
        if not spans.keys() - {REST}:
            return None
        total = _sum(spans.values())
        return total if one.progress is None else Span(0.0, total.high)

    def left(self, one: Submission) -> Span | None:
        """Seconds for what is left of one that runs."""
        spans = self._spans(one)
        if not spans.keys() - {REST}:
            return None
        rest = Span(0.0, spans.get(REST, _NOTHING).high)
        at = one.progress
        if at is None or at.stage in {Stage.DOWNLOAD, Stage.LOAD}:
            return _sum([*(spans[task] for task in self._tasks if task in spans), rest])
        if at.stage is not Stage.PREDICT or at.task is None or at.task not in self._tasks:
            return rest
        later = [spans[task] for task in self._tasks[self._tasks.index(at.task) + 1 :] if task in spans]
        share = 1 - at.done / at.total if at.total else 1.0
        return _sum([_times(spans.get(at.task, _NOTHING), share), *later, rest])

    def _spans(self, one: Submission) -> dict[str, Span]:
        key = (one.engine, one.edition, one.model.params)
        if key not in self._known:
            runs = {task: self._runs.get((one.engine, one.edition, task), []) for task in (*self._tasks, REST)}
            spans = {task: _span(these, one.model.params) for task, these in runs.items()}
            self._known[key] = {task: span for task, span in spans.items() if span}
        return self._known[key]


def _span(runs: Sequence[Spent], params: int | None) -> Span | None:
    """Seconds that a task takes a model of so many parameters; None when too few runs tell."""
    whole = _spread([run.seconds / run.items for run in runs])
    if whole is None:
        return None
    items = runs[0].items  # the newest: data files may have grown
    sizes = [run.params for run in runs if run.params]
    each = _spread([run.seconds / run.items / run.params * BILLION for run in runs if run.params])
    if not params or each is None:
        return _times(whole, items)
    scaled = _times(each, params / BILLION)
    if not min(sizes) <= params <= max(sizes):
        scaled = Span(min(scaled.low, whole.low), max(scaled.high, whole.high))
    return _times(scaled, items)


def _spread(rates: Sequence[float]) -> Span | None:
    """From the 10th to the 90th of a hundred; of few, everything that was seen and something beyond."""
    if len(rates) < FEWEST_RUNS:
        return None
    if len(rates) < MANY_RUNS:
        return Span(min(rates) / DOUBT, max(rates) * DOUBT)
    tenths = statistics.quantiles(rates, n=10, method="inclusive")
    return Span(tenths[0], tenths[-1])


def _times(span: Span, factor: float) -> Span:
    return Span(span.low * factor, span.high * factor)


def _sum(spans: Collection[Span]) -> Span:
    return Span(sum(span.low for span in spans), sum(span.high for span in spans))
