"""Windows of a recording: where they start, and what the recording says about its camera."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.streams.recording import Recording


def window_starts(
    num_frames: int, window_frames: int, stride_frames: int | None, *, burst_frames: int = 0
) -> list[int]:
    """First frames of the windows that fit into a recording, at least one.

    Args:
        stride_frames: Frames from one window to the next; None means `window_frames`.
        burst_frames: Length of the bursts between which time is missing; no window spans two.
            0 for a continuous recording.

    Raises:
        ValueError: When not even one window fits, or the stride is not positive.
    """
    stride = window_frames if stride_frames is None else stride_frames
    if stride <= 0:
        raise ValueError(f"stride_frames is {stride}; accepted: 1 or more")
    piece = burst_frames or num_frames
    if min(piece, num_frames) < window_frames:
        kind = f"bursts of {burst_frames}" if burst_frames else str(num_frames)
        raise ValueError(
            f"the recording has {kind} frames; the network needs windows of {window_frames}"
        )
    return [
        start
        for first in range(0, num_frames, piece)
        for start in range(first, min(first + piece, num_frames) - window_frames + 1, stride)
    ]


def recorded_bursts_and_intrinsics(path: Path) -> tuple[int, NDArray[np.float64] | None]:
    """What a file of spikes says about its bursts and its camera; only the project's own does.

    They are the burst length in frames (0: continuous) and intrinsics (3, 3) in pixels, or None.
    """
    if path.suffix.lower() not in {".h5", ".hdf5"}:
        return 0, None
    with Recording.open(path) as recording:
        return recording.burst_frames, recording.intrinsics
