"""Pictures between two frames, at the spike camera's rate.

A motion tells where each pixel of a frame has moved at a fraction of the interval. `InBetween`
turns two frames and their motions into the picture at any time; it is the same for motion from
optical flow and motion from depth and pose.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
# Displacement (H, W, 2), x then y in pixels, of a frame's pixels after a fraction of the interval.
Motion = Callable[[float], NDArray[np.float32]]

# Between pictures this far apart, blending equals the bilinear sampling that warping does anyway.
_MAX_STEP_PX = 0.25
# Less than this measured leaves too much to fill in.
_MIN_DEPTH_COVERAGE = 0.5


class InBetween:
    """The picture at any time between (and a little outside of) two frames.

    Both frames are warped to the time and blended, the nearer one with the greater weight; at 0
    and 1 the frames themselves come back. Warped pictures are made on a grid of times fine enough
    that nothing moves more than a quarter of a pixel from one to the next, and blended linearly in
    between: the grid does not depend on the times asked for. Ask in ascending order; the two
    latest pictures of the grid are kept.

    What leaves the picture is continued by its border; what is hidden in one frame shows faintly.

    Args:
        first: Intensity (H, W) at time 0.
        second: Intensity (H, W) at time 1.
        forward: Motion of the first frame's pixels.
        backward: Motion of the second frame's pixels, towards the first.
    """

    def __init__(self, first: Image, second: Image, forward: Motion, backward: Motion) -> None:
        self._first, self._second = first, second
        self._forward, self._backward = forward, backward
        # The fastest per cent is left out: at wrong matches flow is arbitrarily large.
        largest = max(float(np.quantile(abs(motion(1)), 0.99)) for motion in (forward, backward))
        self._steps = max(1, math.ceil(largest / _MAX_STEP_PX))
        self._grid: dict[int, Image] = {}

    def at(self, time: float) -> Image:
        """Intensity (H, W) float32 at `time`, 0 = first frame, 1 = second."""
        index = math.floor(time * self._steps)
        weight = np.float32(time * self._steps - index)
        wanted = (index, index + 1) if weight else (index,)
        kept = {i: self._grid[i] for i in wanted if i in self._grid}
        self._grid = kept | {i: self._warped(i / self._steps) for i in wanted if i not in kept}
        low = self._grid[index]
        return low + weight * (self._grid[index + 1] - low) if weight else low

    def _warped(self, time: float) -> Image:
        weight = min(max(time, 0.0), 1.0)
        picture = np.zeros_like(self._first)
        if weight < 1:
            picture += (1 - weight) * warp(self._first, self._forward(time))
        if weight > 0:
            picture += weight * warp(self._second, self._backward(1 - time))
        return np.clip(picture, 0, 1, out=picture)


def warp(image: Image, displacement: NDArray[np.float32], iterations: int = 2) -> Image:
    """Move every pixel of an image by its own displacement.

    The picture at q shows the point p with p + d(p) = q, found by iterating p = q - d(p) from
    p = q - d(q); it converges where neighbours do not overtake each other. Sampled bilinearly, the
    border continued.

    Args:
        image: (H, W).
        displacement: (H, W, 2), x then y, in pixels.
        iterations: Refinements of p.
    """
    height, width = image.shape
    q = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    p = q - displacement
    for _ in range(iterations):
        p = q - _sample(displacement, p)
    return _sample(image, p)


def _sample(image: Image, positions: NDArray[np.float32]) -> Image:
    x, y = positions[..., 0], positions[..., 1]
    sampled = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.float32)


def flow_motion(first_rgb: NDArray[np.uint8], second_rgb: NDArray[np.uint8]) -> Motion:
    """Motion at constant speed along dense optical flow (DIS; Kroeger et al., ECCV 2016).

    Args:
        first_rgb: (H, W, 3), gamma encoded as stored, which is what matching wants.
        second_rgb: The same, one interval later.

    Raises:
        ValueError: If the pictures are too small for the method.
    """
    first, second = (cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for rgb in (first_rgb, second_rgb))
    method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    start = np.zeros((*first.shape, 2), np.float32)
    try:
        flow = np.asarray(method.calc(first, second, start), np.float32)
    except cv2.error:
        raise ValueError(f"pictures of {first.shape} are too small for optical flow") from None
    return lambda time: np.float32(time) * flow


def depth_motion(
    depth_m: NDArray[np.float32],
    intrinsics: NDArray[np.float64],
    pose: NDArray[np.float64],
    other_pose: NDArray[np.float64],
) -> Motion:
    """Exact motion of a static scene seen by a camera that moves from one pose to the other.

    Pixels without depth take that of the nearest measured pixel. Objects that move by themselves
    are not followed.

    Args:
        depth_m: Depth (H, W) at `pose`, 0 = no measurement.
        intrinsics: (3, 3), in pixels.
        pose: Camera to world (4, 4) at time 0.
        other_pose: Camera to world (4, 4) at time 1.

    Raises:
        ValueError: If less than half of the pixels have depth.
    """
    coverage = np.count_nonzero(depth_m) / depth_m.size
    if coverage < _MIN_DEPTH_COVERAGE:
        raise ValueError(
            f"only {coverage:.1%} of the pixels have depth; interpolation by depth needs at "
            f"least {_MIN_DEPTH_COVERAGE:.0%}: use interpolation by flow"
        )
    height, width = depth_m.shape
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([x, y, np.ones_like(x)]).reshape(3, -1).astype(np.float64)
    points = np.linalg.inv(intrinsics) @ pixels * fill_depth(depth_m).reshape(1, -1)

    def displacement(time: float) -> NDArray[np.float32]:
        step = np.linalg.inv(interpolate_pose(pose, other_pose, time)) @ pose
        seen = intrinsics @ (step[:3, :3] @ points + step[:3, 3:])
        # The camera may pass a point; it then leaves the picture whatever is put here.
        moved = seen[:2] / np.maximum(seen[2], 1e-3)
        return (moved - pixels[:2]).T.reshape(height, width, 2).astype(np.float32)

    return displacement


def fill_depth(depth_m: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give every pixel without a measurement (0) the value of the nearest one with."""
    missing = (depth_m == 0).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(
        missing, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    value_of_label = np.zeros(labels.max() + 1, np.float32)
    value_of_label[labels[missing == 0]] = depth_m[missing == 0]
    return value_of_label[labels]


def interpolate_pose(
    pose: NDArray[np.float64], other_pose: NDArray[np.float64], time: float
) -> NDArray[np.float64]:
    """Pose (4, 4) at a fraction of the way, at constant velocity and turn rate."""
    turn, _ = cv2.Rodrigues(pose[:3, :3].T @ other_pose[:3, :3])
    result = np.eye(4)
    result[:3, :3] = pose[:3, :3] @ cv2.Rodrigues(turn * time)[0]
    result[:3, 3] = pose[:3, 3] + time * (other_pose[:3, 3] - pose[:3, 3])
    return result
