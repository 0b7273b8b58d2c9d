"""What NeuroBench counts in a depth network, and why it differs from what really happens.

NeuroBench (2.3.0, `SynapticOperations`) runs each `nn.Conv2d` again with ones in place of weights
and inputs. Three of its rules give other figures than `event_counts`, each by an amount
that is computed here exactly:

- An `UpsampledConv2d` is a `Conv2d` to it, whose kernel of ones folds into one of numbers up to 4:
  it counts the convolution on the upsampled grid, up to four taps where one synapse does it.
- A weight that is exactly zero is no operation to it; in a shared kernel it is one.
- Whether operations are accumulations is decided from the data: a batch whose values are all -1, 0
  or 1 makes a graded layer spike, and the other way round.

Shape suffixes: T time steps, B batch, C channels, H rows, W columns.
"""

from dataclasses import dataclass, replace

import numpy as np
from torch import nn

from conversion.graph.layer_graph import Edge, Shape
from conversion.simulate.synapses import Synapses
from hardware.counts.connections import connect
from hardware.counts.event_counts import count_events, count_synops
from hardware.counts.workload import Array, Workload
from snn_depth.models.depth_network import DepthNetwork
from snn_depth.models.upsampled_conv import UpsampledConv2d


@dataclass(frozen=True)
class OperationCounts:
    """Operations of all samples together.

    Attributes:
        dense: Joined pairs of neurons times steps, whatever was sent.
    """

    dense: int = 0
    macs: int = 0
    accumulations: int = 0

    def __add__(self, other: "OperationCounts") -> "OperationCounts":
        return OperationCounts(
            self.dense + other.dense,
            self.macs + other.macs,
            self.accumulations + other.accumulations,
        )

    def __sub__(self, other: "OperationCounts") -> "OperationCounts":
        return OperationCounts(
            self.dense - other.dense,
            self.macs - other.macs,
            self.accumulations - other.accumulations,
        )


@dataclass(frozen=True)
class Difference:
    """What one of NeuroBench's rules adds to a count, or takes away."""

    rule: str
    added: OperationCounts


def exact_counts(workload: Workload) -> OperationCounts:
    """Operations as `hardware.counts.event_counts` counts them."""
    counts = count_events(workload)
    return OperationCounts(
        counts.num_synapses * counts.num_steps * counts.num_samples,
        int(counts.macs_B.sum()),
        int(counts.accumulations_B.sum()),
    )


def neurobench_differences(network: DepthNetwork, workload: Workload) -> tuple[Difference, ...]:
    """What NeuroBench's rules add to the exact counts, when it is given all samples in one batch.

    Args:
        workload: What it did, by `workload_of_network`.
    """
    unfolded, without_zeros, by_data = OperationCounts(), OperationCounts(), OperationCounts()
    for layer in workload.layers:
        for edge in layer.edges:
            name = network.projection_name(edge.source, layer.name)
            convolution = next(
                m for m in network.projections[name].modules() if isinstance(m, nn.Conv2d)
            )
            sent = workload.sent_by(edge.source)
            graded = sent.dtype != np.bool_
            dense, effective = _operations(edge, sent, layer.shape)
            seen, seen_sent = _as_neurobench_sees(edge, convolution, sent)
            seen_dense, seen_effective = _operations(seen, seen_sent, layer.shape)
            unfolded += _of_class(graded, seen_dense - dense, seen_effective - effective)
            num_at_zeros = _operations_at_zeros(seen, seen_sent, layer.shape)
            without_zeros += _of_class(graded, 0, -num_at_zeros)
            moved = seen_effective - num_at_zeros
            graded_by_data = not np.isin(sent, (-1, 0, 1)).all()
            by_data += _of_class(graded_by_data, 0, moved) - _of_class(graded, 0, moved)
    return (
        Difference("convolves the upsampled grid, without folding", unfolded),
        Difference("does not count weights that are zero", without_zeros),
        Difference("takes the class of operations from the data", by_data),
    )


def _as_neurobench_sees(edge: Edge, convolution: nn.Conv2d, sent: Array) -> tuple[Edge, Array]:
    """The convolution as it stands in the network, and what it reads."""
    weight = convolution.weight.detach().cpu().double().numpy()
    if not isinstance(convolution, UpsampledConv2d):
        return replace(edge, weight=weight), sent
    padding = (weight.shape[2] // 2, weight.shape[3] // 2)
    return Edge(edge.source, "conv", weight, padding=padding), sent.repeat(2, -1).repeat(2, -2)


def _operations(edge: Edge, sent_TBCHW: Array, shape: Shape) -> tuple[int, int]:
    """Dense and effective operations on an edge."""
    num_steps, num_samples, channels, rows, columns = sent_TBCHW.shape
    connections = connect(edge, (channels, rows, columns), shape)
    dense = connections.num_synapses * num_steps * num_samples
    return dense, int(count_synops(sent_TBCHW, connections).sum())


def _operations_at_zeros(edge: Edge, sent_TBCHW: Array, shape: Shape) -> int:
    """Effective operations whose weight is zero."""
    zeros = edge.weight == 0
    if not zeros.any():
        return 0
    count = Synapses(replace(edge, weight=zeros.astype(np.float64)), shape, np.float64)
    return round(sum(float(count(sent_BCHW != 0).sum()) for sent_BCHW in sent_TBCHW))


def _of_class(graded: bool, dense: int, effective: int) -> OperationCounts:
    return OperationCounts(dense, *((effective, 0) if graded else (0, effective)))
