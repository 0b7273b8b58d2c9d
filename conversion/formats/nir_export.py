"""A float graph as NIR, the exchange format of spiking frameworks (Pedersen et al., 2024).

Every input and layer is a node of its own name (`conversion.formats.nir_neurons`), every edge a
node "<source>_to_<layer>" (`nir_synapses`), with a Flatten before or behind it where a grid
meets a vector; what arrives at a node adds up. What NIR cannot hold is refused
(`conversion.formats.nir_limits`).

The file describes time-aligned operation, in which every node sees step t at step t. Synaptic
delays, which only balance the chip's pipeline, have no place in it; they stand in the metadata.

What reads it (measured; the equations allow more than the readers do):

- spikingjelly 2.0: LIF, CubaLIF and IF, grids and vectors, edges that add up; spikes equal the
  simulator's in float64. It fires at the threshold, not above it, and knows no LI and no v_leak.
- snnTorch 1.0: LIF and CubaLIF, in float32, and in steps of 1e-4 s only; no LI, IF, v_leak. Behind
  Flatten one sample at a time, without the axis of the batch, which it flattens too.
- Norse 1.1: LIF, CubaLIF and IF, weights rounded to float32, chains only. Where paths join it
  computes something else, silently. Flatten as in snnTorch. Its membranes start at v_leak; no LI.

Metadata: the graph's, see `_METADATA`; of neurons, decay_u and decay_v (fractions per step, which
the time constants hold up to rounding); of synapses, delay (steps).
"""

from collections.abc import Container, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import nir
import numpy as np

from conversion.formats.nir_limits import check_nir_can_hold
from conversion.formats.nir_neurons import neuron_node, synapse_gain
from conversion.formats.nir_synapses import (
    convolution_nodes,
    flat_layers,
    matrix_nodes,
    synapses_hold_bias,
)
from conversion.graph.layer_graph import Edge, Layer, LayerGraph
from snn_depth.files.atomic import atomic_path

# snnTorch has it hard-coded, spikingjelly has it as its default.
DT_S = 1e-4

OUTPUT = "output"

_METADATA = {
    "equations": "forward Euler with step dt_s (seconds)",
    "layout": "CHW",
    "operation": "time-aligned: every node sees step t at step t; no delays",
    "reset": "to 0, at the spike",
    "start": "currents and membranes 0 at the first step of a sample, also where v_leak is not",
    "threshold": "strict: a neuron fires above it, not at it",
}


def write_nir(path: Path, graph: LayerGraph, dt_s: float = DT_S) -> None:
    """Write a graph as NIR, whole or not at all.

    Raises:
        ValueError: As `nir_graph`.
    """
    described = nir_graph(graph, dt_s)
    with atomic_path(path) as temporary:
        nir.write(temporary, described)


def nir_graph(graph: LayerGraph, dt_s: float = DT_S) -> nir.NIRGraph:
    """What computes the same as a graph, when it is integrated by forward Euler in steps of `dt_s`.

    Args:
        dt_s: Length of a step in seconds. Any will do, when the reader takes the same; it has
            nothing to do with the camera's.

    Returns:
        NIR's graph; its outputs are the layers that no other layer receives from.

    Raises:
        ValueError: For what NIR cannot hold, with the layer's name, or a `dt_s` not above 0.
    """
    if not dt_s > 0:
        raise ValueError(f"dt_s is {dt_s}; accepted: above 0")
    check_nir_can_hold(graph)
    flat = flat_layers(graph)
    nodes: dict[str, nir.NIRNode] = {
        name: nir.Input(np.array(shape)) for name, shape in graph.inputs.items()
    }
    wires: list[tuple[str, str]] = []
    for layer in graph.layers:
        for source, series in _synapses(graph, layer, flat):
            names = _names(f"{source}_to_{layer.name}", series, nodes)
            nodes |= zip(names, series, strict=True)
            wires += pairwise([source, *names, layer.name])
        nodes[layer.name] = neuron_node(
            layer,
            is_flat=layer.name in flat,
            leak_has_bias=not synapses_hold_bias(layer, is_flat=layer.name in flat),
            dt_s=dt_s,
        )
    sources = {edge.source for layer in graph.layers for edge in layer.edges}
    unread = [layer.name for layer in graph.layers if layer.name not in sources]
    for name in unread:
        output = OUTPUT if len(unread) == 1 else f"{name}_to_{OUTPUT}"
        nodes[output] = nir.Output(nodes[name].output_type["output"])
        wires.append((name, output))
    return nir.NIRGraph(nodes, wires, metadata={**_METADATA, "dt_s": dt_s})


def _synapses(
    graph: LayerGraph, layer: Layer, flat: frozenset[str]
) -> Iterator[tuple[str, list[nir.NIRNode]]]:
    """Of every edge of a layer its source and its nodes in series."""
    is_flat = layer.name in flat
    gain = synapse_gain(layer)
    bias_CHW = np.zeros((1, 1, 1))
    if synapses_hold_bias(layer, is_flat=is_flat):
        bias_CHW = gain * layer.bias_CHW
    matrices: list[Edge] = []
    convolutions: list[Edge] = []
    for edge in layer.edges or (_one_to_one(graph.only_input, layer),):
        is_matrix = edge.kind == "dense" or edge.source in flat
        scaled = replace(edge, weight=gain * edge.scaled_weight, weight_exp=0)
        (matrices if is_matrix else convolutions).append(scaled)
    # The first holds the bias, and one per neuron fits a matrix only.
    for edge in (*matrices, *convolutions):
        shapes = graph.shapes[edge.source], layer.shape
        if edge in matrices:
            bias_N = np.broadcast_to(bias_CHW, layer.shape).ravel()
            series = matrix_nodes(edge, *shapes, bias_N, source_is_flat=edge.source in flat)
        else:
            bias_C = np.broadcast_to(bias_CHW, (layer.shape[0], 1, 1)).ravel()
            series = convolution_nodes(edge, *shapes, bias_C, is_flat=is_flat)
        yield edge.source, series
        bias_CHW = np.zeros((1, 1, 1))


def _one_to_one(source: str, layer: Layer) -> Edge:
    """What the input is to an input_lif layer."""
    return Edge(source, "conv", np.eye(layer.shape[0])[:, :, None, None])


def _names(name: str, series: list[nir.NIRNode], taken: Container[str]) -> list[str]:
    """Names of nodes in series; several edges may join the same two layers."""
    number = 2
    unnumbered = name
    while name in taken:
        name, number = f"{unnumbered}_{number}", number + 1
    return [f"{name}_flatten" if isinstance(node, nir.Flatten) else name for node in series]
