"""A download in a process of its own, which ends at once when it is told to, or when this process ends."""

import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import Any

from backend.domain import Model
from backend.errors import ClueError, DiskFull, FailureCode, HubSilent, ModelCrash, ModelFault, PassingFault
from backend.isolation import ModelProcess
from backend.progress import ByteProgress
from backend.settings import Settings

STALLED_SECONDS = 600.0  # the client writes ten megabytes at a time
LEAST_BYTES = 1_000_000
CHECK_SECONDS = 3600.0


def fetch(
    model: Model,
    settings: Settings,
    halt: Event,
    report: ByteProgress,
    *,
    stalled_seconds: float = STALLED_SECONDS,
) -> Path:
    """Folder with the model's allowed files under CLUE_HOME/models; files already here are not fetched again.

    `report` is told bytes here and in all, and may raise. Halted once told to stop. Faults are those of
    `backend.hub.files.download`, without a network those of `backend.hub.brought.open_brought`; also a PassingFault
    when the process dies, or when less than a megabyte comes in `stalled_seconds`. No process is left.
    """
    log = settings.home / "logs" / "download.log"
    process = ModelProcess("backend.hub.fetching_child", log, halt, environment=_environment())
    try:
        process.send(
            {
                "model": asdict(model),
                "cache": str((settings.home / "models").resolve()),
                "max_gb": settings.max_model_gb,
                "min_free_gb": settings.min_free_gb,
                "offline": settings.offline,
            }
        )
        return _follow(process, report, stalled_seconds)
    except ModelCrash as crash:
        raise PassingFault(FailureCode.DOWNLOAD_ERROR, "The transfer stalled or its process ended.") from crash
    finally:
        process.close()


def fault_record(fault: ClueError) -> dict[str, Any]:
    """The fault as plain data, from which `fault_of` makes an equal one."""
    code = getattr(fault, "code", None)
    known = code.sentence if code else getattr(fault, "public", "")
    return {
        "kind": type(fault).__name__,
        "code": code,
        "detail": str(fault).removeprefix(known).strip(),
        "retry_after": getattr(fault, "retry_after", 0),
    }


def fault_of(record: Mapping[str, Any]) -> ClueError:
    """The fault that a record was made of."""
    detail = record["detail"]
    match record["kind"]:
        case "ModelFault":
            return ModelFault(FailureCode(record["code"]), detail)
        case "HubSilent":
            return HubSilent(detail)
        case "DiskFull":
            return DiskFull(detail)
    return PassingFault(FailureCode(record["code"]), detail, retry_after=record["retry_after"])


def _follow(process: ModelProcess, report: ByteProgress, stalled_seconds: float) -> Path:
    mark, since = 0, time.monotonic()
    while True:
        message = process.receive(CHECK_SECONDS, FailureCode.DOWNLOAD_ERROR)
        if "fault" in message:
            raise fault_of(message["fault"])
        if "folder" in message:
            return Path(message["folder"])
        done, total = message["done"], message["total"]
        report(done, total)
        if done >= min(mark + LEAST_BYTES, total):
            mark, since = done, time.monotonic()
        elif time.monotonic() - since > stalled_seconds:
            raise PassingFault(FailureCode.DOWNLOAD_ERROR, "The Hub sends next to nothing.")


def _environment() -> dict[str, str]:
    """Ours as it is, with token, endpoint and proxies; what the client draws for people to watch is turned off."""
    return dict(os.environ) | {"HF_HUB_DISABLE_PROGRESS_BARS": "1"}
