"""Write float graphs for other frameworks: Neuromorphic Intermediate Representation (NIR 1.0).

NIR describes neurons by differential equations (Pedersen et al. 2024, Nature Communications 15,
8122), which frameworks discretise by forward Euler with a time step of their own. With

    tau dv/dt = v_leak - v + r I,    tau = dt / decay_v,    r = tau / dt,    v_leak = v_reset = 0

that is ``v <- (1 - decay_v) v + I`` at the time step `DT_S`, and nothing else at another one. I is
the sum of all edges; the layer's bias is that of its first edge. Frameworks run every layer of a
NIR graph at the same step, as the time-aligned simulator does, so that the delays which balance the
pipeline on a chip are left out.

What the importers make of it (tests run them): SpikingJelly 2.0 runs it with ``dt=DT_S`` in
float64, without grouped convolutions and readouts. snnTorch 1.0 has `DT_S` built in and computes in
float32. Norse 1.1 ignores r, so its currents come out too small by the factor decay_v.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nir
import numpy as np
import numpy.typing as npt

from conversion.layer_graph import INPUT, Edge, Layer, LayerGraph, Shape
from snn_depth.atomic import atomic_path

# What SpikingJelly takes where nothing else is said, and snnTorch always.
DT_S = 1e-4

# What a layer graph can have and NIR cannot, and why; the key is quoted in the error.
CANNOT_HOLD: Mapping[str, str] = {
    "integer weights": "NIR has real numbers and no rounding; export the float graph",
    "unbalanced delays": "frameworks run all layers at the same step; balance the delays first",
    "a transposed convolution": "NIR has none, nor upsampling; export the layers before it",
    "input_lif neurons": "NIR has no input that is added to membranes",
    "a bias per neuron": "NIR's convolutions have one per channel",
    "a bias beside a synaptic current": "NIR would let it decay with the current",
    "a dense edge into a grid": "NIR cannot unflatten what a matrix product returns",
}


def write_nir(path: Path, graph: LayerGraph, metadata: Mapping[str, str] | None = None) -> None:
    """Write a graph as a NIR file.

    Args:
        path: File to write, whole or not at all.
        graph: Float graph.
        metadata: Stored with it, beside ``dt_s``, ``layout`` and ``reset``.

    Raises:
        ValueError: For what NIR cannot hold (`CANNOT_HOLD`), with the layer's name.
    """
    nir_graph = to_nir(graph)
    nir_graph.metadata |= dict(metadata or {})
    with atomic_path(path) as temporary:
        nir.write(temporary, nir_graph)


def to_nir(graph: LayerGraph) -> nir.NIRGraph:
    """A graph as NIR: one node per edge ("<source>_to_<layer>") and one per layer.

    Args:
        graph: Float graph.

    Returns:
        The NIR graph; what no other layer reads is its output.

    Raises:
        ValueError: For what NIR cannot hold (`CANNOT_HOLD`), with the layer's name.
    """
    if graph.arithmetic == "integer":
        raise _refusal(graph.layers[0].name, "integer weights")
    if graph.early_edges:
        raise _refusal(next(iter(graph.early_edges))[1], "unbalanced delays")
    drawing = _Drawing({INPUT: graph.input_shape})
    drawing.nodes[INPUT] = nir.Input(input_type=np.array(graph.input_shape))
    for layer in graph.layers:
        _check(layer, drawing.shapes)
        drawing.add_layer(layer)
    read = {edge.source for layer in graph.layers for edge in layer.edges}
    unread = [layer.name for layer in graph.layers if layer.name not in read]
    for name in unread:
        output = "output" if len(unread) == 1 else f"{name}_output"
        drawing.nodes[output] = nir.Output(output_type=np.array(drawing.shapes[name]))
        drawing.edges.append((name, output))
    metadata = {"dt_s": DT_S, "layout": "CHW", "reset": "to rest before every sample"}
    return nir.NIRGraph(drawing.nodes, drawing.edges, metadata)


@dataclass
class _Drawing:
    """A NIR graph as far as it is drawn.

    Attributes:
        shapes: What each layer sends, which is flat behind a matrix product.
        nodes: NIR nodes by name.
        edges: Pairs of their names.
    """

    shapes: dict[str, tuple[int, ...]]
    nodes: dict[str, Any] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)

    def add_layer(self, layer: Layer) -> None:
        is_flat = all(edge.kind == "dense" for edge in layer.edges)
        shape = (layer.num_neurons,) if is_flat else layer.shape
        bias = np.zeros(layer.shape[0]) if layer.bias is None else layer.bias
        if is_flat:
            bias = np.broadcast_to(layer.bias_CHW, layer.shape).ravel()
        self.shapes[layer.name] = shape
        self.nodes[layer.name] = _neurons(layer, shape)
        for edge in layer.edges:
            name = f"{edge.source}_to_{layer.name}"
            self.nodes[name] = self._synapses(edge, bias)
            self.edges += [(self._flattened(edge), name), (name, layer.name)]
            bias = np.zeros_like(bias)  # added once

    def _synapses(self, edge: Edge, bias: npt.NDArray[Any]) -> Any:
        if edge.kind == "dense":
            return nir.Affine(edge.scaled_weight, bias.astype(np.float64))
        return nir.Conv2d(
            self.shapes[edge.source][1:],
            edge.scaled_weight,
            edge.stride,
            edge.padding,
            edge.dilation,
            edge.groups,
            bias.astype(np.float64),
        )

    def _flattened(self, edge: Edge) -> str:
        """The node that an edge reads: its source, or for a matrix product a flat view of it."""
        shape = self.shapes[edge.source]
        if edge.kind != "dense" or len(shape) == 1:
            return edge.source
        name = f"{edge.source}_flat"
        if name not in self.nodes:
            self.nodes[name] = nir.Flatten({"input": np.array(shape)}, start_dim=0, end_dim=-1)
            self.edges.append((edge.source, name))
        return name


def _neurons(layer: Layer, shape: tuple[int, ...]) -> Any:
    def every(value: float) -> npt.NDArray[np.float64]:
        return np.full(shape, value)

    tau_mem_s, tau_syn_s = DT_S / layer.decay_v, DT_S / layer.decay_u
    if layer.decay_u == 1:
        membrane = {"tau": every(tau_mem_s), "r": every(1 / layer.decay_v), "v_leak": every(0)}
    else:
        membrane = {
            "tau_mem": every(tau_mem_s),
            "tau_syn": every(tau_syn_s),
            "r": every(1 / layer.decay_v),
            "w_in": every(1 / layer.decay_u),
            "v_leak": every(0),
        }
    if not layer.fires:
        return nir.LI(**membrane) if layer.decay_u == 1 else nir.CubaLI(**membrane)
    threshold = {"v_threshold": every(layer.v_threshold), "v_reset": every(0)}
    kind = nir.LIF if layer.decay_u == 1 else nir.CubaLIF
    return kind(**membrane, **threshold)


def _check(layer: Layer, shapes: Mapping[str, Shape | tuple[int, ...]]) -> None:
    if layer.kind == "input_lif":
        raise _refusal(layer.name, "input_lif neurons")
    kinds = {edge.kind for edge in layer.edges}
    if "conv_transpose" in kinds:
        raise _refusal(layer.name, "a transposed convolution")
    if layer.bias is not None and np.any(layer.bias):
        if layer.decay_u != 1:
            raise _refusal(layer.name, "a bias beside a synaptic current")
        if layer.bias.ndim == 3 and "conv" in kinds:
            raise _refusal(layer.name, "a bias per neuron")
    reads_flat = any(edge.kind == "conv" and len(shapes[edge.source]) == 1 for edge in layer.edges)
    is_grid = kinds == {"dense"} and math.prod(layer.shape[1:]) > 1
    if len(kinds) > 1 or is_grid or reads_flat:
        raise _refusal(layer.name, "a dense edge into a grid")


def _refusal(name: str, what: str) -> ValueError:
    return ValueError(f"layer {name!r}: NIR cannot hold {what}: {CANNOT_HOLD[what]}")
