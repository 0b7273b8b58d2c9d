"""The integer simulator against Lava: `python -m benchmarks.lava --output RESULTS.json`.

Both run the same network on the same samples, by turns, and must give the same spikes and the same
membranes of the readout. Lava's time is that of its steps, without the start of its processes. Each
of them computes with one thread, and so does the simulator, in one process.
"""

import os

if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"  # read when numpy is loaded

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy.typing as npt
from jsonargparse.typing import PositiveInt
from rich.console import Console

from conversion.graph.artifact import Artifact, write_artifact
from conversion.graph.layer_graph import LayerGraph
from conversion.graph.quantize import quantize_graph
from conversion.graph.timing import balance_with_delays
from conversion.lava.environment import lava_python
from conversion.lava.run_in_lava import run_in_lava
from conversion.lava_runtime.lava_run import LavaRun, SynapseKind
from conversion.simulate import integer_simulator
from conversion.simulate.simulation import Trace, stream_of_samples
from conversion.student.extract import extract_graph
from conversion.student.samples import conversion_samples
from conversion.student.student_run import padded_input
from snn_depth.command.exit import run_command
from snn_depth.command.picture_size import parse_size
from snn_depth.command.table import Column, Table, number_columns
from snn_depth.evaluation.results import summarize, write_results
from snn_depth.files.stored_network import SHIPPED_NETWORK
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.training.checkpoint import LoadedNetwork, load_network

Array = npt.NDArray[Any]


def benchmark(
    *,
    output: Path,
    checkpoint: Path = SHIPPED_NETWORK,
    stock_sizes: Sequence[str] = ("64x128",),
    fast_sizes: Sequence[str] = ("64x128", "128x256"),
    num_samples: int = 2,
    num_repeats: PositiveInt = 3,
    cache_dir: Path = Path("data_cache"),
) -> None:
    """Measure the integer simulator and Lava's bit-accurate models on the same networks.

    Args:
        output: Results to write (*.json).
        checkpoint: Spiking network (*.safetensors).
        stock_sizes: Picture sizes, HEIGHTxWIDTH, to run with Lava's stock synapses.
        fast_sizes: Picture sizes to run with the project's synapse processes for Lava.
        num_samples: Samples of the synthetic world per run.
        num_repeats: Runs of each, over which the spread is taken.
        cache_dir: Where pictures of the synthetic world are kept.
    """
    console = Console()
    loaded = load_network(checkpoint)
    python = lava_python(console.print)
    rows: list[dict[str, Any]] = []
    for size in dict.fromkeys([*stock_sizes, *fast_sizes]):
        graph, inputs_TBCHW = _network(loaded, size, num_samples, cache_dir)
        kinds: list[SynapseKind] = ["stock"] if size in stock_sizes else []
        kinds += ["fast"] if size in fast_sizes else []
        with TemporaryDirectory() as folder:
            artifact = Path(folder) / "network.h5"
            write_artifact(artifact, Artifact(graph, len(inputs_TBCHW)))
            for repeat in range(num_repeats):
                expected, ours = _simulate(graph, inputs_TBCHW)
                for kind in kinds:
                    console.print(f"{size}, {kind} synapses, run {repeat + 1} of {num_repeats}")
                    run = run_in_lava(
                        artifact,
                        inputs_TBCHW,
                        "integer",
                        python=python,
                        synapses=kind,
                        record_membranes=False,
                    )
                    check_equal(run.trace, expected)
                    rows.append(
                        {
                            "name": checkpoint.stem,
                            "size": size,
                            "synapses": kind,
                            "num_neurons": sum(layer.num_neurons for layer in graph.layers),
                            "num_samples": num_samples,
                            "num_time_steps": len(inputs_TBCHW),
                            "seed": repeat,
                            "metrics": {**ours, **_figures(run, ours["ours_s"])},
                        }
                    )
    write_results(output, "lava", rows)
    console.print(speed_table(summarize(rows)).to_rich())
    console.print(f"results: {output}")


