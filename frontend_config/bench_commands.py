"""The commands that measure: a storm over the queue, a browser on the page, the core beside others."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.progress import Progress

from frontend_config.queue_commands import AsJson
from frontend_config.terminal import ERRORS

Tell = Callable[[str, float], None]
Storm = Callable[[int, float, int, Tell], Mapping[str, Any]]
Visits = Callable[[int, int, Tell], Mapping[str, Any]]
Asking = Callable[[int, int, float, Tell], Mapping[str, Any]]


def bench_commands(storm: Storm, page: Visits, endpoint: Asking) -> typer.Typer:
    """The commands. `storm(kills, minutes, seed, tell)`, `page(models, columns, tell)` and `endpoint(requests, slots,
    seconds, tell)` return their records, `clean` among them.
    """
    commands = typer.Typer(help="Measure this program on this machine.", no_args_is_help=True)

    @commands.command("queue")
    def queue(
        kills: Annotated[
            int, typer.Option(min=0, help="processes killed with SIGKILL, at every kill-point first")
        ] = 3_000,
        minutes: Annotated[float, typer.Option(min=0, help="go on for so long after the last of them")] = 0,
        seed: int = 1,
        as_json: AsJson = False,
    ) -> None:
        """Kill workers and submitters over a home of its own and count what is lost; exit code 1 when anything is."""
        with _bar() as tell:
            record = storm(kills, minutes, seed, tell)
        _show(record, as_json)

    @commands.command("page")
    def page_command(
        models: Annotated[int, typer.Option(min=1_000, help="invented models on the board")] = 10_000,
        columns: Annotated[int, typer.Option(min=36, help="columns of the board, at most")] = 40,
        as_json: AsJson = False,
    ) -> None:
        """Visit the page and a gr.Dataframe of the same invented data; exit code 1 if another host is asked."""
        with _bar() as tell:
            record = page(models, columns, tell)
        _show(record, as_json)

    @commands.command("endpoint")
    def endpoint_command(
        requests: Annotated[int, typer.Option(min=100, help="prompts that are asked each time")] = 10_000,
        slots: Annotated[int, typer.Option(min=1, help="requests that the server works on at once")] = 64,
        seconds: Annotated[float, typer.Option(min=0.001, help="time that each of them takes")] = 0.05,
        as_json: AsJson = False,
    ) -> None:
        """Ask a server of so many slots, beside sixteen threads; exit code 1 if less than 95 % of them were busy."""
        with _bar() as tell:
            record = endpoint(requests, slots, seconds, tell)
        _show(record, as_json)

    return commands


def _show(record: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(record, indent=1))
    else:
        for name, value in record.items():
            parts = value.items() if isinstance(value, Mapping) else [("", value)]
            for part, each in parts:
                typer.echo(f"{name + ' ' * bool(part) + part:>34}  {each}")
    if not record["clean"]:
        raise typer.Exit(1)


@contextmanager
def _bar() -> Iterator[Tell]:
    """A bar on standard error that is drawn only when told: what is measured forks, and so may have no threads."""
    with Progress(console=ERRORS, auto_refresh=False, transient=True) as progress:
        line = progress.add_task("starting", total=1)

        def tell(what: str, part: float) -> None:
            if progress.tasks[0].description != what or part - progress.tasks[0].completed > 0.01:
                progress.update(line, description=what, completed=part, refresh=True)

        yield tell
