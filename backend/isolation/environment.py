"""The environment of a model's process: where programs, libraries and GPUs are, and a home that is nobody's."""

from collections.abc import Mapping
from pathlib import Path

from backend.isolation.view import PROJECT
from backend.settings import inherited_environment


def environment_of(scratch: Path, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a process that may write into `scratch`; that of code of ours is `given`."""
    ours = {"PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1", "TMPDIR": str(scratch)}
    if given is not None:
        return {**given, **ours}
    return inherited_environment() | {
        **ours,
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(scratch),
        "USER": "model",
        "HF_HOME": str(scratch),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
