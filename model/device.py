"""The device that a run is computed on: finding it, its threads, its random states, its make."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils import deterministic

from model.options import TrainingError, UsageError

STEERING = (
    "ATEN_CPU_CAPABILITY",
    "CUBLAS_WORKSPACE_CONFIG",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_NUM_THREADS",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "ONEDNN_MAX_CPU_ISA",
)
"""Environment variables that change what torch computes or how fast; none of them holds a path."""


def find_device(name: str) -> torch.device:
    """Return the device of this name.

    Raises:
        UsageError: Torch knows no such device.
        TrainingError: This machine does not have the device.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"no device {name!r}; there are: cpu, cuda, mps") from None
    available = {
        "cpu": lambda: True,
        "cuda": lambda: (
            torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
        ),
        "mps": torch.backends.mps.is_available,
    }
    if device.type not in available:
        raise UsageError(f"no device {name!r}; there are: {', '.join(available)}")
    if not available[device.type]():
        raise TrainingError(f"device {name} is not there: torch {torch.__version__} finds none")
    return device


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Have torch use this many threads inside the ``with`` block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def in_fixed_order(device: torch.device) -> Iterator[None]:
    """Have a GPU sum in a fixed order inside the ``with`` block, so that a run repeats its bits.

    cuBLAS reads an environment variable for that, which stays set afterwards.
    """
    if device.type != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    mode, filled = torch.get_deterministic_debug_mode(), deterministic.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    deterministic.fill_uninitialized_memory = False  # costs time, and nothing here reads it
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        deterministic.fill_uninitialized_memory = filled


def device_argument(device: torch.device) -> dict[str, torch.device]:
    """Return the argument that tells torch which GPU is meant; there is only one device else."""
    return {"device": device} if device.type == "cuda" else {}


def random_states(device: torch.device) -> dict[str, Tensor]:
    """Return the states of torch's global generators that a run on this device draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type != "cpu":
        states[device.type] = getattr(torch, device.type).get_rng_state(**device_argument(device))
    return states


def set_random_states(device: torch.device, states: dict[str, Tensor]) -> None:
    """Restore the states that ``random_states`` returned, as far as this device has them."""
    torch.set_rng_state(states["cpu"])
    if device.type != "cpu" and device.type in states:
        getattr(torch, device.type).set_rng_state(states[device.type], **device_argument(device))


def environment(device: torch.device) -> dict[str, Any]:
    """Return what a run's bits and pace depend on beside its options; no path and no host name."""
    built = torch.__config__.parallel_info().splitlines()
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "torch_commit": torch.version.git_version,
        "torch_build": [line for line in built if line.startswith(("Intel", "OpenMP", "ATen par"))],
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "variables": {name: os.environ[name] for name in STEERING if name in os.environ},
    }
