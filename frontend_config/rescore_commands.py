"""The command that judges what is published once more from the answers that are kept."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console

from backend.errors import UsageError
from backend.progress import StageProgress
from frontend_config.queue_commands import AsJson
from frontend_config.terminal import MISSING, stage_bar


class Rescore(Protocol):
    """Judges these submissions again, or all; with a reason, what changed is published."""

    def __call__(
        self,
        ids: list[str],
        wanted: list[str] | None,
        report: StageProgress,
        *,
        processes: int | None,
        reason: str | None,
    ) -> Mapping[str, Any]:
        """The record that --json prints."""


def rescore_commands(rescore: Callable[[], Rescore]) -> typer.Typer:
    """The command over what does the work, which is asked for when it runs."""
    commands = typer.Typer()

    @commands.command("rescore")
    def run(
        ids: Annotated[list[str] | None, typer.Argument(help="submissions; default: all that stand published")] = None,
        tasks: Annotated[str | None, typer.Option(help="names with commas between; default: all")] = None,
        publish: Annotated[bool, typer.Option("--publish", help="put the new numbers in the place of the old")] = False,
        reason: Annotated[str | None, typer.Option(help="why; it stands in the ledger for everybody to read")] = None,
        processes: Annotated[
            int | None, typer.Option(min=1, help="default: one a core; with UMLS one, as each starts a linker")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Judge the answers that are kept of published models once more, without asking a model."""
        if publish != (reason is not None):
            raise UsageError("--publish and --reason go together: a number is replaced for a reason that all can read.")
        with stage_bar() as report:
            found = rescore()(
                ids or [], tasks.split(",") if tasks else None, report, processes=processes, reason=reason
            )
        if as_json:
            typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
        else:
            print_rescored(found)

    return commands


def print_rescored(found: Mapping[str, Any]) -> None:
    """The scores that changed, what could not be judged, and what became of it."""
    out = Console(highlight=False, markup=False, emoji=False)  # names are shown as they are
    for one in found["changed"]:
        whose = f"{one['submission']} {one['model']} {one['task']} {one['metric']}"
        out.print(f"{whose}: {_score(one['old'])} → {_score(one['new'])}", soft_wrap=True)
    for (task, reason), count in Counter((one["task"], one["reason"]) for one in found["skipped"]).items():
        out.print(f"{task} of {count} left as published: {reason}")
    changed = found["submissions"] - found["unchanged"]
    out.print(f"{found['submissions']} published, {changed} with other scores now, in {found['seconds']:.1f} s.")
    if found["kept"]:
        out.print(f"What each answer is worth was kept of {found['kept']} runs, for comparisons.")
    for one in found["published"]:
        out.print(
            f"{one['submission']}: line {one['line']} takes the place of line {one['supersedes']}."
            if one["line"]
            else f"{one['submission']} was withdrawn or replaced meanwhile and is left as it is."
        )
    if changed and not found["published"]:
        out.print("Nothing was written; --publish --reason TEXT puts the new numbers in the place of the old.")


def _score(score: Mapping[str, Any] | None) -> str:
    if score is None or score["value"] is None:
        return MISSING
    bounds = "" if score["low"] is None else f" ({score['low']:.4f} to {score['high']:.4f})"
    return f"{score['value']:.4f}{bounds}"
