"""What a person sees in the terminal: tables and progress bars."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from backend.datasets.catalog import DataState, Presence
from backend.domain import Progress
from backend.submission import Submission

ERRORS = Console(stderr=True)


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
