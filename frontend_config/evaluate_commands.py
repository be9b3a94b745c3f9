"""The command that evaluates one model here and now, without queue and board."""

import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import Annotated, TypeVar

import typer

from backend.domain import PROTOCOL, Benchmark, Edition, Engine, Model, ModelSource
from backend.errors import UsageError
from backend.evaluation import Evaluation
from backend.reporting import result_record, write_examples
from backend.settings import Settings
from frontend_config.queue_commands import EngineName, Url
from frontend_config.terminal import progress_bar
from storage.predictions import Journals

T = TypeVar("T")
Resolve = Callable[[str, Engine, str | None, str | None], tuple[Model, ModelSource]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationKit:
    """What an evaluation is made with.

    `benchmark(protocol, clone)` has the tasks of a protocol; `resolve(model, engine, url, revision)` finds the model.
    """

    settings: Settings
    engines: Mapping[str, Engine]
    benchmark: Callable[[str, Path | None], Benchmark]
    resolve: Resolve


def evaluate_commands(kit: Callable[[], EvaluationKit]) -> typer.Typer:
    """The command over this kit, which is asked for when it runs."""
    commands = typer.Typer()

    @commands.command()
    def evaluate(
        model: Annotated[str, typer.Argument(help="a Hub id or a local folder")],
        engine: EngineName = "transformers",
        url: Url = None,
        revision: Annotated[str | None, typer.Option(help="branch, tag or commit on the Hub; default: main")] = None,
        tasks: Annotated[str | None, typer.Option(help="names with commas between; default: all")] = None,
        edition: Edition = Edition.FULL,
        limit: Annotated[int | None, typer.Option(min=1, help="only the first examples of each task")] = None,
        out: Annotated[
            Path | None, typer.Option(help="folder for judged answers; a second run goes on from there")
        ] = None,
        protocol: Annotated[str, typer.Option(help="clue-2, or clue-2024 as in the paper")] = PROTOCOL,
        clue_clone: Annotated[Path | None, typer.Option(help="clone of the authors' repository, for clue-2024")] = None,
    ) -> None:
        """Evaluate one model here and now, without queue and board; one JSON object on standard output."""
        here = kit()
        chosen = pick(here.engines, engine or here.settings.engine, "engine")
        benchmark = here.benchmark(protocol, clue_clone or here.settings.clone)
        offered = benchmark.tasks
        wanted = [pick(offered, name, "task") for name in tasks.split(",")] if tasks else list(offered.values())
        found, source = here.resolve(model, chosen, url, revision)
        with ExitStack() as stack:
            folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clue-")))
            run = {"model": found.hub_id, "revision": found.revision, "edition": edition, "protocol": protocol}
            journals = Journals(folder / "predictions", {**run, **benchmark.facts})
            journals.part_from_others(beside=folder)
            result = Evaluation(
                model=found,
                source=source,
                engine=chosen,
                edition=edition,
                tasks=wanted,
                settings=here.settings,
                journal=journals,
                report=stack.enter_context(progress_bar()),
                halt=Event(),
                scored=partial(write_examples, out) if out else lambda task, examples: None,
                limit=limit,
                protocol=protocol,
                facts=benchmark.facts,
            ).run()
        typer.echo(json.dumps(result_record(result), indent=1, ensure_ascii=False, default=str))

    return commands


def pick(offered: Mapping[str, T], name: str, kind: str) -> T:
    """What is offered under this name; UsageError, naming what there is, when nothing is."""
    if name not in offered:
        raise UsageError(f"There is no {kind} {name!r}. Choose from: {', '.join(offered)}.")
    return offered[name]
