import math
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.throughput.cpu_timing import (
    energy_source,
    measure_calls,
    rgb_input,
    spike_input,
    time_network,
)
from benchmarks.throughput.energy_window import CounterReading
from benchmarks.throughput.rapl import PackageCounter, Packages
from snn_depth.data.sample import Sample, View, collate
from tests.benchmarks.throughput.test_rapl import show_counter
from tests.benchmarks.tiny_networks import twin

RNG = np.random.default_rng(0)


def test_inputs_are_those_of_batches() -> None:
    frames = RNG.integers(0, 2, (6, 16, 32), dtype=np.uint8)
    x = spike_input(frames, 3)
    assert x.shape == (3, 1, 1, 16, 32) and x.dtype == torch.float32
    assert torch.equal(x.sum(0)[0, 0], torch.from_numpy(frames.sum(0)).float())
    picture = RNG.integers(0, 256, (16, 32, 3), dtype=np.uint8)
    sample = Sample({"rgb": View(torch.from_numpy(picture.transpose(2, 0, 1).copy()))})
    assert torch.equal(rgb_input(picture), collate([sample])["rgb"].image)


def test_network_and_preprocessing_are_timed_apart() -> None:
    frames = RNG.integers(0, 2, (6, 16, 32), dtype=np.uint8)
    threads_before = torch.get_num_threads()
    slow = 0.02

    def prepare() -> torch.Tensor:
        time.sleep(slow)
        return spike_input(frames, 3)

    timing = time_network(
        twin(), prepare, num_threads=1, num_windows=3, window_s=0.05, warm_up_s=0.0
    )
    assert torch.get_num_threads() == threads_before
    assert len(timing.network.windows_ms) == len(timing.preprocessing.windows_ms) == 3
    assert timing.preprocessing.p50_ms >= 1e3 * slow > 0
    assert timing.network.p50_ms <= timing.network.p90_ms <= timing.network.p99_ms
    assert timing.lif_kernels == "eager"
    assert timing.num_threads == 1 and timing.input_shape == (3, 1, 1, 16, 32)
    assert timing.energy is None
    assert timing.energy_note == "not measured: windows of 0.05 s are shorter than 10 s"
    assert timing.machine["torch"] == torch.__version__


class OneWattCounter(PackageCounter):
    """1 W always, and 0.06 J per call."""

    num_calls = 0

    def read(self) -> CounterReading:
        now_s = time.perf_counter()
        return CounterReading(now_s, now_s + 0.06 * OneWattCounter.num_calls)


def test_energy_of_calls() -> None:
    def work() -> None:
        OneWattCounter.num_calls += 1
        time.sleep(0.01)

    packages = Packages((OneWattCounter(Path(), math.inf),))
    latency, energy = measure_calls(work, 3, 0.1, 0.0, packages)
    assert energy is not None and energy.num_windows == 3
    assert energy.num_inferences == latency.num_calls
    assert energy.idle_w == pytest.approx(1.0)
    assert energy.dynamic_j == pytest.approx(0.06)
    assert energy.total_j == pytest.approx(0.06 + latency.median_ms * 1e-3, rel=0.02)


def test_where_energy_cannot_be_read_the_reason_is_given(tmp_path: Path) -> None:
    assert energy_source(tmp_path, 10.0) == (
        None,
        f"not measured: {tmp_path} shows no energy counter of a processor package (intel-rapl)",
    )
    show_counter(tmp_path, "intel-rapl:0", "package-0", 1)
    packages, note = energy_source(tmp_path, 10.0)
    assert packages is not None and "all processes" in note


def test_user_errors() -> None:
    x = torch.zeros(1, 1, 1, 16, 32)
    with pytest.raises(ValueError, match="num_threads is 0; accepted: 1 or more"):
        time_network(twin(), lambda: x, num_threads=0)
    with pytest.raises(ValueError, match="training mode"):
        time_network(twin().train(), lambda: x, num_threads=1)
    with pytest.raises(ValueError, match="input has 2 samples; accepted: 1"):
        time_network(twin(), lambda: torch.cat([x, x], 1), num_threads=1)
    with pytest.raises(ValueError, match="num_windows is 0"):
        time_network(twin(), lambda: x, num_threads=1, num_windows=0)
