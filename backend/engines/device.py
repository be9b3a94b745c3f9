"""The device that models run on, and whether a GPU that should be there can still be used."""

from pathlib import Path
from threading import Event

from backend.errors import FailureCode, GpuGone, ModelCrash
from backend.isolation import Channel, ModelProcess

DRIVERS = (Path("/proc/driver/nvidia/version"), Path("/dev/kfd"))
TRY_SECONDS = 120


def find_device() -> str:
    """cuda, or cpu where no GPU is meant to be used; GpuGone where one is and cannot be."""
    import torch

    # An empty CUDA_VISIBLE_DEVICES is how an operator says so.
    meant = (torch.version.cuda or torch.version.hip) and has_driver() and not hidden(torch.cuda.device_count())
    if torch.cuda.is_available():
        return "cuda"
    return "cpu"
