"""The commands that measure: a storm over the queue, and a browser on the page."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from backend.progress import FractionProgress
from frontend_config.bench_tables import progress_bar, show
from frontend_config.queue_commands import AsJson

StormBench = Callable[[int, float, int, FractionProgress], Mapping[str, Any]]
PageBench = Callable[[int, int, FractionProgress], Mapping[str, Any]]


def bench_commands(storm: StormBench, page: PageBench) -> typer.Typer:
    """The commands. `storm(kills, minutes, seed, report)` and `page(models, columns, report)` return their records,
    `clean` among them.
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
        with progress_bar() as report:
            record = storm(kills, minutes, seed, report)
        show(record, as_json)

    @commands.command("page")
    def page_command(
        models: Annotated[int, typer.Option(min=1_000, help="invented models on the board")] = 10_000,
        columns: Annotated[int, typer.Option(min=36, help="columns of the board, at most")] = 40,
        as_json: AsJson = False,
    ) -> None:
        """Visit the page and a gr.Dataframe of the same invented data; exit code 1 if another host is asked."""
        with progress_bar() as report:
            record = page(models, columns, report)
        show(record, as_json)

    return commands
