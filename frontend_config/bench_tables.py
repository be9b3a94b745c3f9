"""How far a bench is, and what it found, in the terminal."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from backend.progress import FractionProgress
from frontend_config.terminal import ERRORS, MISSING

COLUMNS = {
    "seconds": "whole s",
    "times_ours": "× ours",
    "cpu_seconds": "CPU s",
    "times_ours_cpu": "× ours",
    "answering_seconds": "asked s",
    "times_ours_answering": "× ours",
    "identical": "identical",
    "cache_hit_percent": "% reused",
}


def show(record: Mapping[str, Any], as_json: bool) -> None:
    """The record as JSON or as tables; exit code 1 unless it is clean."""
    if as_json:
        typer.echo(json.dumps(record, indent=1))
    else:
        print_record(record)
    if not record["clean"]:
        raise typer.Exit(1)


@contextmanager
def progress_bar() -> Iterator[FractionProgress]:
    """A bar on standard error that is drawn only when told: what is measured forks, and so may have no threads."""
    with Progress(console=ERRORS, auto_refresh=False, transient=True) as progress:
        line = progress.add_task("starting", total=1)

        def report(what: str, part: float) -> None:
            if progress.tasks[0].description != what or part - progress.tasks[0].completed > 0.01:
                progress.update(line, description=what, completed=part, refresh=True)

        yield report


def print_record(record: Mapping[str, Any]) -> None:
    """The record's plain values, and every part of it as a table."""
    out = Console(highlight=False, markup=False, emoji=False)
    for name, value in record.items():
        if name == "shapes":
            for shape, found in value.items():
                _print_shape(out, shape, found)
        elif isinstance(value, Mapping):
            out.print(_rows(name, value))
        elif isinstance(value, list):
            out.print(_rows(name, {str(number): row for number, row in enumerate(value, 1)}))
        else:
            out.print(f"{name.replace('_', ' ')}: {_shown(value)}")


def _print_shape(out: Console, name: str, found: Mapping[str, Any]) -> None:
    plain = {key: value for key, value in found.items() if not isinstance(value, Mapping)}
    out.print(f"\n{name}: " + ", ".join(f"{key.replace('_', ' ')} {_shown(value)}" for key, value in plain.items()))
    table = Table(box=None)
    table.add_column("", no_wrap=True)
    for title in COLUMNS.values():
        table.add_column(title, justify="right", no_wrap=title == COLUMNS["identical"])
    for variant, values in found["variants"].items():
        table.add_row(variant, *(_shown(values[key]) for key in COLUMNS))
    out.print(table)
    for variant, reason in found["failed"].items():
        out.print(f"{variant}: {reason}")


def _rows(name: str, parts: Mapping[str, Any]) -> Table:
    rows = {part: value if isinstance(value, Mapping) else {"": value} for part, value in parts.items()}
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    table = Table(box=None)
    table.add_column(name.replace("_", " "))
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for part, row in rows.items():
        table.add_row(part, *(_shown(row.get(column)) for column in columns))
    return table


def _shown(value: object) -> str:
    if value is None:
        return MISSING
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
