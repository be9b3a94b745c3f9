"""What a person sees in the terminal: tables and progress bars."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from backend.datasets.catalog import DataState, Presence
from backend.domain import Progress
from backend.progress import StageProgress
from backend.submission import Submission

ERRORS = Console(stderr=True)
MISSING = "–"
PAIRS_SHOWN = 15
SIDE_BY_SIDE = 4


def print_queue(submissions: Sequence[Submission], waiting: Sequence[str]) -> None:
    """Every submission with its place; a sentence when there is none."""
    if not submissions:
        Console().print("Nothing was submitted yet: python app.py submit owner/name")
        return
    table = _table("id", "model", "edition", "status", "place", "note")
    table.columns[0].no_wrap = True  # it is what one copies
    for one in submissions:
        place = str(waiting.index(one.id) + 1) if one.id in waiting else ""
        table.add_row(one.id, one.model.hub_id, one.edition, one.status, place, one.note or "")
    Console(highlight=False, markup=False, emoji=False).print(table)


def print_data(states: Sequence[DataState], folder: Path) -> None:
    """A table of the files in the data folder, and under it what there is to know about each."""
    out = Console(highlight=False, markup=False, emoji=False)
    out.print(f"Files are looked for in {folder}.\n")
    table = _table("task", "access", "state", "rows", "file")
    for state in states:
        rows = "" if state.rows is None else f"{state.rows:,}"
        table.add_row(state.task, state.access, state.presence, rows, _within(state.where, folder))
    out.print(table)
    for state in states:
        out.print(f"\n{state.task}: {state.presence}", style="bold")
        out.print(_details(state))


def _details(state: DataState) -> Table:
    lines = [("looked for in", ", ".join(state.looked_in)), ("licence", state.licence)]
    if state.presence is Presence.MISSING:
        lines.append(("how to get it", state.obtain))
    if state.presence is Presence.WRONG:
        lines.append(("what is wrong", state.advice))
    lines += [("odd, and dealt with", anomaly) for anomaly in state.anomalies]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in lines:
        grid.add_row(f"  {name}", text)
    return grid


def _within(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def print_comparison(record: Mapping[str, Any]) -> None:
    """What `compare_folders` found: the runs' scores with their ranges of ranks, then the differences of pairs.

    Of more than two runs only averages and tasks are shown, of very many no pairs.
    """
    out = Console(highlight=False, markup=False, emoji=False)  # names are shown as they are
    runs, cells = record["runs"], record["cells"]
    heads = [cell for key, cell in cells.items() if "." not in key]
    shown = list(cells.values()) if len(runs) == 2 else heads
    out.print(_score_table(runs, shown))
    out.print("Scores in percent, in brackets the ranks that each run may have.\n")
    if len(shown[0]["pairs"]) > PAIRS_SHOWN:
        out.print("These are too many pairs to print; --json has them all.")
        return
    out.print(_pair_table(runs, shown) if len(runs) == 2 else _pairs_table(shown))
    out.print(
        "Differences in percentage points over shared items. Better and worse stand after Holm's correction for all "
        "pairs and columns of a kind; an interval is of one difference alone. Detectable: the difference that a set "
        "like this finds four times in five."
    )


def _score_table(runs: Sequence[str], cells: Sequence[Mapping[str, Any]]) -> Table:
    if len(runs) > SIDE_BY_SIDE:
        table = _table("run", *(cell["title"] for cell in cells))
        for run in runs:
            table.add_row(run, *(_ranked(cell["runs"][run]) for cell in cells))
        return table
    table = _table("", *runs)
    for cell in cells:
        table.add_row(cell["title"], *(_ranked(cell["runs"][run]) for run in runs))
    return table


def _pair_table(runs: Sequence[str], cells: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("", "difference, 95 % interval", f"{runs[0]} is", "detectable")
    for cell in cells:
        (pair,) = cell["pairs"]
        table.add_row(cell["title"], _difference(pair), pair["finding"] or MISSING, _points(pair["detectable"]))
    return table


def _pairs_table(cells: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("", "first", "second", "difference, 95 % interval", "the first is", "detectable")
    for cell in cells:
        for number, pair in enumerate(cell["pairs"]):
            title = "" if number else cell["title"]
            finding, reach = pair["finding"] or MISSING, _points(pair["detectable"])
            table.add_row(title, pair["first"], pair["second"], _difference(pair), finding, reach)
    return table


def _ranked(score: Mapping[str, Any]) -> str:
    if score["value"] is None:
        return MISSING
    if score["rank"] is None:
        return f"{score['value']:.1f}"
    best, worst = score["rank"]
    return f"{score['value']:.1f} ({best})" if best == worst else f"{score['value']:.1f} ({best}–{worst})"


def _difference(pair: Mapping[str, Any]) -> str:
    if pair["difference"] is None:
        return MISSING
    if pair["low"] is None:
        return f"{pair['difference']:+.1f}"
    return f"{pair['difference']:+.1f} ({pair['low']:+.1f} to {pair['high']:+.1f})"


def _points(value: float | None) -> str:
    return MISSING if value is None else f"{value:.1f}"


def _table(*names: str) -> Table:
    table = Table(box=None)
    for name in names:
        table.add_column(name, overflow="fold")
    return table


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """A bar on standard error that shows how far an evaluation is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=ERRORS) as bars:
        bar = bars.add_task("starting", total=None)

        def show(progress: Progress) -> None:
            where = f" {progress.task_number}/{progress.task_count} {progress.task}" if progress.task else ""
            bars.update(
                bar, description=f"{progress.stage}{where}", completed=progress.done, total=progress.total or None
            )

        yield show


@contextmanager
def file_bar() -> Iterator[StageProgress]:
    """A bar on standard error that shows for each named file how many of its bytes are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bars(*columns, console=ERRORS) as bars:
        yield _rows_of(bars)


@contextmanager
def stage_bar() -> Iterator[StageProgress]:
    """A bar on standard error that shows for each named stage how many items are done; 0 of 0 where that is unknown."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=ERRORS) as bars:
        yield _rows_of(bars)


def _rows_of(bars: Bars) -> StageProgress:
    rows: dict[str, TaskID] = {}

    def show(name: str, done: int, total: int | None) -> None:
        if name not in rows:
            rows[name] = bars.add_task(name, total=None)
        bars.update(rows[name], completed=done, total=total or None)

    return show
