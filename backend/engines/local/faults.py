"""What goes wrong on a device while a model is loaded or asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from backend.errors import FailureCode, GpuGone, ModelFault

Made = TypeVar("Made")


def is_out_of_memory(error: Exception) -> bool:
    """Whether there was too little memory, of the machine or of its GPU."""
    import torch

    said = str(error)
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or "can't allocate memory" in said or "out of memory" in said


def is_of_the_device(error: Exception) -> bool:
    """Whether the GPU failed, for its own reasons or the model's; the trusted side finds out whose."""
    import torch

    marks = ("CUDA error", "HIP error", "CUDA driver", "NVIDIA driver", "No CUDA GPUs", "CUDA-capable")
    return isinstance(error, GpuGone | torch.AcceleratorError) or any(mark in str(error) for mark in marks)


@contextmanager
def too_large_is_told() -> Iterator[None]:
    """Too little memory becomes ModelFault with out_of_memory; everything else passes through."""
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise ModelFault(FailureCode.OUT_OF_MEMORY) from None
        raise


def unless_too_large(run: Callable[[], Made]) -> Made | None:
    """What `run` makes; None when there was too little memory, and then the error has let go of its tensors."""
    try:
        return run()
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    return None


def free_memory() -> None:
    """What torch holds of the GPU and does not use is given back."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
