import sys
import time
from dataclasses import replace

import pytest
import torch

from benchmarks.throughput.energy_window import CounterReading, EnergyWindow, energy_per_inference
from benchmarks.throughput.gpu_energy import (
    BatchEnergy,
    GpuEnergy,
    GpuPlan,
    NotMeasured,
    best_batch,
    measure_batches,
    measure_gpu,
)
from benchmarks.throughput.inference_latency import latency_of_windows
from benchmarks.throughput.nvml import GpuState, nvml_device
from tests.benchmarks.tiny_networks import twin

ONE = torch.zeros(1, 1, 1, 16, 32)
PLAN = GpuPlan(num_windows=2, window_s=0.01, warm_up_s=0.0, cool_down_s=0.0, max_batch_size=16)


class Gpu:
    """10 J per call, 1 J per sample, and no power when idle but a trickle."""

    def __init__(self, largest_batch: int) -> None:
        self.energy_j, self.largest_batch = 0.0, largest_batch

    def calls_of(self, batch_size: int):  # type: ignore[no-untyped-def]
        if batch_size > self.largest_batch:
            raise torch.OutOfMemoryError("too large")

        def infer() -> None:
            time.sleep(0.002)
            self.energy_j += 10.0 + batch_size

        return infer

    def read(self) -> CounterReading:
        self.energy_j += 1e-6
        return CounterReading(time.perf_counter(), self.energy_j)

    def state(self) -> GpuState:
        return GpuState(1000, 2000, 40, 700.0)


def test_batch_one_and_the_best_batch() -> None:
    gpu = Gpu(largest_batch=8)
    one, best, sweep = measure_batches(gpu.calls_of, gpu, PLAN)
    assert [batch.batch_size for batch in sweep] == [1, 2, 4, 8]
    assert (one.batch_size, best.batch_size) == (1, 8)
    assert one.energy.total_j == pytest.approx(11.0, rel=1e-3)
    assert best.energy.total_j == pytest.approx(18.0 / 8, rel=1e-3)
    assert best.energy.num_inferences == 8 * best.latency.num_calls
    assert (sweep[0].energy.num_windows, one.energy.num_windows) == (1, 2)
    assert one.energy.dynamic_j == pytest.approx(11.0, rel=1e-3)
    assert one.before == one.after == gpu.state()


def test_batches_up_to_the_limit() -> None:
    gpu = Gpu(largest_batch=1000)
    plan = replace(PLAN, max_batch_size=3, num_windows=1)
    _, best, sweep = measure_batches(gpu.calls_of, gpu, plan)
    assert [batch.batch_size for batch in sweep] == [1, 2] and best.batch_size == 2


def test_one_sample_must_fit() -> None:
    gpu = Gpu(largest_batch=0)
    with pytest.raises(torch.OutOfMemoryError):
        measure_batches(gpu.calls_of, gpu, PLAN)


def measured(batch_size: int, energy_j: float) -> BatchEnergy:
    window = EnergyWindow(10.0, energy_j, 1)
    energy = energy_per_inference([window], EnergyWindow(10.0, 1.0, 0), counter_step_s=0.1)
    state = GpuState(1, 1, 1, 1.0)
    return BatchEnergy(batch_size, energy, latency_of_windows([[0.1]]), state, state)


def test_best_of_a_sweep() -> None:
    sweep = [measured(1, 5.0), measured(4, 2.0), measured(2, 2.0), measured(8, 3.0)]
    assert best_batch(sweep).batch_size == 2
    with pytest.raises(ValueError, match="sweep is empty"):
        best_batch([])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_reason_is_given() -> None:
    assert measure_gpu(twin(), ONE) == NotMeasured("not measured: torch finds no CUDA device")


def test_without_nvml_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(ValueError, match="pip install nvidia-ml-py"), nvml_device(0):
        pass
    with pytest.raises(ValueError, match="device is 1; accepted: 0 to 0"), nvml_device(1):
        pass


def test_user_errors() -> None:
    with pytest.raises(ValueError, match="training mode"):
        measure_gpu(twin().train(), ONE)
    with pytest.raises(ValueError, match="input has 2 samples; accepted: 1"):
        measure_gpu(twin(), torch.cat([ONE, ONE], 1))
    with pytest.raises(ValueError, match="window_s is 5; accepted: 10 s or more"):
        measure_gpu(twin(), ONE, plan=GpuPlan(window_s=5))
    with pytest.raises(ValueError, match="max_batch_size is 0"):
        GpuPlan(max_batch_size=0)


@pytest.mark.slow
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_real_gpu() -> None:
    plan = GpuPlan(num_windows=1, warm_up_s=1.0, cool_down_s=1.0, max_batch_size=2)
    found = measure_gpu(twin(), ONE, plan=plan)
    if isinstance(found, NotMeasured):
        pytest.skip(found.reason)
    assert isinstance(found, GpuEnergy) and found.one.energy.total_j > 0
    assert found.best.energy.total_j <= found.one.energy.total_j * 1.5
