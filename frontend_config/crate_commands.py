"""The commands that take models, encoders and open data to a machine without a network, and receive them there."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from backend.crates.manifest import seal
from backend.crates.packing import Packer
from backend.crates.unpacking import Unpacker
from backend.crates.wanting import still_wanting
from backend.domain import Model, Task
from backend.errors import CrateDamaged, OperatorFault
from backend.hub import check_id
from backend.settings import Settings
from frontend_config.terminal import file_bar

LOADED_BY = "transformers"
GB = 1_000_000_000
LookUp = Callable[[str, str | None, str], Model]
OwnSettings = Callable[[], Settings]
AllTasks = Callable[[], Mapping[str, Task]]
Models = Annotated[
    list[str] | None, typer.Argument(metavar="[MODEL]...", help="owner/name, or owner/name@REVISION, on the Hub")
]
Encoders = Annotated[bool, typer.Option(help="BERTScore's two encoders")]
Data = Annotated[bool, typer.Option(help="the open data files")]
Expected = Annotated[str | None, typer.Option("--sha256", help="of crate.json, as `carry` told it")]


def crate_commands(settings: OwnSettings, tasks: AllTasks, look_up: Callable[[], LookUp]) -> typer.Typer:
    """The commands; nothing is called before one runs. `look_up()` is the intake's, by id, revision and engine."""
    commands = typer.Typer()
    _add_carry(commands, settings, tasks, look_up)
    _add_receive(commands, settings, tasks)
    return commands


def _add_carry(commands: typer.Typer, settings: OwnSettings, tasks: AllTasks, look_up: Callable[[], LookUp]) -> None:
    @commands.command()
    def carry(folder: Path, models: Models = None, encoders: Encoders = True, data: Data = True) -> None:
        """Pack models, encoders and open data into FOLDER, for a machine without a network."""
        with _on_disk(), file_bar() as show:
            packer = Packer(folder, settings(), show)
            missing = packer.add_encoders() if encoders else []
            if data:
                packer.add_data(tasks().values())
            for model in models or []:
                packed = packer.add_model(
                    model, lambda asked, revision: look_up()(check_id(asked), revision, LOADED_BY)
                )
                typer.echo(f"{packed.hub_id} at {packed.commit}")
            crate = packer.close()
        typer.echo(f"{folder}: {_holds(len(crate.models))}, {crate.bytes / GB:.2f} GB. Its seal: {seal(folder)}")
        for sentence in missing:
            typer.echo(f"Not packed: {sentence}", err=True)
        if missing:
            raise typer.Exit(1)


def _add_receive(commands: typer.Typer, settings: OwnSettings, tasks: AllTasks) -> None:
    @commands.command()
    def receive(folder: Path, sha256: Expected = None) -> None:
        """Check what lies in FOLDER and put it into CLUE_HOME; say what is still missing."""
        own = settings()
        if sha256 is not None and (folder / "crate.json").is_file() and seal(folder) != sha256.lower():
            raise CrateDamaged(f"The seal of {folder} is {seal(folder)}, not the expected one. Nothing was unpacked.")
        with file_bar() as show:
            crate = Unpacker(folder=folder, settings=own, tasks=tasks().values(), report=show).unpack()
        for model in crate.models:
            typer.echo(f"{model.hub_id} at {model.commit}")
        typer.echo(f"Received: {_holds(len(crate.models))}, {crate.bytes / GB:.2f} GB. The seal: {seal(folder)}")
        for sentence in still_wanting(own, tasks().values()):
            typer.echo(f"Still missing. {sentence}")


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OperatorFault(f"The crate could not be packed: {error}. Mend that and run it again.") from error


def _holds(models: int) -> str:
    return f"{models} model{'' if models == 1 else 's'}"
