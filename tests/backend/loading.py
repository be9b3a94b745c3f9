"""Models loaded into a process that is there already, one after another."""

from pathlib import Path
from typing import Any

import psutil

from backend.engines.transformers import LocalModel, _Loaded
from backend.errors import FailureCode
from backend.isolation import ModelProcess
from backend.settings import Settings


def loaded(reply: dict[str, Any]) -> Any:
    """What a model says of itself once it is loaded, as the engine reads it."""
    return _Loaded.model_validate(reply)


def load_into(loader: tuple[ModelProcess, Path], folder: Path, settings: Settings) -> LocalModel:
    """The model of the folder, in the process that has held others before."""
    loader[0].send({"do": "load", "folder": str(folder), "dtype": "float32", "batch_tokens": 2_000})
    return LocalModel(loader[0], settings, loaded(loader[0].receive(120, FailureCode.LOAD_TIMEOUT)))


def children() -> list[psutil.Process]:
    """Processes of this test run that are still there."""
    return [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
