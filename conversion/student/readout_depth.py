"""From the readout's membranes to metric depth, computed off the chip as the student does it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from conversion.graph.fixed_point import DECAY_UNIT, WEIGHT_SHIFT
from conversion.graph.layer_graph import Arithmetic, Layer
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.models.graph import READOUT
from snn_depth.models.padding import upsample_to_input


def membranes_as_float(
    layer: Layer, arithmetic: Arithmetic, membranes: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """Membranes of a layer, of any shape, in the float network's units."""
    if arithmetic == "float":
        return membranes.astype(np.float64)
    scaled: npt.NDArray[np.float64] = membranes * (layer.scale / 2**WEIGHT_SHIFT)
    return scaled


def logits_of_readout(
    layer: Layer,
    arithmetic: Arithmetic,
    membranes_TBCHW: npt.NDArray[Any],
    stride: int,
    height: int,
    width: int,
) -> Tensor:
    """What the readout says after the last step, at the input's pixels.

    The membrane is divided by what a leaky sum of ones has reached by then, as in
    `SpikingDepthNet`.

    Args:
        layer: The readout.
        arithmetic: That of its graph.
        membranes_TBCHW: Membranes after every step of samples that start from rest.
        stride: Input pixels per neuron of the readout along one side.
        height: Rows of the input without padding.
        width: Columns of the input without padding.

    Returns:
        Logits of depth and uncertainty, float32 (B, 2, height, width).
    """
    decay = layer.decay_v if arithmetic == "float" else layer.decay_v / DECAY_UNIT
    sum_of_ones = (1 - (1 - decay) ** len(membranes_TBCHW)) / decay
    membranes = membranes_as_float(layer, arithmetic, membranes_TBCHW[-1:])
    logits = torch.from_numpy(membranes / sum_of_ones).float()
    return upsample_to_input(logits, stride, height, width)[0]


def depth_of_readout(
    network: SpikingDepthNet,
    layer: Layer,
    arithmetic: Arithmetic,
    membranes_TBCHW: npt.NDArray[Any],
    height: int,
    width: int,
) -> Tensor:
    """Metric depth in metres after the last step, float32 (B, 1, height, width).

    The arguments are those of `logits_of_readout`.
    """
    stride = network.graph.strides[READOUT]
    logits = logits_of_readout(layer, arithmetic, membranes_TBCHW, stride, height, width)
    return network.depth_range.decode(logits[:, :1])
