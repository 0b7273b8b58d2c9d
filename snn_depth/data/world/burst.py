"""The light of a burst of spike frames around a key frame."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.interpolation import depth_motion, warp

# Pictures made by reprojection; those in between are blended. At 16 m/s a surface 2 m away moves
# by a quarter of a pixel from one to the next.
NUM_KNOTS = 9
_SKY_M = 1e4
Weather = Callable[[NDArray[np.float32], float], NDArray[np.float32]]


def burst_light(
    intensity: NDArray[np.float32],
    depth_m: NDArray[np.float32],
    intrinsics: NDArray[np.float64],
    pose: NDArray[np.float64],
    later_pose: NDArray[np.float64],
    num_frames: int,
    weather: Weather,
) -> NDArray[np.float32]:
    """Move a picture through a burst by its depth and the motion of the camera.

    Args:
        intensity: Light at the key frame, (H, W), 0..1.
        depth_m: Its depth, inf for the sky, (H, W).
        intrinsics: (3, 3).
        pose: Camera to world at the key frame, spike frame `num_frames // 2`.
        later_pose: The same half a burst later.
        num_frames: T.
        weather: Draws what moves by itself (rain) over a picture, at a time from -1, the burst's
            begin, to 1, its end.

    Returns:
        Shape (T, H, W), 0..1.
    """
    finite = np.where(np.isfinite(depth_m), depth_m, _SKY_M).astype(np.float32)
    displacement = depth_motion(finite, intrinsics, pose, later_pose)
    knots = np.linspace(-1, 1, NUM_KNOTS)
    pictures = np.stack([weather(warp(intensity, displacement(t)), t) for t in knots])
    times = (np.arange(num_frames) - num_frames // 2) / max(num_frames // 2, 1)
    position = (times + 1) / 2 * (NUM_KNOTS - 1)
    index = np.clip(np.floor(position).astype(int), 0, NUM_KNOTS - 2)
    weight = (position - index).astype(np.float32)[:, None, None]
    light = pictures[index] + weight * (pictures[index + 1] - pictures[index])
    return np.clip(light, 0, 1, out=light)
