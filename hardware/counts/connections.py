"""Which neurons an edge joins, exactly, up to the picture's border.

A synapse of a convolution joins a source and a target neuron whose channels are of one group, whose
rows are joined by the kernel's rows, and whose columns by its columns. The three conditions do not
depend on each other, so one small matrix per axis says everything: the synapses of an edge are
the Kronecker product of the three.

Shapes: C channels, H rows, W columns.
"""

from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt

from conversion.graph.layer_graph import Edge, EdgeKind, Shape

BoolMatrix = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Connections:
    """Who is joined with whom along the axes C, H, W: three matrices (targets, sources).

    A zero weight is a synapse like any other: a shared kernel cannot leave it out.
    """

    axes: tuple[BoolMatrix, BoolMatrix, BoolMatrix]

    @property
    def source_shape(self) -> Shape:
        """Shape (C, H, W) of the sending layer."""
        channels, rows, columns = (matrix.shape[1] for matrix in self.axes)
        return channels, rows, columns

    @property
    def target_shape(self) -> Shape:
        """Shape (C, H, W) of the receiving layer."""
        channels, rows, columns = (matrix.shape[0] for matrix in self.axes)
        return channels, rows, columns

    @property
    def num_synapses(self) -> int:
        """Joined pairs of neurons: what a dense machine multiplies in one step."""
        num_synapses = 1
        for matrix in self.axes:
            num_synapses *= int(np.count_nonzero(matrix))
        return num_synapses

    @property
    def fan_out_CHW(self) -> npt.NDArray[np.int64]:
        """Synapses that every source neuron drives."""
        in_C, in_H, in_W = (matrix.sum(0, dtype=np.int64) for matrix in self.axes)
        fan_out: npt.NDArray[np.int64] = in_C[:, None, None] * in_H[:, None] * in_W
        return fan_out


def connect(edge: Edge, source_shape: Shape, target_shape: Shape) -> Connections:
    """The connections of an edge; ValueError for a kind that cannot be counted."""
    if edge.kind not in get_args(EdgeKind):
        raise ValueError(
            f"edge from {edge.source!r} is {edge.kind!r}; can be counted: "
            f"{', '.join(get_args(EdgeKind))}"
        )
    if edge.kind == "dense":
        pairs = zip(target_shape, source_shape, strict=True)
        channels, rows, columns = (np.ones(pair, bool) for pair in pairs)
        return Connections((channels, rows, columns))
    rows, columns = (
        _kernel_reaches(edge, axis, source_shape[1 + axis], target_shape[1 + axis])
        for axis in (0, 1)
    )
    channels = np.equal.outer(
        np.arange(target_shape[0]) * edge.groups // target_shape[0],
        np.arange(source_shape[0]) * edge.groups // source_shape[0],
    )
    return Connections((channels, rows, columns))


def _kernel_reaches(edge: Edge, axis: int, num_sources: int, num_targets: int) -> BoolMatrix:
    """(targets, sources): whether a tap of the kernel joins them, along rows or columns."""
    stride, padding, dilation = edge.stride[axis], edge.padding[axis], edge.dilation[axis]
    sources, targets = np.arange(num_sources), np.arange(num_targets)[:, None]
    if edge.kind == "conv":
        offset = sources + padding - targets * stride
    else:
        offset = targets + padding - sources * stride
    reach = dilation * (edge.weight.shape[2 + axis] - 1)
    joined: BoolMatrix = (offset >= 0) & (offset <= reach) & (offset % dilation == 0)
    return joined
