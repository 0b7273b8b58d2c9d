"""All stages of a conversion, each checked against the one before."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from conversion.graph.layer_graph import Arithmetic, LayerGraph
from conversion.graph.quantize import quantize_graph
from conversion.graph.timing import Balance, TimingCosts, balance, spikes_with_relays, timing_costs
from conversion.simulate import float_simulator, integer_simulator
from conversion.simulate.simulation import Trace, samples_of_stream, stream_of_samples
from conversion.student.extract import extract_graph
from conversion.student.layer_report import LayerRow, Traces, check_equal, layer_rows
from conversion.student.readout_depth import depth_of_readout
from conversion.student.student_run import padded_input, run_student
from snn_depth.data.sample import SPIKES, Batch
from snn_depth.evaluation.metrics import depth_metrics
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.models.graph import READOUT

METRICS = ("abs_rel", "rmse", "delta1")


@dataclass(frozen=True, eq=False)
class Conversion:
    """A converted network and the proof.

    Attributes:
        inputs_TBCHW: The samples as the graphs take them.
        traces: What every stage did on the samples.
        simulator_s: Seconds that each graph's simulator took for it.
        costs: What it takes that skips arrive in time.
    """

    graph: LayerGraph
    integer_graph: LayerGraph
    inputs_TBCHW: npt.NDArray[np.float64]
    rows: list[LayerRow]
    traces: Traces
    simulator_s: Mapping[Arithmetic, float]
    costs: TimingCosts

    def stage(self, arithmetic: Arithmetic) -> tuple[LayerGraph, Trace]:
        """The graph of an arithmetic, and what it did."""
        if arithmetic == "float":
            return self.graph, self.traces.graph
        return self.integer_graph, self.traces.integer


def convert(
    network: SpikingDepthNet,
    batch: Batch,
    num_weight_bits: int,
    largest_input: int,
    *,
    delays: Balance = "synaptic",
    record_membranes: bool = False,
) -> Conversion:
    """Extract, balance, quantise, and check every stage against the one before.

    Args:
        network: The student.
        batch: Samples.
        num_weight_bits: With the sign.
        largest_input: Largest count of a pixel in a time bin.
        delays: How the skips are made to wait.
        record_membranes: Whether the graphs' traces are to have the membranes of all layers.

    Raises:
        ValueError: When a stage differs that must not, naming the layer, or when the network
            cannot be mapped or does not fit the chip.
    """
    counts_TBCHW = batch[SPIKES].image
    size = counts_TBCHW.shape[-2:]
    graph = extract_graph(network, *size, binary_input=largest_input == 1)
    balanced = balance(graph, delays)
    integer_graph = quantize_graph(
        balanced, num_weight_bits=num_weight_bits, largest_input=largest_input
    )
    inputs = padded_input(network, counts_TBCHW)
    simulator_s: dict[Arithmetic, float] = {}

    def simulate(simulator: Callable[..., Trace], graph: LayerGraph) -> Trace:
        start_s = time.perf_counter()
        trace = simulator(graph, inputs, record_membranes=record_membranes)
        simulator_s[graph.arithmetic] = time.perf_counter() - start_s
        return trace

    def run(dtype: torch.dtype) -> Trace:
        trace = run_student(network, counts_TBCHW, dtype)
        return replace(trace, spikes=spikes_with_relays(balanced, trace.spikes))

    traces = Traces(
        run(torch.float64),
        run(torch.float32),
        simulate(float_simulator.simulate, balanced),
        simulate(integer_simulator.simulate, integer_graph),
    )
    rows = layer_rows(integer_graph, traces)
    check_equal(rows)
    check_pipelined(integer_graph, inputs, traces.integer)
    return Conversion(
        balanced, integer_graph, inputs, rows, traces, simulator_s, timing_costs(graph)
    )


def check_pipelined(graph: LayerGraph, inputs_TBCHW: npt.NDArray[Any], aligned: Trace) -> None:
    """Refuse an integer graph that computes something else when samples follow each other.

    `aligned` is what the samples do in time-aligned operation.

    Raises:
        ValueError: Naming the first layer that differs.
    """
    num_steps, num_samples = inputs_TBCHW.shape[:2]
    stream = stream_of_samples(inputs_TBCHW, graph.num_pipeline_steps)
    trace = integer_simulator.simulate_pipelined(graph, stream, reset_period=num_steps)
    for layer in graph.layers:
        part = "spikes" if layer.fires else "membranes"
        found = samples_of_stream(
            getattr(trace, part)[layer.name],
            graph.arrival_steps[layer.name],
            num_samples,
            num_steps,
        )
        if not np.array_equal(found, getattr(aligned, part)[layer.name]):
            raise ValueError(
                f"layer {layer.name!r} is the first whose {part} differ between time-aligned and "
                "pipelined operation"
            )


def depth_scores(
    network: SpikingDepthNet, graph: LayerGraph, trace: Trace, batch: Batch
) -> dict[str, float]:
    """Depth metrics of a student's float or integer graph from its trace, means over samples."""
    truth = network.view(batch)
    depth_m = depth_of_readout(
        network,
        graph[READOUT],
        graph.arithmetic,
        trace.membranes[READOUT],
        *truth.size,
    )
    metrics = depth_metrics(
        depth_m,
        truth.depth_m,
        truth.valid_mask,
        min_depth_m=network.depth_range.min_depth_m,
        max_depth_m=network.depth_range.max_depth_m,
    )
    return {name: float(metrics[name].nanmean()) for name in METRICS}
