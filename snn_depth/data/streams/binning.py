"""Spike frames summed into time bins: the graded spikes that a network reads."""

import numpy as np
from numpy.typing import NDArray


def bin_spikes(frames_THW: NDArray[np.uint8], num_bins: int) -> NDArray[np.float32]:
    """Count the spikes of each pixel in consecutive bins of equal length, (num_bins, H, W).

    Raises:
        ValueError: If T is not a positive multiple of `num_bins`.
    """
    num_frames, height, width = frames_THW.shape
    if num_bins < 1 or num_frames < 1 or num_frames % num_bins:
        raise ValueError(
            f"{num_frames} frames do not make {num_bins} bins of equal length; "
            f"accepted: a positive number of frames that is a multiple of num_bins"
        )
    frames_per_bin = num_frames // num_bins
    # Bytes add up several times faster than floats.
    counter = np.uint8 if frames_per_bin <= np.iinfo(np.uint8).max else np.uint32
    binned = frames_THW.reshape(num_bins, frames_per_bin, height, width)
    return binned.sum(axis=1, dtype=counter).astype(np.float32)
