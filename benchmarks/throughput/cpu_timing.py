"""Latency of a depth network on a CPU, batch 1, and the processor's energy where it can be read.

Pre-processing and network are timed apart. Energy is measured or missing, never guessed from
operations or from the processor's rated power.

Shape suffixes: T steps or frames, B samples, C channels, H rows, W columns.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.throughput import rapl
from benchmarks.throughput.energy_window import (
    MIN_WINDOW_S,
    InferenceEnergy,
    energy_per_inference,
)
from benchmarks.throughput.inference_latency import (
    Latency,
    check_windows,
    latency_of_windows,
    time_calls,
)
from benchmarks.throughput.lif_kernels import Mode, fastest_kernels, lif_kernels
from snn_depth.data.streams.binning import bin_spikes
from snn_depth.evaluation.results import describe_machine
from snn_depth.models.predictor import DepthPredictor


@dataclass(frozen=True)
class CpuTiming:
    """What was measured.

    Attributes:
        network: From the prepared input to depth and uncertainty.
        preprocessing: From the raw input to the prepared one.
        lif_kernels: How spiking neurons ran: compiled, or as plain loops ("eager").
        energy: Of the processor's packages per inference, the network alone; None where it was not
            measured.
        energy_note: What the energy covers, or why there is none.
    """

    network: Latency
    preprocessing: Latency
    num_threads: int
    lif_kernels: Mode
    input_shape: tuple[int, ...]
    warm_up_s: float
    energy: InferenceEnergy | None
    energy_note: str
    machine: dict[str, Any]


def spike_input(frames_THW: NDArray[np.uint8], num_bins: int) -> Tensor:
    """Raw frames of a window as a network takes them: counts, float32 (num_bins, 1, 1, H, W)."""
    return torch.from_numpy(bin_spikes(frames_THW, num_bins))[:, None, None]


def rgb_input(picture_HWC: NDArray[np.uint8]) -> Tensor:
    """A camera's picture as an RGB network takes it: float32 (1, 3, H, W) in 0..1."""
    return torch.from_numpy(picture_HWC).permute(2, 0, 1)[None].float() / 255.0


def time_network(
    network: DepthPredictor,
    prepare: Callable[[], Tensor],
    *,
    num_threads: int,
    num_windows: int = 5,
    window_s: float = 10.0,
    warm_up_s: float = 2.0,
    powercap: Path = rapl.POWERCAP,
) -> CpuTiming:
    """Time pre-processing and network, one sample at a time.

    Args:
        network: In evaluation mode, on the CPU.
        prepare: From raw input in memory to what the network takes, batch 1: `spike_input` or
            `rgb_input`.
        num_windows: Windows whose median counts; MLPerf Tiny takes five.
        window_s: Seconds of each; MLPerf Tiny takes ten or more. Energy takes `MIN_WINDOW_S`.
    """
    check_windows(num_windows, window_s, warm_up_s)
    if num_threads < 1:
        raise ValueError(f"num_threads is {num_threads}; accepted: 1 or more")
    if network.training:
        raise ValueError("network is in training mode; call network.eval()")
    x = prepare()
    batch_size = x.shape[1] if network.reads_spikes else x.shape[0]
    if batch_size != 1:
        raise ValueError(f"input has {batch_size} samples; accepted: 1, for latency is of one")
    with _threads(num_threads), torch.inference_mode():
        kernels = fastest_kernels(network, x)
        preprocessing, _ = measure_calls(prepare, num_windows, window_s, warm_up_s, None)
        packages, note = energy_source(powercap, window_s)
        with lif_kernels(kernels):
            latency, energy = measure_calls(
                lambda: network(x), num_windows, window_s, warm_up_s, packages
            )
    return CpuTiming(
        network=latency,
        preprocessing=preprocessing,
        num_threads=num_threads,
        lif_kernels=kernels,
        input_shape=tuple(x.shape),
        warm_up_s=warm_up_s,
        energy=energy,
        energy_note=note,
        machine=describe_machine(),
    )


def energy_source(powercap: Path, window_s: float) -> tuple[rapl.Packages | None, str]:
    """The counters that energy can be read from and what they cover; or None and the reason."""
    if window_s < MIN_WINDOW_S:
        return None, f"not measured: windows of {window_s:g} s are shorter than {MIN_WINDOW_S:g} s"
    try:
        packages = rapl.find_packages(powercap)
    except ValueError as error:
        return None, f"not measured: {error}"
    return packages, "processor packages (RAPL), all processes, without main memory"


def measure_calls(
    work: Callable[[], object],
    num_windows: int,
    window_s: float,
    warm_up_s: float,
    packages: rapl.Packages | None,
) -> tuple[Latency, InferenceEnergy | None]:
    """Latency of repeated work, and its energy per call where it can be read.

    Args:
        window_s: Seconds of each window of work, and of the idle window before them.
    """
    time_calls(work, at_least_s=warm_up_s)
    if packages is None:
        windows_s = [time_calls(work, at_least_s=window_s) for _ in range(num_windows)]
        return latency_of_windows(windows_s), None
    start = packages.read()
    time.sleep(window_s)
    idle = packages.window_since(start, 0, min_duration_s=window_s)
    windows_s, active = [], []
    for _ in range(num_windows):
        start = packages.read()
        windows_s.append(time_calls(work, at_least_s=window_s))
        active.append(packages.window_since(start, len(windows_s[-1]), min_duration_s=window_s))
    energy = energy_per_inference(active, idle, counter_step_s=rapl.COUNTER_STEP_S)
    return latency_of_windows(windows_s), energy


@contextmanager
def _threads(num_threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(num_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
