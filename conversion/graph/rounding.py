"""Rounding kernels so that what they add up to stays."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def round_keeping_sums(kernels: Array) -> Array:
    """Round to whole numbers such that every kernel's sum is off by at most a half.

    What drives neighbouring synapses of a kernel is much alike, being neighbouring pixels, so that
    a kernel's sum matters more than its single weights. All are rounded down, and those of the
    largest remainders up, as many as bring the sum nearest (Hamilton's method of apportionment).

    Args:
        kernels: Shape (..., kh, kw); every kernel is rounded on its own.

    Returns:
        Whole numbers of the same shape, each less than 1 away.
    """
    flat = kernels.reshape(*kernels.shape[:-2], -1)
    down = np.floor(flat)
    remainders = flat - down
    num_up = np.rint(remainders.sum(axis=-1, keepdims=True))
    order = np.argsort(-remainders, axis=-1, kind="stable")
    rank = np.argsort(order, axis=-1, kind="stable")
    rounded: Array = down + (rank < num_up)
    return rounded.reshape(kernels.shape)
