"""Edges in NIR: convolutions between grids, matrices between vectors, exactly.

NIR flattens a grid but never makes one of a vector, so that whatever receives from a vector is one.

NIR 1.0.8 infers the shapes around a convolution as if it had no groups and a square kernel, and
refuses its own graph otherwise. Groups are therefore written as zeros between them, and a kernel is
padded with zeros to a square one.
"""

import math

import nir
import numpy as np
import numpy.typing as npt

from conversion.graph.layer_graph import Edge, Layer, LayerGraph, Pair, Shape
from conversion.simulate.synapses import Synapses

Float64 = npt.NDArray[np.float64]


def flat_layers(graph: LayerGraph) -> frozenset[str]:
    """Names of the layers that are vectors in NIR; the others are grids (C, H, W)."""
    flat: set[str] = set()
    for layer in graph.layers:
        if any(edge.kind == "dense" or edge.source in flat for edge in layer.edges):
            flat.add(layer.name)
    return frozenset(flat)


def synapses_hold_bias(layer: Layer, *, is_flat: bool) -> bool:
    """Whether the bias of a layer can be that of a node of its edges.

    Not one that is added behind the current, nor one per neuron when all edges are convolutions.
    """
    return layer.decay_u == 1 and (is_flat or layer.bias_CHW[0].size == 1)


def convolution_nodes(
    edge: Edge, source_shape: Shape, shape: Shape, bias_C: Float64, *, is_flat: bool
) -> list[nir.NIRNode]:
    """A convolution from a grid.

    Args:
        edge: Of kind "conv"; the sides of its kernel differ by an even number.
        bias_C: Bias per channel of `shape`.
        is_flat: Whether its target is a vector, where a matrix arrives too.
    """
    weight, padding = square_kernel(edge)
    convolution = nir.Conv2d(
        input_shape=source_shape[1:],
        weight=weight,
        stride=edge.stride,
        padding=padding,
        dilation=edge.dilation,
        groups=1,
        bias=bias_C,
        metadata={"delay": edge.delay},
    )
    return [convolution, _flatten(shape)] if is_flat else [convolution]


def matrix_nodes(
    edge: Edge, source_shape: Shape, shape: Shape, bias_N: Float64, *, source_is_flat: bool
) -> list[nir.NIRNode]:
    """A matrix: what a dense edge is, and what a convolution of a vector becomes.

    Args:
        bias_N: Bias per neuron of `shape`, in the order C, H, W.
    """
    affine = nir.Affine(
        weight=dense_weight(edge, source_shape, shape),
        bias=bias_N,
        metadata={"delay": edge.delay},
    )
    return [affine] if source_is_flat else [_flatten(source_shape), affine]


def square_kernel(edge: Edge) -> tuple[Float64, Pair]:
    """An equal convolution without groups, whose kernel is square.

    Args:
        edge: Of kind "conv"; the sides of its kernel differ by an even number.

    Returns:
        Weights (C_out, C_in, k, k) and padding.
    """
    weight = edge.scaled_weight
    num_out, num_in = len(weight) // edge.groups, weight.shape[1]
    full = np.zeros((len(weight), num_in * edge.groups, *weight.shape[2:]))
    for group in range(edge.groups):
        outputs = slice(group * num_out, (group + 1) * num_out)
        full[outputs, group * num_in : (group + 1) * num_in] = weight[outputs]
    side = max(weight.shape[2:])
    rows, columns = ((side - length) // 2 for length in weight.shape[2:])
    (pad_y, pad_x), (dilation_y, dilation_x) = edge.padding, edge.dilation
    return (
        np.pad(full, ((0, 0), (0, 0), (rows, rows), (columns, columns))),
        (pad_y + rows * dilation_y, pad_x + columns * dilation_x),
    )


def dense_weight(edge: Edge, source_shape: Shape, shape: Shape) -> Float64:
    """The matrix (out, in) that an edge of any kind is; grids flattened in the order C, H, W."""
    if edge.kind == "dense":
        return edge.scaled_weight
    single_spikes = np.eye(math.prod(source_shape)).reshape(-1, *source_shape)
    columns = Synapses(edge, shape, np.float64)(single_spikes)
    return np.ascontiguousarray(columns.reshape(len(columns), -1).T, np.float64)


def _flatten(shape: Shape) -> nir.Flatten:
    """NIR's dimensions do not count the batch: from 0."""
    return nir.Flatten(input_type={"input": np.array(shape)}, start_dim=0, end_dim=-1)
