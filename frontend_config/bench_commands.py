"""The commands that measure: a storm over the queue, a browser on the page, and the core beside others."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import typer
from rich.progress import Progress

from backend.bench.generation.measurement import THREADS, Peers, Plan
from backend.bench.generation.models import Size
from backend.bench.generation.shapes import ShapeName
from backend.datasets.rehearsal import Scale
from frontend_config.bench_tables import print_record
from frontend_config.queue_commands import AsJson
from frontend_config.terminal import ERRORS

Tell = Callable[[str, float], None]
Storm = Callable[[int, float, int, Tell], Mapping[str, Any]]
Visits = Callable[[int, int, Tell], Mapping[str, Any]]
Generation = Callable[[Plan, Tell], Mapping[str, Any]]
Order = Callable[[Scale, Tell], Mapping[str, Any]]
Shape = Literal["all", "mednli", "longhealth", "medisum", "unshared"]


def bench_commands(storm: Storm, page: Visits) -> typer.Typer:
    """The commands. `storm(kills, minutes, seed, tell)` and `page(models, columns, tell)` return their records, `clean`
    among them.
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

    return commands


def speed_commands(generation: Generation, whole: Generation, order: Order) -> typer.Typer:
    """The commands about asking. `generation` and `whole` take a plan, `order` a scale; each returns its record."""
    commands = typer.Typer()

    @commands.command("generation")
    def generation_command(
        shape: Annotated[Shape, typer.Option(help="which prompts; unshared ones have nothing in common")] = "all",
        prompts: Annotated[int | None, typer.Option(min=2, help="prompts of each shape; default: its own")] = None,
        size: Annotated[Size, typer.Option(help="the model's; 7b wants a GPU and gets prompts uncut")] = Size.SMALL,
        rounds: Annotated[int, typer.Option(min=1, help="turns of every variant; medians are told")] = 3,
        threads: Annotated[int, typer.Option(min=1, help="of every variant")] = THREADS,
        written: Annotated[int | None, typer.Option(min=1, help="tokens written; default: as models do")] = None,
        batch_size: Annotated[int, typer.Option(min=1, help="of the others; ours chooses its own")] = 8,
        peers: Annotated[Peers, typer.Option(help="all: continuous batching on a CPU too")] = Peers.USUAL,
        scale: Annotated[Scale, typer.Option(help="of the invented data")] = Scale.FULL,
        dtype: Literal["auto", "float32", "bfloat16"] = "auto",
        as_json: AsJson = False,
    ) -> None:
        """Answer the same prompts in several ways; exit code 1 when our engine answers differently."""
        plan = Plan(
            shapes=list(ShapeName) if shape == "all" else [ShapeName(shape)],
            size=size,
            prompts=prompts,
            written=written,
            rounds=rounds,
            threads=threads,
            batch_size=batch_size,
            dtype=dtype,
            peers=peers,
            scale=scale,
        )
        with _bar() as tell:
            record = generation(plan, tell)
        _show_table(record, as_json)

    @commands.command("whole")
    def whole_command(
        size: Annotated[Size, typer.Option(help="the model's")] = Size.LARGE,
        prompts: Annotated[int | None, typer.Option(min=1, help="the first of each task; default: all")] = None,
        scale: Annotated[Scale, typer.Option(help="of the invented data")] = Scale.FULL,
        threads: Annotated[int, typer.Option(min=1)] = THREADS,
        written: Annotated[int | None, typer.Option(min=1, help="tokens written; default: as models do")] = None,
        as_json: AsJson = False,
    ) -> None:
        """Answer all six tasks with our engine, and profile a part; meant for a GPU."""
        with _bar() as tell:
            plan = Plan(shapes=(), size=size, prompts=prompts, scale=scale, threads=threads, written=written)
            record = whole(plan, tell)
        _show_table(record, as_json)

    @commands.command("order")
    def order_command(
        scale: Annotated[Scale, typer.Option(help="of the invented data")] = Scale.FULL, as_json: AsJson = False
    ) -> None:
        """Count how much of LongHealth's prompts the prompt before has in common, in our order and in others."""
        with _bar() as tell:
            record = order(scale, tell)
        _show_table(record, as_json)

    return commands


def _show_table(record: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(record, indent=1))
    else:
        print_record(record)
    if not record["clean"]:
        raise typer.Exit(1)


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
