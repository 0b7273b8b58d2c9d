"""What was measured on this machine: never in one table with what is modelled."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.cpu_timing import CpuTiming, rgb_input, spike_input, time_network
from benchmarks.gpu_energy import GpuEnergy, NotMeasured, measure_gpu
from benchmarks.report.document import Section, Table, Text
from benchmarks.report.numbers import short
from benchmarks.report.part import Part
from benchmarks.report.study import Study
from snn_depth.checkpoint import load_network

NUM_WINDOWS = 5


def measured_part(study: Study, window_s: float) -> Part:
    """Latency on this machine's CPU and GPU, and their energy where it can be read.

    Args:
        study: With the networks that torch runs, and the samples.
        window_s: Seconds of each of the windows; 0 measures nothing.
    """
    if not window_s:
        text = "Nothing was measured on this machine (--window-s 0)."
        return Part("measured", Section("Measured on this machine", [Text(text)]), {})
    rows, data = [], []
    gpu_rows: list[list[str]] = []
    gpu_reason = ""
    for path, measured in zip(study.checkpoints, study.others, strict=True):
        name = measured.contender.name
        timing, gpu = _measure(study, path, window_s)
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
                "latency_ms": vars(latency),
                "preprocessing_ms": vars(timing.preprocessing),
                "num_threads": timing.num_threads,
                "window_s": window_s,
                "energy_note": timing.energy_note,
            },
        }
        if isinstance(gpu, GpuEnergy):
            gpu_rows += _gpu_rows(name, gpu)
        else:
            gpu_reason = gpu.reason
            entry["gpu"] = {"reason": gpu.reason}
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
                "machine.",
            )
        )
    else:
        blocks.append(Text("No network that torch can run was given (--networks)."))
    if gpu_rows:
        headings = ["network", "batch", "ms", "idle, W", "active, W", "dynamic, mJ", "total, mJ"]
        blocks.append(Table("GPU, per inference", headings, gpu_rows))
    elif gpu_reason:
        blocks.append(Text(f"GPU: {gpu_reason}."))
    return Part("measured", Section("Measured on this machine", blocks), {"networks": data})


def _measure(
    study: Study, path: Path, window_s: float
) -> tuple[CpuTiming, GpuEnergy | NotMeasured]:
    network = load_network(path).network
    spec = study.chip_network.spec
    random = np.random.default_rng(0)  # the time does not depend on what is in the picture
    if network.input_key == "spikes":
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
    return timing, measure_gpu(network, prepare())


def _gpu_rows(name: str, gpu: GpuEnergy) -> Sequence[list[str]]:
    found = {batch.batch_size: batch for batch in (gpu.one, gpu.best)}
    return [
        [
            name,
            str(size),
            short(batch.latency.median_ms),
            short(batch.energy.idle_w),
            short(batch.energy.active_w),
            short(1e3 * batch.energy.dynamic_j),
            short(1e3 * batch.energy.total_j),
        ]
        for size, batch in found.items()
    ]
