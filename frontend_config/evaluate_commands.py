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

from backend.domain import PROTOCOL, Benchmark, Edition, Engine, Fact, Model, ModelSource, Result, Task
from backend.errors import UsageError
from backend.evaluation import Evaluation
from backend.reporting import result_record, write_examples
from backend.settings import Settings
from frontend_config.queue_commands import EngineName, Url
from frontend_config.terminal import progress_bar
from storage.predictions import Journals

T = TypeVar("T")
ModelName = Annotated[str, typer.Argument(help="a Hub id or a local folder")]
Revision = Annotated[str | None, typer.Option(help="branch, tag or commit on the Hub; default: main")]
TaskNames = Annotated[str | None, typer.Option(help="names with commas between; default: all")]
Limit = Annotated[int | None, typer.Option(min=1, help="only the first examples of each task")]
Out = Annotated[Path | None, typer.Option(help="folder for judged answers; a second run goes on from there")]
ProtocolName = Annotated[str, typer.Option(help="clue-2, or clue-2024 as in the paper")]
Clone = Annotated[Path | None, typer.Option(help="clone of the authors' repository, for clue-2024")]
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
        model: ModelName,
        engine: EngineName = "transformers",
        url: Url = None,
        revision: Revision = None,
        tasks: TaskNames = None,
        edition: Edition = Edition.FULL,
        limit: Limit = None,
        out: Out = None,
        protocol: ProtocolName = PROTOCOL,
        clue_clone: Clone = None,
    ) -> None:
        """Evaluate one model here and now, without queue and board; one JSON object on standard output."""
        here = kit()
        chosen = pick(here.engines, engine or here.settings.engine, "engine")
        benchmark = here.benchmark(protocol, clue_clone or here.settings.clone)
        wanted = _wanted(benchmark, tasks)
        found, source = here.resolve(model, chosen, url, revision)
        asked = partial(
            Evaluation,
            model=found,
            source=source,
            engine=chosen,
            edition=edition,
            tasks=wanted,
            settings=here.settings,
            limit=limit,
            protocol=protocol,
            facts=benchmark.facts,
        )
        run = {"model": found.hub_id, "revision": found.revision, "edition": edition, "protocol": protocol}
        result = _carried_out(asked, {**run, **benchmark.facts}, out)
        typer.echo(json.dumps(result_record(result), indent=1, ensure_ascii=False, default=str))

    return commands


def pick(offered: Mapping[str, T], name: str, kind: str) -> T:
    """What is offered under this name; UsageError, naming what there is, when nothing is."""
    if name not in offered:
        raise UsageError(f"There is no {kind} {name!r}. Choose from: {', '.join(offered)}.")
    return offered[name]


def _wanted(benchmark: Benchmark, names: str | None) -> list[Task]:
    """The tasks of these names, with commas between; all of them without any."""
    offered = benchmark.tasks
    return [pick(offered, name, "task") for name in names.split(",")] if names else list(offered.values())


def _carried_out(asked: Callable[..., Evaluation], run: Mapping[str, Fact], out: Path | None) -> Result:
    """The result of this run, which goes on from what `out` has of it; without a folder nothing of it is kept."""
    with ExitStack() as stack:
        folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clue-")))
        journals = Journals(folder / "predictions", run)
        journals.part_from_others(beside=folder)
        report = stack.enter_context(progress_bar())
        scored = partial(write_examples, out) if out else lambda task, examples: None
        return asked(journal=journals, report=report, halt=Event(), scored=scored).run()
