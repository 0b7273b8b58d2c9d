"""Energy and latency of a depth network on a GPU, by the GPU's own energy counter.

Batch 1 and the batch that takes least energy per sample. A figure is a measurement or is missing:
operations times a constant say nothing about a GPU. What is counted is the whole board, from input
on the GPU to depth on the GPU; the host and the copies are not in it.

Shape suffixes: T steps, B samples, C channels, H rows, W columns.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from benchmarks.throughput.energy_window import (
    MIN_WINDOW_S,
    CounterReading,
    EnergyWindow,
    InferenceEnergy,
    energy_per_inference,
    window_between,
)
from benchmarks.throughput.inference_latency import (
    Latency,
    check_windows,
    latency_of_windows,
    time_calls,
)
from benchmarks.throughput.lif_kernels import Mode, fastest_kernels, lif_kernels
from benchmarks.throughput.nvml import COUNTER_STEP_S, GpuState, nvml_device
from snn_depth.evaluation.results import describe_machine
from snn_depth.models.predictor import DepthPredictor


@dataclass(frozen=True)
class NotMeasured:
    """Stands where figures are missing, with the reason and what would help."""

    reason: str


@dataclass(frozen=True)
class GpuPlan:
    """How long to measure what.

    Attributes:
        window_s: Seconds of each; 10 or more, for the counter moves in steps.
        cool_down_s: Seconds of rest before the GPU counts as idle, and between batch sizes.
        max_batch_size: Where the search for the best batch ends.
    """

    num_windows: int = 5
    window_s: float = MIN_WINDOW_S
    warm_up_s: float = 5.0
    cool_down_s: float = 5.0
    max_batch_size: int = 256

    def __post_init__(self) -> None:
        check_windows(self.num_windows, self.window_s, self.warm_up_s)
        if self.max_batch_size < 1:
            raise ValueError(f"max_batch_size is {self.max_batch_size}; accepted: 1 or more")


@dataclass(frozen=True)
class BatchEnergy:
    """What batches of one size take.

    Attributes:
        energy: Per sample.
        latency: Of a whole batch.
        before: State of the GPU before the first window of work.
        after: After the last.
    """

    batch_size: int
    energy: InferenceEnergy
    latency: Latency
    before: GpuState
    after: GpuState


@dataclass(frozen=True)
class GpuEnergy:
    """What was measured.

    Attributes:
        one: Batch 1.
        best: The batch that takes least energy per sample; `one` where that is batch 1.
        sweep: One window per batch size, by which the best was chosen.
        lif_kernels: How spiking neurons ran: compiled, or as plain loops ("eager").
        precision: Type of numbers, and how torch multiplies float32.
    """

    device: str
    driver: str
    one: BatchEnergy
    best: BatchEnergy
    sweep: tuple[BatchEnergy, ...]
    lif_kernels: Mode
    precision: str
    machine: dict[str, Any]


class Meter(Protocol):
    """What energy is read from."""

    def read(self) -> CounterReading:
        """The time and the energy counter now."""
        ...

    def state(self) -> GpuState:
        """Clocks, temperature and limit now."""
        ...


def measure_gpu(
    network: DepthPredictor,
    x: Tensor,
    *,
    device_index: int = 0,
    plan: GpuPlan | None = None,
    dtype: torch.dtype = torch.float32,
) -> GpuEnergy | NotMeasured:
    """Measure a network on a GPU, or say why not: no GPU, no NVML.

    Args:
        network: In evaluation mode; it is left as it is.
        x: One sample as the network takes it: counts (T, 1, 1, H, W) or RGB (1, 3, H, W). Larger
            batches repeat it.
        device_index: Which GPU, as torch counts them.
        plan: How long to measure; `GpuPlan` by default, about nine minutes.

    Raises:
        ValueError: For a network in training mode, an input of several samples, or windows too
            short for the counter.
    """
    if network.training:
        raise ValueError("network is in training mode; call network.eval()")
    batch_axis = 1 if network.reads_spikes else 0
    if x.shape[batch_axis] != 1:
        raise ValueError(f"input has {x.shape[batch_axis]} samples; accepted: 1")
    plan = GpuPlan() if plan is None else plan
    if plan.window_s < MIN_WINDOW_S:
        raise ValueError(f"window_s is {plan.window_s}; accepted: {MIN_WINDOW_S:g} s or more")
    with ExitStack() as stack:
        try:
            meter = stack.enter_context(nvml_device(device_index))
        except ValueError as error:
            return NotMeasured(f"not measured: {error}")
        stack.enter_context(torch.inference_mode())
        device = torch.device("cuda", device_index)
        copy = deepcopy(network).to(device, dtype)
        sample = x.to(device, dtype)
        kernels = fastest_kernels(copy, sample)
        stack.enter_context(lif_kernels(kernels))

        def calls_of(batch_size: int) -> Callable[[], object]:
            batch = torch.cat([sample] * batch_size, batch_axis)

            def infer() -> None:
                copy(batch)
                torch.cuda.synchronize(device)

            return infer

        one, best, sweep = measure_batches(calls_of, meter, plan)
        return GpuEnergy(
            device=meter.name,
            driver=meter.driver,
            one=one,
            best=best,
            sweep=sweep,
            lif_kernels=kernels,
            precision=f"{dtype}, matmul {torch.get_float32_matmul_precision()}, "
            f"convolution TF32 {'on' if torch.backends.cudnn.allow_tf32 else 'off'}",
            machine=describe_machine(),
        )


def measure_batches(
    calls_of: Callable[[int], Callable[[], object]], meter: Meter, plan: GpuPlan
) -> tuple[BatchEnergy, BatchEnergy, tuple[BatchEnergy, ...]]:
    """Batch 1, the best batch, and one window for every power of two up to the largest that fits.

    Args:
        calls_of: From a batch size to what infers such a batch and returns when it is done. It
            raises `torch.OutOfMemoryError` for one that does not fit.
    """
    sweep: list[BatchEnergy] = []
    batch_size = 1
    while batch_size <= plan.max_batch_size:
        try:
            sweep.append(_measure(calls_of, batch_size, meter, plan, num_windows=1))
        except torch.OutOfMemoryError:
            if not sweep:
                raise
            break
        batch_size *= 2
    one = _measure(calls_of, 1, meter, plan, num_windows=plan.num_windows)
    best_size = best_batch(sweep).batch_size
    best = one
    if best_size != 1:
        best = _measure(calls_of, best_size, meter, plan, num_windows=plan.num_windows)
    return one, best, tuple(sweep)


def best_batch(sweep: Sequence[BatchEnergy]) -> BatchEnergy:
    """The batch that takes least energy per sample; of equals the smallest."""
    if not sweep:
        raise ValueError("the sweep is empty; accepted: one batch size or more")
    return min(sweep, key=lambda batch: (batch.energy.total_j, batch.batch_size))


def _measure(
    calls_of: Callable[[int], Callable[[], object]],
    batch_size: int,
    meter: Meter,
    plan: GpuPlan,
    *,
    num_windows: int,
) -> BatchEnergy:
    infer = calls_of(batch_size)
    infer()  # memory is taken, kernels are chosen: idle means ready
    time.sleep(plan.cool_down_s)
    start = meter.read()
    time.sleep(plan.window_s)
    idle = window_between(start, meter.read(), 0, min_duration_s=plan.window_s)
    time_calls(infer, at_least_s=plan.warm_up_s)
    before = meter.state()
    windows: list[EnergyWindow] = []
    calls_s: list[list[float]] = []
    for _ in range(num_windows):
        start = meter.read()
        calls_s.append(time_calls(infer, at_least_s=plan.window_s))
        num_inferences = batch_size * len(calls_s[-1])
        windows.append(
            window_between(start, meter.read(), num_inferences, min_duration_s=plan.window_s)
        )
    return BatchEnergy(
        batch_size,
        energy_per_inference(windows, idle, counter_step_s=COUNTER_STEP_S),
        latency_of_windows(calls_s),
        before,
        meter.state(),
    )
