"""Between our layout, (C, H, W) and cross-correlation, and Lava's, (W, H, C) and convolution."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from conversion.graph.layer_graph import Shape

Array = npt.NDArray[Any]


def conv_weight(weight: Array) -> Array:
    """Kernels for Lava's ``Conv``, which convolves, from torch's, which are cross-correlated.

    From (C_out, C_in/groups, kh, kw) to (C_out, kw, kh, C_in/groups).
    """
    return weight[:, :, ::-1, ::-1].transpose(0, 3, 2, 1)


def dense_weight(weight: Array, source_shape: Shape, target_shape: Shape) -> Array:
    """Weights (out, in) between layers that are flattened by C, H, W, in Lava's order W, H, C."""
    return weight[np.ix_(_flat_order(target_shape), _flat_order(source_shape))]


def record_SBCHW(record: Array, shape: Shape) -> Array:
    """What Lava's neurons did, in our layout: a batch of one stream.

    From (S, ...), a step's values in the order W, H, C, to (S, 1, C, H, W).
    """
    return record.reshape(-1, *shape[::-1]).transpose(0, 3, 2, 1)[:, None]


def _flat_order(shape: Shape) -> npt.NDArray[np.int64]:
    """Place in a flat (C, H, W) array, for each place in a flat (W, H, C) array."""
    return np.arange(math.prod(shape)).reshape(shape).T.ravel()
