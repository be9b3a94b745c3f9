"""The device that models run on, and whether a GPU that should be there can still be used."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event

from backend.errors import FailureCode, GpuGone, ModelCrash
from backend.isolation import Bounds, Channel, ModelProcess

DRIVERS = (Path("/dev/nvidiactl"), Path("/dev/kfd"))
TRY_SECONDS = 120
HIDDEN = frozenset({"", "-1"})


def is_gpu_expected(environ: Mapping[str, str] = os.environ, drivers: Sequence[Path] = DRIVERS) -> bool:
    """Whether a GPU's driver is here, and the operator has not hidden the GPU with an empty CUDA_VISIBLE_DEVICES."""
    shown = environ.get("CUDA_VISIBLE_DEVICES", "all").strip() not in HIDDEN
    return shown and any(driver.exists() for driver in drivers)


def find_device(*, expected: bool) -> str:
    """cuda or cpu; GpuGone when a GPU is expected, the installed torch can use one, and there is none.

    Going on without it would take days, in another number format, and nobody would know.
    """
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if expected and (torch.version.cuda or torch.version.hip):
        raise GpuGone("To do without it, set CUDA_VISIBLE_DEVICES to nothing.")
    return "cpu"


def try_device(log: Path, halt: Event, *, module: str = __name__, bounds: Bounds | None = None) -> None:
    """Returns when a process of ours, free of any submitted file, can use the device; GpuGone when it cannot.

    The word of a model's own process would not do: any model could say so, and the queue would wait for it.
    """
    process = ModelProcess(module, log, halt, bounds=bounds)
    try:
        process.receive(TRY_SECONDS, FailureCode.INTERNAL_ERROR)
    except ModelCrash:
        raise GpuGone("A trial without the model failed too; the log of the model's process says how.") from None
    finally:
        process.close()


def main() -> None:
    """Uses the device for one sum, and says so."""
    import torch

    channel = Channel()
    device = find_device(expected=is_gpu_expected())
    channel.send({"device": device, "sum": torch.ones(8, device=device).sum().item()})


if __name__ == "__main__":
    main()
