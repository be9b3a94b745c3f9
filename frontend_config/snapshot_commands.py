"""The command that copies the board: as tables for programs, or as a whole site for any file server."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Protocol

import typer

from backend.errors import OperatorFault
from frontend_config.desk import Desk
from frontend_config.static_site import make_site
from storage.ledger import Ledger
from storage.scores import Scores
from storage.snapshot import write_snapshot


class SnapshotSource(Protocol):
    """What a copy is made of."""

    @property
    def ledger(self) -> Ledger:
        """The published results."""

    def scores(self, path: Path | None = None) -> Scores:
        """The board's tables, made anew in this file."""

    def desk(self, scores: Scores | None = None) -> Desk:
        """What the page may ask for, over these tables."""


def snapshot_commands(archive: Callable[[], SnapshotSource]) -> typer.Typer:
    """The command over this archive, which is asked for when it runs."""
    commands = typer.Typer()

    @commands.command()
    def snapshot(
        folder: Path,
        site: Annotated[bool, typer.Option("--site", help="make FOLDER the whole site, for any file server")] = False,
        address: Annotated[str | None, typer.Option(help="with --site: where people will find it")] = None,
    ) -> None:
        """Write a copy of the board as Parquet and JSON into a new folder inside FOLDER."""
        house = archive()
        house.ledger.verify()
        with tempfile.TemporaryDirectory(prefix="clue-") as scratch:
            scores = house.scores(Path(scratch) / "scores.duckdb")
            os.umask(0o022)  # this copy is made for others to read
            try:
                made = make_site(house.desk(scores), folder, address) if site else write_snapshot(scores, folder)
                typer.echo(str(made))
            except OSError as error:
                raise OperatorFault(f"No snapshot was written: {error}. Mend that and run it again.") from error
            finally:
                scores.close()

    return commands
