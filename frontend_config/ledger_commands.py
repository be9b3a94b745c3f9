"""The commands around the ledger of published results."""

from collections.abc import Callable

import typer

from storage.ledger import Ledger
from storage.scores import Scores


def ledger_commands(ledger: Callable[[], Ledger], scores: Callable[[], Scores]) -> typer.Typer:
    """The commands over this ledger and the tables made from it, each asked for when one of them runs."""
    commands = typer.Typer(help="The ledger of published results.", no_args_is_help=True)

    @commands.command()
    def verify() -> None:
        """Check every line of the ledger."""
        head = ledger().verify()
        typer.echo(f"{head.number} lines, every one in order; head {head.hash}")

    @commands.command()
    def rebuild() -> None:
        """Drop the board's tables and make them again from the ledger."""
        typer.echo(f"The board was made again from {scores().rebuild()} lines.")

    return commands
