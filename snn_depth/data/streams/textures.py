"""Grey pictures from spikes: texture from playback (TFP) and from interval (TFI).

Source: Zhu, Dong, Huang, Tian, "A retina-inspired sampling method for visual texture
reconstruction", ICME 2019. Both estimate I / theta, the light per step as a part of the threshold.
"""

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.streams.spike_stream import SpikeStream


def texture_from_playback(
    spikes_THW: SpikeStream | NDArray[np.uint8], center: int, window: int
) -> NDArray[np.float32]:
    """Spike rate (H, W) in a window of frames, 0..1: low noise, blurred by motion.

    Args:
        center: Frame in the middle (the later of two for an even window).

    Raises:
        ValueError: If the window leaves the stream.
    """
    start = center - window // 2
    if window < 1 or start < 0 or start + window > len(spikes_THW):
        raise ValueError(
            f"a window of {window} frames around frame {center} leaves the stream of "
            f"{len(spikes_THW)} frames"
        )
    return spikes_THW[start : start + window].mean(axis=0, dtype=np.float32)


def texture_from_interval(
    spikes_THW: SpikeStream | NDArray[np.uint8], center: int, max_interval: int
) -> NDArray[np.float32]:
    """One over the number of steps between the two spikes around a moment: sharp, but noisy.

    The two are a pixel's last spike up to frame `center` and its first after it.

    It is 0 where there is no interval of at most `max_interval` steps; only 2 `max_interval` frames
    are read.
    """
    num_frames = len(spikes_THW)
    if not 0 <= center < num_frames:
        raise ValueError(f"center is frame {center}; accepted: 0..{num_frames - 1}")
    if max_interval < 1:
        raise ValueError(f"max_interval is {max_interval}; accepted: 1 or more")
    past = spikes_THW[max(0, center - max_interval + 1) : center + 1][::-1]
    future = spikes_THW[center + 1 : center + 1 + max_interval]
    if not len(future):
        return np.zeros(past.shape[1:], np.float32)
    # argmax is the index of the first spike, and 0 also where there is none.
    interval = past.argmax(axis=0) + future.argmax(axis=0) + 1
    known = past.any(axis=0) & future.any(axis=0) & (interval <= max_interval)
    return np.where(known, 1.0 / interval, 0.0).astype(np.float32)
