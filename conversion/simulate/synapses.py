"""What arrives through an edge: convolution, transposed convolution and matrix product in numpy.

Shape suffixes: B batch, C channels, H rows, W columns.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from conversion.graph.layer_graph import Edge, Shape

Float = npt.NDArray[np.floating[Any]]


class Synapses:
    """An edge made ready for repeated use in one dtype.

    Integers are computed in floating point, which is exact as long as no sum exceeds the dtype's
    integers (see `exact_dtype`) and many times faster than numpy's integer products.
    """

    def __init__(self, edge: Edge, shape: Shape, dtype: npt.DTypeLike) -> None:
        self.edge = edge
        self.shape = shape
        self.dtype = np.dtype(dtype)
        weight = edge.scaled_weight
        if edge.kind == "conv":
            matrix = weight.reshape(edge.groups, len(weight) // edge.groups, -1)
        elif edge.kind == "conv_transpose":
            by_group = weight.reshape(edge.groups, len(weight) // edge.groups, -1)
            matrix = by_group.transpose(0, 2, 1)
        else:
            matrix = weight
        self._matrix = np.ascontiguousarray(matrix, self.dtype)

    def __call__(self, x_BCHW: npt.NDArray[Any]) -> Float:
        """Current (B, C, H, W) that arrives at the target when the source sends (B, c, h, w)."""
        x_BCHW = x_BCHW.astype(self.dtype)
        current_BCHW = np.empty((len(x_BCHW), *self.shape), self.dtype)
        arrive = {
            "conv": self._convolve,
            "conv_transpose": self._convolve_transposed,
            "dense": self._multiply,
        }[self.edge.kind]
        # One by one, because what is gathered for one sample fits the processor's cache.
        for x_CHW, current_CHW in zip(x_BCHW, current_BCHW, strict=True):
            current_CHW[...] = arrive(x_CHW)
        return current_BCHW

    def _multiply(self, x_CHW: Float) -> Float:
        current: Float = self._matrix @ x_CHW.ravel()
        return current.reshape(self.shape)

    def _convolve(self, x_CHW: Float) -> Float:
        """Gather the window of every output pixel into a column; one product per group."""
        (stride_y, stride_x), (dilation_y, dilation_x) = self.edge.stride, self.edge.dilation
        (pad_y, pad_x), kernel = self.edge.padding, self.edge.weight.shape[2:]
        padded = np.pad(x_CHW, ((0, 0), (pad_y, pad_y), (pad_x, pad_x)))
        step_C, step_y, step_x = padded.strides
        windows = np.lib.stride_tricks.as_strided(
            padded,
            (len(x_CHW), *kernel, *self.shape[1:]),
            (
                step_C,
                step_y * dilation_y,
                step_x * dilation_x,
                step_y * stride_y,
                step_x * stride_x,
            ),
            writeable=False,
        )
        columns = windows.reshape(self.edge.groups, self._matrix.shape[2], -1)
        current: Float = self._matrix @ columns
        return current.reshape(self.shape)

    def _convolve_transposed(self, x_CHW: Float) -> Float:
        """Every input pixel adds a kernel to the output; padding is cropped from the result."""
        (stride_y, stride_x), (dilation_y, dilation_x) = self.edge.stride, self.edge.dilation
        (pad_y, pad_x), (num_y, num_x) = self.edge.padding, self.edge.weight.shape[2:]
        rows, columns = x_CHW.shape[1:]
        kernels = self._matrix @ x_CHW.reshape(self.edge.groups, -1, rows * columns)
        kernels = kernels.reshape(-1, num_y, num_x, rows, columns)
        height, width = self.shape[1] + 2 * pad_y, self.shape[2] + 2 * pad_x
        full = np.zeros((self.shape[0], height, width), self.dtype)
        for i in range(num_y):
            for j in range(num_x):
                top, left = i * dilation_y, j * dilation_x
                bottom = top + (rows - 1) * stride_y + 1
                right = left + (columns - 1) * stride_x + 1
                full[:, top:bottom:stride_y, left:right:stride_x] += kernels[:, i, j]
        return full[:, pad_y : height - pad_y, pad_x : width - pad_x]


def largest_current(edge: Edge, largest_input: float) -> float:
    """Bound of the absolute current that one step of inputs up to `largest_input` can cause."""
    axes = {"conv": (1, 2, 3), "dense": (1,)}
    magnitude = np.abs(edge.scaled_weight)
    if edge.kind == "conv_transpose":  # (C_in, ...): every group of inputs meets its outputs
        by_group = magnitude.reshape(edge.groups, -1, *magnitude.shape[1:])
        sums = by_group.sum(axis=(1, 3, 4))
    else:
        sums = magnitude.sum(axis=axes[edge.kind])
    return float(sums.max()) * largest_input


def exact_dtype(largest: float) -> npt.DTypeLike:
    """The fastest dtype that holds all whole numbers up to `largest`.

    Raises:
        ValueError: When there is none, above 2**53.
    """
    for dtype in (np.float32, np.float64):
        if largest < 2 ** (np.finfo(dtype).nmant + 1):
            return dtype
    raise ValueError(f"currents of up to {largest:.3g} cannot be computed exactly")
