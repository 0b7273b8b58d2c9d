"""The light that falls on the sensor at every spike frame, from pictures taken now and then."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.interpolation import Image, InBetween, depth_motion, flow_motion
from snn_depth.data.simulation.sequence import Frame

Interpolation = Literal["flow", "depth", "none"]


class Scene(Protocol):
    """Light at any time between two pictures, 0 = first, 1 = second."""

    def at(self, time: float) -> Image:
        """Intensity (H, W)."""


@dataclass(frozen=True, eq=False)
class Held:
    """Nothing moves: the nearer of two pictures."""

    first: Image
    second: Image

    def at(self, time: float) -> Image:
        """Intensity (H, W) at `time`."""
        return self.first if time < 0.5 else self.second


Join = Callable[[Frame, Frame], Scene]


def scene_between(
    first: Frame,
    second: Frame,
    interpolation: Interpolation,
    intrinsics: NDArray[np.float64] | None,
) -> Scene:
    """The light between two neighbouring pictures.

    Args:
        first: Picture at time 0.
        second: Picture at time 1.
        interpolation: `flow`: along optical flow; `depth`: reprojected with depth and pose;
            `none`: the nearer picture.
        intrinsics: (3, 3), for `depth`.

    Raises:
        ValueError: If `depth` lacks a part.
    """
    if interpolation == "none":
        return Held(first.intensity, second.intensity)
    if interpolation == "flow":
        forward = flow_motion(first.rgb, second.rgb)
        backward = flow_motion(second.rgb, first.rgb)
    else:
        a, b = _View.of(first, intrinsics), _View.of(second, intrinsics)
        forward = depth_motion(a.depth_m, a.intrinsics, a.pose, b.pose)
        backward = depth_motion(b.depth_m, b.intrinsics, b.pose, a.pose)
    return InBetween(first.intensity, second.intensity, forward, backward)


@dataclass(frozen=True, eq=False)
class _View:
    """The geometry of a frame, known to be complete."""

    depth_m: NDArray[np.float32]
    intrinsics: NDArray[np.float64]
    pose: NDArray[np.float64]

    @classmethod
    def of(cls, frame: Frame, intrinsics: NDArray[np.float64] | None) -> "_View":
        if frame.depth_m is None or intrinsics is None or frame.pose is None:
            raise ValueError("interpolation by depth needs depth maps, intrinsics and poses")
        return cls(frame.depth_m, intrinsics, frame.pose)


def burst_light(
    frames: Iterable[Frame], join: Join, burst_frames: int, frames_per_picture: Fraction
) -> Iterator[Iterator[Image]]:
    """The light of one burst of spike frames around each picture.

    Before the first and after the last picture the motion of the nearest interval goes on; a
    single picture stands still.

    Args:
        frames: Pictures.
        join: Makes the scene between two pictures.
        burst_frames: Spike frames per burst; the picture lies at number burst_frames // 2.
        frames_per_picture: Spike frames from one picture to the next.

    Yields:
        For each picture, its burst as an iterator of (H, W), to be used up before the next one.
    """
    half = burst_frames // 2
    times = [float(n / frames_per_picture) for n in range(-half, burst_frames - half)]
    for frame, before, after in _with_neighbours(frames, join):
        yield (_light_around(frame, before, after, time) for time in times)


def continuous_light(
    frames: Iterable[Frame], join: Join, frames_per_picture: Fraction
) -> Iterator[Image]:
    """The light (H, W) of every spike frame from the first picture to the last.

    Args:
        frames: Pictures, two or more.
        join: Makes the scene between two pictures.
        frames_per_picture: Spike frames from one picture to the next.
    """
    start = 0
    for index, (first, second) in enumerate(pairwise(frames)):
        scene = join(first, second)
        end = math.floor((index + 1) * frames_per_picture) + 1
        for n in range(start, end):
            yield scene.at(float(n / frames_per_picture - index))
        start = end


def _light_around(frame: Frame, before: Scene | None, after: Scene | None, time: float) -> Image:
    if after is not None and (time >= 0 or before is None):
        return after.at(time)
    return frame.intensity if before is None else before.at(1 + time)


def _with_neighbours(
    frames: Iterable[Frame], join: Join
) -> Iterator[tuple[Frame, Scene | None, Scene | None]]:
    """Each frame with the scenes before and after it."""
    current: Frame | None = None
    before: Scene | None = None
    for following in frames:
        if current is not None:
            after = join(current, following)
            yield current, before, after
            before = after
        current = following
    if current is not None:
        yield current, before, None
