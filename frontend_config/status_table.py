"""How the installation stands, as a person reads it in the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from frontend_config.terminal import MISSING

GB = 1_000_000_000


def print_status(record: Mapping[str, Any]) -> None:
    """One line for each thing there is to know, and below what needs the operator."""
    out = Console(highlight=False, markup=False, emoji=False)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in _lines(record):
        table.add_row(name, text)
    out.print(table)
    for concern in record["concerns"]:
        out.print(f"! {concern}", style="bold red")
    if record["well"]:
        out.print("All is well.", style="green")


def _lines(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    queue, disk = record["queue"], record["disk"]
    yield "queue", _counted(queue["statuses"]) or "nothing was submitted yet"
    yield "failed in 7 days", _counted(queue["failures_7_days"]) or "none"
    for running in queue["running"]:
        yield "running", _running(running)
    for place, waiting in enumerate(queue["next"], start=1):
        yield "next" if place == 1 else "", f"{place}. {waiting['model']} ({waiting['edition']}), {waiting['id']}"
    yield "worker", _worker(record["worker"])
    yield "isolation", _isolation(record["isolation"])
    used = ", ".join(f"{name} {_gb(size)}" for name, size in disk["used"].items())
    yield "disk", f"{_gb(disk['free'])} free of {_gb(disk['total'])}; {used}"
    yield "data", ", ".join(f"{task} {presence}" for task, presence in record["data"].items())
    yield "ledger", _ledger(record["ledger"])
    backup = record["backup"]
    yield "last backup", f"{backup['at']} in {backup['folder']}, {backup['lines']} lines" if backup else "none"
    yield "versions", ", ".join(f"{name} {version}" for name, version in record["versions"].items())


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _running(running: Mapping[str, Any]) -> str:
    place = f"task {running['task_number']} of {running['task_count']} {running['task']}, " if running["task"] else ""
    items = f"{running['done']:,} of {running['total']:,}, " if running["total"] else ""
    return (
        f"{running['model']} ({running['edition']}), {running['id']}: {running['stage'] or 'about to begin'}, "
        f"{place}{items}attempt {running['attempt']}, since {running['since'] or MISSING}"
    )


def _worker(worker: Mapping[str, Any]) -> str:
    if worker["seen_at"] is None:
        return "not seen"
    if worker["silent_seconds"] is None:
        return f"seen {worker['seen_at']}, before this machine was restarted"
    return f"seen {worker['silent_seconds']} s ago"


def _isolation(isolation: Mapping[str, str] | None) -> str:
    if isolation is None:
        return "no worker has tried it yet"
    why = f" ({isolation['why']})" if isolation["why"] else ""
    return f"{isolation['level']}{why}, tried {isolation['at']}"


def _ledger(ledger: Mapping[str, Any]) -> str:
    if not ledger["ok"]:
        return "broken"
    signed = {None: "no head file", True: "signed", False: "not signed"}[ledger["signed"]]
    return f"{ledger['lines']} lines, verified {ledger['verified_at']}, {signed}; head {ledger['hash'][:12]}"


def _gb(size: int) -> str:
    return f"{size / GB:.1f} GB"
