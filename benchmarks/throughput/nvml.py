"""What an NVIDIA GPU says about itself through NVML: energy, clocks, temperature.

Needs the package nvidia-ml-py, which is no dependency of the project: few machines have a GPU.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import torch

from benchmarks.throughput.energy_window import CounterReading

# The counter is updated every 20 to 100 ms, depending on the model (energy_and_latency, 2.6; "Part-
# time power measurements", arXiv 2312.02741).
COUNTER_STEP_S = 0.1


@dataclass(frozen=True)
class GpuState:
    """A moment's clocks, temperature (a warm die leaks more) and power limit."""

    sm_clock_mhz: int
    memory_clock_mhz: int
    temperature_c: int
    power_limit_w: float


class NvmlDevice:
    """One GPU, by the initialised module and NVML's handle of it."""

    def __init__(self, pynvml: ModuleType, handle: Any) -> None:
        self._nvml: Any = pynvml
        self._handle = handle

    @property
    def name(self) -> str:
        """Name of the model."""
        return str(self._nvml.nvmlDeviceGetName(self._handle))

    @property
    def driver(self) -> str:
        """Version of the driver."""
        return str(self._nvml.nvmlSystemGetDriverVersion())

    def read(self) -> CounterReading:
        """The time and the energy counter now."""
        energy_mj = self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)
        return CounterReading(time.perf_counter(), energy_mj * 1e-3)

    def state(self) -> GpuState:
        """Clocks, temperature and limit now."""
        nvml, handle = self._nvml, self._handle
        return GpuState(
            sm_clock_mhz=nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM),
            memory_clock_mhz=nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM),
            temperature_c=nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU),
            power_limit_w=nvml.nvmlDeviceGetEnforcedPowerLimit(handle) * 1e-3,
        )


@contextmanager
def nvml_device(index: int) -> Iterator[NvmlDevice]:
    """The GPU that torch calls `cuda:index`, which may differ from NVML's order; its counter works.

    Raises:
        ValueError: Why nothing can be measured, and what to install.
    """
    if not torch.cuda.is_available():
        raise ValueError("torch finds no CUDA device")
    if not 0 <= index < torch.cuda.device_count():
        raise ValueError(f"device is {index}; accepted: 0 to {torch.cuda.device_count() - 1}")
    try:
        pynvml: Any = import_module("pynvml")
    except ModuleNotFoundError:
        raise ValueError("the GPU's energy counter needs NVML: pip install nvidia-ml-py") from None
    uuid = f"GPU-{torch.cuda.get_device_properties(index).uuid}"
    try:
        pynvml.nvmlInit()
        try:
            device = NvmlDevice(pynvml, pynvml.nvmlDeviceGetHandleByUUID(uuid))
            device.read()
            device.state()
            yield device
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError as error:
        raise ValueError(f"NVML of {uuid} does not answer: {error}") from error
