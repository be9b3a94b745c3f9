"""The commands around the ledger of published results."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from backend.signing import make_key_pair, read_public_key
from storage.ledger import Ledger
from storage.scores import Scores

PublicKey = Annotated[
    Path | None, typer.Option("--key", help="public key (PEM) that must have signed; default: that of CLUE_SIGNING_KEY")
]


def ledger_commands(ledger: Callable[[], Ledger], scores: Callable[[], Scores]) -> typer.Typer:
    """The commands over this ledger and the tables made from it, each asked for when one of them runs."""
    commands = typer.Typer(help="The ledger of published results.", no_args_is_help=True)

    @commands.command()
    def verify(key: PublicKey = None) -> None:
        """Check every line of the ledger, and who signed its head."""
        index, signed = ledger().summary(read_public_key(key) if key else None)
        typer.echo(f"{index.head.number} lines, every one in order; head {index.head.hash}")
        for numbers, said in ((index.withdrawn, "withdrawn"), (index.superseded, "superseded")):
            if numbers:
                typer.echo(f"{said}: {len(numbers)} (line {_list(numbers)})")
        typer.echo(f"signed up to line {signed.number}" if signed else "not signed")

    @commands.command()
    def rebuild() -> None:
        """Drop the board's tables and make them again from the ledger."""
        typer.echo(f"The board was made again from {scores().rebuild()} lines.")

    @commands.command()
    def key(file: Annotated[Path, typer.Argument(help="where the private key is written")]) -> None:
        """Make a pair of keys for CLUE_SIGNING_KEY; the public one lies beside it, for everybody to have."""
        public = make_key_pair(file)
        typer.echo(f"Set CLUE_SIGNING_KEY={file} for page and worker, then run `python app.py ledger sign` once.")
        typer.echo(f"Give {public} to whoever wants to check: `python app.py ledger verify --key {public}`.")

    @commands.command()
    def sign() -> None:
        """Check every line, then write the head's file anew, signed with CLUE_SIGNING_KEY if that is set."""
        head = ledger().sign()
        typer.echo(f"ledger.head.json states {head.number} lines; head {head.hash}")

    return commands


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))
