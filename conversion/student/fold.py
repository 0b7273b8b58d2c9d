"""Exact algebra that leaves one linear synapse where a network has several layers.

On the chip a projection is a single (transposed) convolution with one bias. Batch normalisation
with fixed statistics scales and shifts channels, and nearest-neighbour upsampling repeats pixels;
both are linear and merge into the kernel without a remainder, also at the zero-padded border.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def fold_batch_norm(
    weight: Array,
    bias: Array,
    *,
    gamma: Array,
    beta: Array,
    mean: Array,
    variance: Array,
    epsilon: float,
) -> tuple[Array, Array]:
    """Merge a batch normalisation with fixed statistics into the convolution before it.

    ``gamma (w * x + b - mean) / sqrt(variance + epsilon) + beta`` (Ioffe and Szegedy 2015, arXiv
    1502.03167) is again a convolution plus a bias. Output channels come first in the kernel; all
    other arrays are (C_out,).

    Returns:
        Kernel and bias of the merged convolution.
    """
    factor = gamma / np.sqrt(variance + epsilon)
    scaled = weight * factor.reshape(-1, *(1 for _ in weight.shape[1:]))
    return scaled, (bias - mean) * factor + beta


def fold_nearest_upsampling(weight: Array, factor: int, groups: int = 1) -> tuple[Array, int]:
    """Merge nearest-neighbour upsampling with the stride-1 convolution behind it.

    With a kernel K of odd side k, padded by P = (k - 1) / 2, in one dimension::

        y[i] = sum_a K[a] x[(i + a - P) // f] = sum_m x[m] K'[i - f m + P]
        K'[d] = sum_(r < f) K[2 P + r - d]

    which is a transposed convolution of stride f and padding P whose kernel is K flipped and
    smeared over f taps, k + f - 1 to a side. For 3x3 and f = 2 that is 4x4, stride 2, padding 1.

    Args:
        weight: Kernel in torch's convolution order (C_out, C_in/groups, k, k), k odd.
        factor: How often every pixel is repeated along each side.
        groups: Of the convolution.

    Returns:
        Kernel in torch's transposed order (C_in, C_out/groups, k + f - 1, k + f - 1), and its
        padding.

    Raises:
        ValueError: For a kernel that is not square and odd.
    """
    num_out, num_in, rows, columns = weight.shape
    if rows != columns or rows % 2 == 0:
        raise ValueError(f"kernel is {rows}x{columns}; accepted: square with an odd side")
    side = rows + factor - 1
    smeared = np.zeros((num_out, num_in, side, side))
    for dy in range(factor):
        for dx in range(factor):
            smeared[..., dy : dy + rows, dx : dx + rows] += weight[..., ::-1, ::-1]
    by_group = smeared.reshape(groups, num_out // groups, num_in, side, side)
    transposed = by_group.transpose(0, 2, 1, 3, 4)
    return transposed.reshape(groups * num_in, num_out // groups, side, side), (rows - 1) // 2
