"""The commands of whoever keeps the installation: how it stands, backing it up, restoring it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from backend.errors import OperatorFault
from frontend_config.desk import Desk
from frontend_config.queue_commands import AsJson
from frontend_config.status import status_record
from frontend_config.status_table import print_status
from frontend_config.terminal import file_bar
from storage.backup import remember, write_backup
from storage.ledger import Ledger
from storage.restoration import restore_backup

WithoutPredictions = Annotated[
    bool, typer.Option("--without-predictions", help="leave out what models wrote, which may hold credentialed text")
]
Discard = Annotated[bool, typer.Option("--discard", help="give up what was published since the backup")]


def operator_commands(desk: Callable[[], Desk], ledger: Callable[[], Ledger], home: Callable[[], Path]) -> typer.Typer:
    """The commands over this desk, ledger and home, each asked for when needed. They work beside page and worker."""
    commands = typer.Typer()
    _add_status(commands, desk, ledger)
    _add_copies(commands, home)
    return commands


def _add_status(commands: typer.Typer, desk: Callable[[], Desk], ledger: Callable[[], Ledger]) -> None:
    @commands.command()
    def status(as_json: AsJson = False) -> None:
        """Show queue, worker, disk, data and ledger; exit code 1 when something needs the operator."""
        record = status_record(desk(), ledger())
        if as_json:
            typer.echo(json.dumps(record, indent=1, ensure_ascii=False))
        else:
            print_status(record)
        raise typer.Exit(0 if record["well"] else 1)


def _add_copies(commands: typer.Typer, home: Callable[[], Path]) -> None:
    @commands.command()
    def backup(folder: Path, without_predictions: WithoutPredictions = False) -> None:
        """Write a copy of queue, ledger and predictions into a new folder inside FOLDER, checked and private."""
        kept = home()
        try:
            with file_bar() as report:
                made = write_backup(kept, folder, predictions=not without_predictions, report=report)
        except OSError as error:
            raise OperatorFault(f"No backup was written: {error}. Mend that and run it again.") from error
        remember(kept, made)
        typer.echo(str(made))

    @commands.command()
    def restore(folder: Path, discard: Discard = False) -> None:
        """Put the backup in FOLDER in the place of what is here; what is here is kept in the home as a backup."""
        try:
            with file_bar() as report:
                done = restore_backup(home(), folder, discard=discard, report=report)
        except OSError as error:
            raise OperatorFault(f"The restore broke off: {error}. Mend that and run it again.") from error
        lines = done.manifest.ledger.number if done.manifest.ledger else 0
        typer.echo(
            f"Restored to {done.manifest.at:%Y-%m-%d %H:%M:%S} UTC: {lines} published lines, {done.lost} given up."
        )
        typer.echo(f"What was here before is in {done.aside}.")
