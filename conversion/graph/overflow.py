"""Overflow check: how far the accumulators of a layer can be driven, whatever its sources send.

The synaptic current has 24 bits and wraps around, which turns the strongest excitation into
inhibition; so no possible input may reach that far.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from conversion.graph.fixed_point import DECAY_UNIT, STATE_LIMIT, WEIGHT_SHIFT
from conversion.graph.layer_graph import Edge, Layer

Array = npt.NDArray[np.float64]


def extreme_currents(layer: Layer, largest_inputs: Mapping[str, float]) -> Array:
    """Lowest and highest input of a layer's neurons in one step, over all possible spikes.

    Every synapse counts that a neuron far from the border has; of a transposed convolution only
    those that reach one output, which are a share of the kernel's taps.

    Args:
        largest_inputs: Largest count that each input of the graph sends; a neuron sends at most 1.

    Returns:
        Shape (2, C): inhibition (not positive) and excitation (not negative) per channel.
    """
    total = np.zeros((2, layer.shape[0]))
    for edge in layer.edges:
        largest = largest_inputs.get(edge.source, 1.0)
        for row, part in enumerate((np.minimum, np.maximum)):
            total[row] += largest * _sum_of_synapses(edge, part, layer.shape[0])
    return total


def accumulator_range_used(layer: Layer, largest_inputs: Mapping[str, float]) -> float:
    """Part of the accumulators' range that a layer (with edges) of an integer graph can need.

    Returns:
        Above 1 the synaptic current may wrap around or, in a readout, the membrane be clipped.
        (The membrane of a firing neuron may be: far above the threshold it makes no difference,
        far below it only limits the deepest inhibition.)
    """
    current = np.abs(extreme_currents(layer, largest_inputs)) * 2.0**WEIGHT_SHIFT
    peak = current.max(axis=0) * DECAY_UNIT / (layer.decay_u + 1)
    if not layer.fires:
        bias = np.abs(layer.bias_CHW).max() * 2.0**layer.bias_exp
        peak = (peak + bias) * DECAY_UNIT / max(layer.decay_v, 1)
    return float(peak.max() / (STATE_LIMIT - 1))


def _sum_of_synapses(edge: Edge, part: np.ufunc, num_channels: int) -> Array:
    """Sum of the weights of one sign per neuron; the most extreme of each channel, (C_out,)."""
    weight = part(edge.scaled_weight, 0.0)
    if edge.kind == "conv":
        sums = weight.sum(axis=(2, 3)).sum(axis=1, keepdims=True)
    elif edge.kind == "dense":
        sums = weight.sum(axis=1).reshape(num_channels, -1)
    else:
        by_group = weight.reshape(edge.groups, -1, *weight.shape[1:])
        rows = np.arange(weight.shape[2]) * edge.dilation[0] % edge.stride[0]
        columns = np.arange(weight.shape[3]) * edge.dilation[1] % edge.stride[1]
        phases = [
            by_group[:, :, :, rows == y][..., columns == x].sum(axis=(1, 3, 4)).reshape(-1)
            for y in range(edge.stride[0])
            for x in range(edge.stride[1])
        ]
        sums = np.stack(phases, axis=1)
    extreme: Array = part.reduce(sums, axis=1)
    return extreme
