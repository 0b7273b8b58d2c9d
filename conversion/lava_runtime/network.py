"""A layer graph as a network of Lava processes: input, neurons, synapses, recorders."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.compiler.compiler_graphs import find_processes
from lava.magma.core.process.process import AbstractProcess
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIFReset

from conversion.graph.fixed_point import MAX_BIAS, MAX_THRESHOLD, MIN_BIAS
from conversion.graph.layer_graph import Layer, LayerGraph
from conversion.lava_runtime.connections import Wiring
from conversion.lava_runtime.lava_run import SynapseKind
from conversion.lava_runtime.processes.bias_source import BiasSource
from conversion.lava_runtime.processes.recorders import MembraneRecorder, SpikeRecorder
from conversion.lava_runtime.records import Records

Array = npt.NDArray[Any]


def build_network(
    graph: LayerGraph,
    inputs_SCHW: Array,
    *,
    reset_period: int,
    synapses: SynapseKind,
    records: Records,
) -> list[AbstractProcess]:
    """Make the processes and connect them.

    Every layer is Lava's own ``LIFReset``. So is a readout: its threshold lies above the limit to
    which membranes are clipped, so that it never fires. (Its fixed-point model wraps a current once
    only. Where that is not enough the spikes are not the integer simulator's; quantised graphs stay
    far below, see `conversion.graph.overflow`.)

    Args:
        graph: What to build.
        inputs_SCHW: What is put in at every step.
        reset_period: Steps from the start of one sample to the start of the next.
        synapses: Which processes compute the currents.
        records: What the layers' recorders write.

    Returns:
        All processes, ready to be compiled by way of any of them.

    Raises:
        ValueError: Where Lava could not run the graph, or not on these inputs.
    """
    neurons = {
        layer.name: _neurons(graph, layer, inputs_SCHW[0], reset_period) for layer in graph.layers
    }
    sources = {name: lif.s_out for name, lif in neurons.items()}
    is_integer = graph.arithmetic == "integer"
    if any(edge.source in graph.inputs for layer in graph.layers for edge in layer.edges):
        data_WHCS = inputs_SCHW.astype(np.int32 if is_integer else np.float64).T
        sources[graph.only_input] = RingBuffer(data=data_WHCS).s_out
    wiring = Wiring(graph, synapses, float(np.abs(inputs_SCHW).max()))
    for layer in graph.layers:
        lif = neurons[layer.name]
        for edge in layer.edges:
            wiring.connect(sources[edge.source], edge, layer, lif.a_in)
        if layer.kind == "input_lif":
            biases_SCHW = _membrane_input(graph, layer, inputs_SCHW)
            BiasSource(biases=biases_SCHW.transpose(0, 3, 2, 1)).bias.connect_var(lif.bias_mant)
        if (path := records.spikes_path(layer)) is not None:
            lif.s_out.connect(SpikeRecorder(shape=layer.shape, path=path).s_in)
        if (path := records.membranes_path(layer)) is not None:
            MembraneRecorder(shape=layer.shape, path=path).v.connect_var(lif.v)
    processes: list[AbstractProcess] = find_processes(next(iter(neurons.values())))
    apart = [name for name, lif in neurons.items() if lif not in processes]
    if apart:
        raise ValueError(
            f"layer {apart[0]!r} has no connection with layer {graph.layers[0].name!r}; accepted: "
            "graphs in one piece"
        )
    return processes


def _neurons(
    graph: LayerGraph, layer: Layer, first_input_CHW: Array, reset_period: int
) -> LIFReset:
    bias_CHW = np.broadcast_to(layer.bias_CHW, layer.shape)
    if layer.kind == "input_lif":
        bias_CHW = _membrane_input(graph, layer, first_input_CHW)
    v_threshold = layer.v_threshold
    if not layer.fires:
        v_threshold = math.inf if graph.arithmetic == "float" else MAX_THRESHOLD + 1
    return LIFReset(
        shape=layer.shape[::-1],
        du=layer.decay_u,
        dv=layer.decay_v,
        vth=v_threshold,
        bias_mant=bias_CHW.T,
        bias_exp=layer.bias_exp,
        reset_interval=reset_period,
        # Lava's first step is step 1.
        reset_offset=(graph.reset_steps(reset_period)[layer.name] + 1) % reset_period,
    )


def _membrane_input(graph: LayerGraph, layer: Layer, inputs: Array) -> Array:
    """What inputs (..., C, H, W) add to the membranes of an input_lif layer: Lava's biases."""
    biases: Array = layer.bias_CHW + inputs
    if graph.arithmetic == "float":
        return biases.astype(np.float64)
    if biases.min() < MIN_BIAS or biases.max() > MAX_BIAS:
        raise ValueError(
            f"layer {layer.name!r}: input and bias add up to {biases.min()}..{biases.max()}; "
            f"accepted: {MIN_BIAS}..{MAX_BIAS}"
        )
    return biases.astype(np.int32)
