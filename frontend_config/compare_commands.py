"""The command that compares evaluations."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from backend.comparison import compare_folders
from backend.domain import Task
from frontend_config.queue_commands import AsJson
from frontend_config.terminal import print_comparison


def compare_commands(tasks: Callable[[], Sequence[Task]]) -> typer.Typer:
    """The command over these tasks, which are asked for when it runs."""
    commands = typer.Typer()

    @commands.command()
    def compare(folders: list[Path], as_json: AsJson = False) -> None:
        """Compare runs by the folders that `evaluate --out` filled: differences with intervals, and ranges of ranks."""
        short = len({folder.resolve().name for folder in folders}) == len(folders)
        named = {folder.resolve().name if short else str(folder): folder for folder in folders}
        record = compare_folders(named, tasks())
        if as_json:
            typer.echo(json.dumps(record, indent=1, ensure_ascii=False, default=str))
        else:
            print_comparison(record)

    return commands
