"""What was measured on this machine: never in one table with what is modelled."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.report.document import Section, Text
from benchmarks.report.numbers import short
from benchmarks.study.comparison import Comparison
from benchmarks.throughput.cpu_timing import CpuTiming, rgb_input, spike_input, time_network
from benchmarks.throughput.energy_window import MIN_WINDOW_S
from benchmarks.throughput.gpu_energy import (
    BatchEnergy,
    GpuEnergy,
    GpuPlan,
    NotMeasured,
    measure_gpu,
)
from snn_depth.command.table import Table
from snn_depth.training.checkpoint import load_network

NUM_WINDOWS = 5


def measured_section(comparison: Comparison, window_s: float) -> Section:
    """Latency on this machine's CPU and GPU, and their energy where it can be read.

    Args:
        window_s: Seconds of each window; 0 measures nothing.
    """
    if not window_s:
        text = "Nothing was measured on this machine (--window-s 0)."
        return Section("measured", "Measured on this machine", [Text(text)], {})
    rows, data = [], []
    gpus: dict[str, GpuEnergy] = {}
    gpu_reason = ""
    for path, measured in zip(comparison.checkpoints, comparison.others, strict=True):
        name = measured.network.name
        timing, gpu = _measure(comparison, path, window_s)
        energy = "-" if timing.energy is None else f"{1e3 * timing.energy.total_j:.2f} mJ"
        latency = timing.network
        rows.append(
            [
                name,
                str(timing.num_threads),
                short(latency.median_ms),
                short(latency.p50_ms),
                short(latency.p90_ms),
                short(latency.p99_ms),
                short(timing.preprocessing.median_ms),
                energy,
            ]
        )
        entry: dict[str, Any] = {
            "name": name,
            "cpu": {
                "latency_ms": asdict(latency),
                "preprocessing_ms": asdict(timing.preprocessing),
                "num_threads": timing.num_threads,
                "window_s": window_s,
                "energy": None if timing.energy is None else asdict(timing.energy),
                "energy_note": timing.energy_note,
            },
            "gpu": asdict(gpu),
        }
        if isinstance(gpu, GpuEnergy):
            gpus[name] = gpu
        else:
            gpu_reason = gpu.reason
        data.append(entry)
    blocks: list[Text | Table] = []
    if rows:
        note = timing.energy_note
        blocks.append(
            Table(
                f"CPU, batch 1, ms: median of {NUM_WINDOWS} windows of {window_s:g} s",
                ["network", "threads", "median", "p50", "p90", "p99", "pre-processing", "energy"],
                rows,
                f"{timing.machine['processor']}, {timing.machine['num_cpus']} CPUs. Energy: "
                f"{note}. MLPerf Tiny asks for windows of 10 s (--window-s 10), and an idle "
                "machine. Quantised twins run as torch's emulation in floating point, which says "
                "nothing about their speed on integer hardware.",
            )
        )
    else:
        blocks.append(Text("No network that torch can run was given (--networks)."))
    if gpus:
        blocks += gpu_tables(gpus)
    if gpu_reason:
        blocks.append(Text(f"GPU: {gpu_reason}."))
    return Section("measured", "Measured on this machine", blocks, {"networks": data})


def _measure(
    comparison: Comparison, path: Path, window_s: float
) -> tuple[CpuTiming, GpuEnergy | NotMeasured]:
    network = load_network(path).network
    spec = comparison.spec
    random = np.random.default_rng(0)  # the time does not depend on what is in the picture
    if network.reads_spikes:
        frames_THW = (random.random((spec.num_frames, spec.height, spec.width)) < 0.3).astype("u1")
        prepare = partial(spike_input, frames_THW, spec.num_bins)
    else:
        picture_HWC = random.integers(0, 256, (spec.height, spec.width, 3), np.uint8)
        prepare = partial(rgb_input, picture_HWC)
    timing = time_network(
        network,
        prepare,
        num_threads=torch.get_num_threads(),
        num_windows=NUM_WINDOWS,
        window_s=window_s,
        warm_up_s=min(1.0, window_s),
    )
    if window_s < MIN_WINDOW_S:
        return timing, NotMeasured(
            f"not measured; --window-s {MIN_WINDOW_S:g} measures the GPU too"
        )
    plan = GpuPlan(num_windows=NUM_WINDOWS, window_s=window_s)
    return timing, measure_gpu(network, prepare(), plan=plan)


def gpu_tables(gpus: Mapping[str, GpuEnergy]) -> list[Table]:
    """Energy, latency and state of the GPU, by name of the network."""
    batches = [
        (name, batch)
        for name, gpu in gpus.items()
        for batch in {b.batch_size: b for b in (gpu.one, gpu.best)}.values()
    ]
    devices = dict.fromkeys(f"{gpu.device}, driver {gpu.driver}" for gpu in gpus.values())
    headings = ["idle, W", "active, W", "dynamic, mJ", "total, mJ"]
    state_headings = ["SM clock, MHz", "memory clock, MHz", "temperature, C", "power limit, W"]
    return [
        Table(
            "GPU energy per inference",
            ["network", "batch", *headings],
            [[name, str(batch.batch_size), *_energy_cells(batch)] for name, batch in batches],
            f"{'; '.join(devices)}. The whole board, by its own energy counter; batch 1 and the "
            "batch that takes least energy per inference.",
        ),
        Table(
            "GPU latency of a whole batch in ms, and the state of the GPU before and after",
            ["network", "batch", "median", "p50", "p90", "p99", *state_headings],
            [
                [name, str(b.batch_size), *_latency_cells(b), *_state_cells(b)]
                for name, b in batches
            ],
            "; ".join(dict.fromkeys(gpu.precision for gpu in gpus.values())) + ".",
        ),
    ]


def _energy_cells(batch: BatchEnergy) -> list[str]:
    energy = batch.energy
    figures = (energy.idle_w, energy.active_w, 1e3 * energy.dynamic_j, 1e3 * energy.total_j)
    return [short(figure) for figure in figures]


def _latency_cells(batch: BatchEnergy) -> list[str]:
    latency = batch.latency
    figures = (latency.median_ms, latency.p50_ms, latency.p90_ms, latency.p99_ms)
    return [short(figure) for figure in figures]


def _state_cells(batch: BatchEnergy) -> list[str]:
    before, after = batch.before, batch.after
    return [
        f"{before.sm_clock_mhz} to {after.sm_clock_mhz}",
        f"{before.memory_clock_mhz} to {after.memory_clock_mhz}",
        f"{before.temperature_c} to {after.temperature_c}",
        short(after.power_limit_w),
    ]
