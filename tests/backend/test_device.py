"""A GPU that is gone is the operator's to mend: nobody goes on without it, and no model is blamed."""

from pathlib import Path
from threading import Event

import pytest
import torch

from backend.engines.device import find_device, is_gpu_expected, try_device
from backend.engines.local.faults import is_of_the_device, is_out_of_memory
from backend.errors import GpuGone


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    path = tmp_path / "nvidiactl"
    path.touch()
    return path


def test_a_gpu_is_expected_where_its_driver_is_and_nobody_hides_it(driver: Path) -> None:
    assert is_gpu_expected({}, [driver]) and is_gpu_expected({"CUDA_VISIBLE_DEVICES": "1"}, [driver.parent, driver])
    assert not is_gpu_expected({"CUDA_VISIBLE_DEVICES": ""}, [driver])
    assert not is_gpu_expected({"CUDA_VISIBLE_DEVICES": "-1"}, [driver])
    assert not is_gpu_expected({}, [driver.with_name("absent")])


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the GPU that is to be missing")
def test_without_a_gpu_the_cpu_is_used_unless_one_is_expected_and_torch_could_use_it() -> None:
    assert find_device(expected=False) == "cpu"
    if torch.version.cuda or torch.version.hip:
        with pytest.raises(GpuGone, match="CUDA_VISIBLE_DEVICES"):
            find_device(expected=True)
    else:
        assert find_device(expected=True) == "cpu"


def test_a_device_that_works_passes_its_trial(tmp_path: Path) -> None:
    try_device(tmp_path / "log", Event())


def test_a_trial_that_fails_says_that_the_gpu_is_gone(tmp_path: Path) -> None:
    with pytest.raises(GpuGone, match="cannot be used") as caught:
        try_device(tmp_path / "log", Event(), module="tests.backend.no_such_module")
    assert "log" not in caught.value.public


OF_THE_DEVICE = [
    torch.AcceleratorError("CUDA error: uncorrectable ECC error encountered"),
    RuntimeError("CUDA error: CUDA-capable device(s) is/are busy or unavailable"),
    RuntimeError("No CUDA GPUs are available"),
    RuntimeError("Found no NVIDIA driver on your system."),
    RuntimeError("CUDA driver initialization failed, you might not have a CUDA gpu."),
    RuntimeError("HIP error: invalid device ordinal"),
    GpuGone(),
]
OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("CUDA error: out of memory"),
    RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
]


@pytest.mark.parametrize("error", OF_THE_DEVICE, ids=lambda error: str(error)[:30])
def test_what_the_gpu_says_of_itself_is_not_taken_for_a_model_that_cannot_be_loaded(error: Exception) -> None:
    assert is_of_the_device(error) and not is_out_of_memory(error)


@pytest.mark.parametrize("error", OF_MEMORY, ids=lambda error: str(error)[:30])
def test_too_little_memory_is_told_apart_first(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [KeyError("model.layers.0"), RuntimeError("size mismatch"), ValueError("")])
def test_what_is_wrong_with_the_files_is_neither(error: Exception) -> None:
    assert not is_of_the_device(error) and not is_out_of_memory(error)
