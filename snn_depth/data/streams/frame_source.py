"""What a file format offers to a spike stream: some frames at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Spikes = NDArray[np.uint8]


def _nothing_to_close() -> None:
    pass


@dataclass(frozen=True)
class FrameSource:
    """Access to the frames of one recording, without loading it.

    Attributes:
        read: Maps (start, stop) within 0..T to uint8 {0, 1} (stop - start, H, W), rows upright.
            Raises ValueError when what is stored there is not binary or corrupt.
        sample_rate_hz: Frames per second; None when the file does not say.
    """

    num_frames: int
    height: int
    width: int
    read: Callable[[int, int], Spikes]
    sample_rate_hz: float | None = None
    close: Callable[[], None] = _nothing_to_close


def as_spikes(array_THW: NDArray[Any]) -> Spikes:
    """Check that an array (T, H, W) holds binary frames, and make it uint8 where it is not."""
    if array_THW.ndim != 3:
        raise ValueError(f"spikes have shape {array_THW.shape}; accepted: 3 axes (T, H, W)")
    if array_THW.dtype.kind not in "buif":
        raise ValueError(f"spikes are of type {array_THW.dtype}; accepted: boolean or numeric")
    if array_THW.dtype == np.bool_:
        array_THW = array_THW.view(np.uint8)  # a file's bytes may be neither 0 nor 1
    if array_THW.dtype == np.uint8:
        binary = not array_THW.size or array_THW.max() <= 1
    else:
        binary = bool(((array_THW == 0) | (array_THW == 1)).all())
    if not binary:
        wrong = array_THW[(array_THW != 0) & (array_THW != 1)][0]
        raise ValueError(f"spikes contain the value {wrong}; accepted: 0 and 1 only")
    return array_THW.astype(np.uint8, copy=False)


def array_source(array_THW: NDArray[Any]) -> FrameSource:
    """Frames of an array (T, H, W), which may be memory-mapped; values are checked when read."""
    if array_THW.ndim != 3 or not array_THW.size:
        raise ValueError(f"spikes have shape {array_THW.shape}; accepted: (T, H, W), not empty")
    num_frames, height, width = array_THW.shape

    def read(start: int, stop: int) -> Spikes:
        return as_spikes(np.array(array_THW[start:stop], order="C"))

    return FrameSource(num_frames, height, width, read)
