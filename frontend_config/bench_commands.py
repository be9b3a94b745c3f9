"""The commands that measure: for now a storm over the queue."""

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


def bench_commands(storm: Storm) -> typer.Typer:
    """The commands. `storm(kills, minutes, seed, tell)` returns its record, `clean` among it."""
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
        if as_json:
            typer.echo(json.dumps(record, indent=1))
        else:
            for name, value in record.items():
                typer.echo(f"{name:>26}  {value}")
        if not record["clean"]:
            raise typer.Exit(1)

    @commands.callback()
    def bench() -> None:
        """Measure this program on this machine."""

    return commands


@contextmanager
def _bar() -> Iterator[Tell]:
    """A bar on standard error that is drawn only when told, because a storm forks and so may have no threads."""
    with Progress(console=ERRORS, auto_refresh=False, transient=True) as progress:
        line = progress.add_task("storm", total=1)

        def tell(what: str, part: float) -> None:
            if progress.tasks[0].description != what or part - progress.tasks[0].completed > 0.01:
                progress.update(line, description=what, completed=part, refresh=True)

        yield tell
