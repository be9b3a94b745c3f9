"""The commands that measure asking and judging, beside others in the same run."""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

import typer

from backend.bench.endpoint import measure_endpoint
from backend.bench.generation.measurement import THREADS, BenchPlan, Peers, measure_generation
from backend.bench.generation.models import Size
from backend.bench.generation.shapes import ShapeName
from backend.bench.generation.whole import measure_benchmark
from backend.bench.order import measure_order
from backend.bench.ray import measure_ray
from backend.bench.scoring import measure_scoring
from backend.datasets.rehearsal import Scale
from backend.domain import Task
from backend.settings import read_settings
from frontend_config.bench_tables import progress_bar, show
from frontend_config.queue_commands import AsJson

Tasks = Callable[[], Mapping[str, Task]]
Shape = Literal["all", "mednli", "longhealth", "medisum", "unshared"]


def speed_commands(commands: typer.Typer, tasks: Tasks) -> typer.Typer:
    """The commands, with those added that measure asking and judging; `tasks` are the benchmark's."""
    _add_order(commands, tasks)
    _add_generation(commands, tasks)
    _add_whole(commands, tasks)
    _add_scoring(commands, tasks)
    _add_endpoint(commands)
    _add_ray(commands)
    return commands


def _add_order(commands: typer.Typer, tasks: Tasks) -> None:
    @commands.command("order")
    def order_command(
        scale: Annotated[Scale, typer.Option(help="of the invented data")] = Scale.FULL, as_json: AsJson = False
    ) -> None:
        """Count how much of LongHealth's prompts the prompt before has in common, in our order and in others."""
        with progress_bar() as report:
            record = measure_order(tasks()["longhealth"], scale, report)
        show(record, as_json)


def _add_generation(commands: typer.Typer, tasks: Tasks) -> None:
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
        plan = BenchPlan(
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
        with progress_bar() as report:
            record = measure_generation(tasks(), plan, report)
        show(record, as_json)


def _add_whole(commands: typer.Typer, tasks: Tasks) -> None:
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
        with progress_bar() as report:
            plan = BenchPlan(shapes=(), size=size, prompts=prompts, scale=scale, threads=threads, written=written)
            record = measure_benchmark(tasks(), plan, report)
        show(record, as_json)


def _add_scoring(commands: typer.Typer, tasks: Tasks) -> None:
    @commands.command("scoring")
    def scoring_command(
        pairs: Annotated[
            int, typer.Option(min=20, help="pairs of short texts; a tenth of it where it is slow")
        ] = 1_000,
        as_json: AsJson = False,
    ) -> None:
        """Judge invented texts with our metrics and with those they are held against; exit code 1 if they disagree."""
        with progress_bar() as report:
            record = measure_scoring(list(tasks().values()), read_settings(), pairs, report)
        show(record, as_json)


def _add_endpoint(commands: typer.Typer) -> None:
    @commands.command("endpoint")
    def endpoint_command(
        requests: Annotated[int, typer.Option(min=100, help="prompts that are asked each time")] = 10_000,
        slots: Annotated[int, typer.Option(min=1, help="requests that the server works on at once")] = 64,
        seconds: Annotated[float, typer.Option(min=0.001, help="time that each of them takes")] = 0.05,
        as_json: AsJson = False,
    ) -> None:
        """Ask a server of so many slots, beside sixteen threads; exit code 1 if less than 95 % of them were busy."""
        with progress_bar() as report:
            record = measure_endpoint(requests, slots, seconds, report)
        show(record, as_json)


def _add_ray(commands: typer.Typer) -> None:
    @commands.command("ray")
    def ray_command(
        actors: Annotated[int, typer.Option(min=1, max=64, help="the most actors; 1, 2, 4 … up to so many")] = 4,
        as_json: AsJson = False,
    ) -> None:
        """Ask a sleeping model on two Ray nodes of this machine; exit code 1 unless all is answered exactly once."""
        with progress_bar() as report:
            record = measure_ray(actors, report)
        show(record, as_json)