def _network(
    loaded: LoadedNetwork, size: str, num_samples: int, cache_dir: Path
) -> tuple[LayerGraph, Array]:
    """The integer network for pictures of a size, and samples of that size."""
    height, width = parse_size(size)
    data = replace(loaded.data, height=height, width=width)
    graph = balance_with_delays(extract_graph(loaded.network, height, width))
    assert isinstance(loaded.network, SpikingDepthNet)
    batch = conversion_samples(data, num_samples, (), cache_dir).batch()
    integer_graph = quantize_graph(
        graph, num_weight_bits=8, largest_input=data.num_frames // data.num_bins
    )
    return integer_graph, padded_input(loaded.network, loaded.network.read(batch))


def _simulate(graph: LayerGraph, inputs_TBCHW: Array) -> tuple[Trace, dict[str, float]]:
    """The time-aligned trace, and seconds for it and for the pipelined stream that Lava runs."""
    integer_simulator.simulate(graph, inputs_TBCHW[:1])  # what is done only once
    start_s = time.perf_counter()
    trace = integer_simulator.simulate(graph, inputs_TBCHW)
    aligned_s = time.perf_counter() - start_s
    stream_SBCHW = stream_of_samples(inputs_TBCHW, graph.num_pipeline_steps)
    start_s = time.perf_counter()
    integer_simulator.simulate_pipelined(graph, stream_SBCHW, reset_period=len(inputs_TBCHW))
    return trace, {"ours_s": aligned_s, "ours_pipelined_s": time.perf_counter() - start_s}


def check_equal(found: Trace, expected: Trace) -> None:
    """Refuse to compare the speed of runs that do not give the same.

    Raises:
        ValueError: Naming the layers that differ.
    """
    differ = {**found.spike_mismatches(expected), **found.membrane_differences(expected)}
    names = [name for name, difference in differ.items() if difference]
    if names or differ.keys() != {*expected.spikes, *expected.membranes}:
        raise ValueError(f"Lava and the simulator differ in layers {sorted(names)}")


def _figures(run: LavaRun, ours_s: float) -> dict[str, float]:
    return {
        "lava_s": run.run_s,
        "lava_start_s": run.build_s,
        "ratio": run.run_s / ours_s,
        "lava_memory_mb": run.peak_memory_bytes / 1e6,
        "lava_shared_memory_mb": run.peak_shared_memory_bytes / 1e6,
    }


def speed_table(summary: Sequence[Mapping[str, Any]]) -> Table:
    """Means and standard deviations per network and kind of synapses."""
    rows = [
        [
            entry["size"],
            entry["synapses"],
            *(_mean_and_spread(entry, m) for m in ("ours_s", "ours_pipelined_s", "lava_s")),
            f"{entry['lava_start_s_mean']:.1f}",
            f"{entry['ratio_mean']:.1f}",
            f"{entry['lava_memory_mb_mean']:.0f}, {entry['lava_shared_memory_mb_mean']:.1f}",
        ]
        for entry in summary
    ]
    numbers = number_columns("ours", "pipelined", "Lava", "start", "ratio", "memory, MB")
    return Table(
        f"integer simulator and Lava: seconds, {summary[0]['num_seeds']} runs",
        [Column("pictures", "left"), "synapses", *numbers],
        rows,
        "ours: the integer simulator, all samples at once; pipelined: one after the other, "
        "as Lava does it; ratio: Lava to ours; memory: of all Lava processes, and of it /dev/shm",
    )


def _mean_and_spread(entry: Mapping[str, Any], metric: str) -> str:
    mean, std = entry[f"{metric}_mean"], entry[f"{metric}_std"]
    return f"{mean:.2f}" if std is None else f"{mean:.2f}±{std:.2f}"


if __name__ == "__main__":
    run_command(benchmark)
