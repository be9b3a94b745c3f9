"""Letters of real patients stay on this machine and unmixed with invented ones, which stay marked as such."""

from collections.abc import Sequence
from pathlib import Path

from backend.datasets.rehearsal import MARKER, is_synthetic
from backend.domain import Edition, Engine
from backend.errors import UsageError


def is_invented(path: Path) -> bool:
    """Whether the file or folder lies in a folder that is marked as invented data; links are followed first."""
    real = path.resolve()
    return any(is_synthetic(folder) for folder in (real, *real.parents))


def check_places(inputs: Sequence[Path], folder: Path) -> None:
    """Nothing, when what is built from these files may be written to this folder; UsageError when it may not."""
    invented = {is_invented(path) for path in inputs}
    if len(invented) > 1:
        raise UsageError("Some of the files are marked as invented and some are not. Build from one kind only.")
    if invented == {True} and not is_invented(folder):
        raise UsageError(
            f"The files are invented, and {folder} is not marked as holding invented data. Name another folder with "
            f"--into: the one the files lie in, or one with an empty file called {MARKER}."
        )
    if invented == {False} and is_invented(folder):
        raise UsageError(
            f"{folder} is marked as holding invented data, which the files are not. Name another folder with --into."
        )


def check_engine(engine: Engine, notes: Path) -> None:
    """Nothing, when the engine may be asked about these letters; UsageError when it may not."""
    if is_invented(notes):
        return
    if not engine.keeps_text_home:
        raise UsageError(
            f"The {engine.name} engine sends text to another program, and MIMIC's letters may not leave this machine. "
            "Use an engine that runs the model here, such as transformers."
        )
    if Edition.FULL not in engine.editions:
        raise UsageError(f"The {engine.name} engine is not a model: it only plays with invented letters.")
