"""What a person sees in the terminal: tables and progress bars."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from backend.datasets.catalog import DataState, Presence
from backend.domain import Progress
from backend.submission import Submission

ERRORS = Console(stderr=True)
MISSING = "–"
PAIRS_SHOWN = 15


def print_queue(submissions: Sequence[Submission], waiting: Sequence[str]) -> None:
    """Every submission with its place; a sentence when there is none."""
    if not submissions:
        Console().print("Nothing was submitted yet: python app.py submit owner/name")
        return
    table = _table("id", "model", "edition", "status", "place", "note")
    for one in submissions:
        place = str(waiting.index(one.id) + 1) if one.id in waiting else ""
        table.add_row(one.id, one.model.hub_id, one.edition, one.status, place, one.note or "")
    Console().print(table)


def print_data(states: Sequence[DataState]) -> None:
    """A table of the files, and under it what to do about those that are not here."""
    table = _table("task", "access", "state", "licence", "where")
    for state in states:
        table.add_row(state.task, state.access, state.presence, state.licence, str(state.where))
    Console().print(table)
    for state in states:
        if state.presence is not Presence.FOUND:
            Console().print(f"\n{state.task}: {state.advice}", highlight=False)


def print_comparison(record: Mapping[str, Any]) -> None:
    """What `compare_folders` found: the runs' scores with their ranges of ranks, then the differences of pairs.

    Of more than two runs only averages and tasks are shown, of very many no pairs.
    """
    out = Console(highlight=False, markup=False, emoji=False)  # names are shown as they are
    runs, cells = record["runs"], record["cells"]
    heads = [cell for key, cell in cells.items() if "." not in key]
    scores = _table("run", *(cell["title"] for cell in heads))
    for run in runs:
        scores.add_row(run, *(_ranked(cell["runs"][run]) for cell in heads))
    out.print(scores)
    out.print("Scores in percent, in brackets the ranks that each run may have.\n")
    shown = list(cells.values()) if len(runs) == 2 else heads
    if len(shown[0]["pairs"]) > PAIRS_SHOWN:
        out.print("These are too many pairs to print; --json has them all.")
        return
    differences = _table("", "first", "second", "difference, 95 % interval", "the first is", "detectable")
    for cell in shown:
        for number, pair in enumerate(cell["pairs"]):
            title = "" if number else cell["title"]
            finding, reach = pair["finding"] or MISSING, _points(pair["detectable"])
            differences.add_row(title, pair["first"], pair["second"], _difference(pair), finding, reach)
    out.print(differences)
    out.print(
        "Differences in percentage points over shared items. Better and worse stand after Holm's correction for all "
        "pairs and columns of a kind; an interval is of one difference alone. Detectable: the difference that a set "
        "like this finds four times in five."
    )


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
def download_bar(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on standard error that shows how much of a file is here."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bars(*columns, console=ERRORS) as bars:
        bar = bars.add_task(name, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)
