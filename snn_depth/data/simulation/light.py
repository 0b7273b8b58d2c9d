"""The light that falls on the sensor at every spike frame, from frames taken now and then."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.frames import Frame
from snn_depth.data.simulation.interpolation import (
    Image,
    InBetween,
    Motion,
    depth_motion,
    flow_motion,
)

Interpolation = Literal["flow", "depth", "none"]


class Scene(Protocol):
    """Light (H, W) at any time between two frames, 0 = first, 1 = second."""

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


def scene_between(
    first: Frame,
    second: Frame,
    interpolation: Interpolation,
    intrinsics: NDArray[np.float64] | None,
) -> Scene:
    """The light between two neighbouring frames.

    Args:
        interpolation: `flow`: along optical flow; `depth`: reprojected with depth and pose;
            `none`: the nearer picture.
        intrinsics: (3, 3) in pixels of the sensor, for `depth`.

    Raises:
        ValueError: If `depth` lacks a part.
    """
    if interpolation == "none":
        return Held(first.intensity, second.intensity)
    if interpolation == "flow":
        forward = flow_motion(first.rgb, second.rgb)
        backward = flow_motion(second.rgb, first.rgb)
    else:
        forward = _depth_motion(first, second, intrinsics)
        backward = _depth_motion(second, first, intrinsics)
    return InBetween(first.intensity, second.intensity, forward, backward)


def _depth_motion(frame: Frame, other: Frame, intrinsics: NDArray[np.float64] | None) -> Motion:
    pose, other_pose = frame.stored.pose, other.stored.pose
    if frame.depth_m is None or intrinsics is None or pose is None or other_pose is None:
        raise ValueError("interpolation by depth needs depth maps, intrinsics and poses")
    return depth_motion(frame.depth_m, intrinsics, pose, other_pose)


class Interval:
    """The time between two neighbouring frames; its motion is found when it is asked for.

    Args:
        make_scene: See `Scene`.
        length_s: Its length; exact (a fraction) where the frame rate is constant.
    """

    def __init__(self, make_scene: Callable[[], Scene], length_s: float | Fraction) -> None:
        self._make_scene, self.length_s = make_scene, length_s

    @cached_property
    def _scene(self) -> Scene:
        return self._make_scene()

    def after_first(self, time_s: Fraction) -> Image:
        """Light (H, W), that long after the first frame."""
        return self._scene.at(float(time_s / self.length_s))

    def after_second(self, time_s: Fraction) -> Image:
        """Light (H, W), that long after the second frame."""
        return self._scene.at(1 + float(time_s / self.length_s))


# The interval between two frames; None where they are not joined.
Join = Callable[[Frame, Frame], Interval | None]


def burst_light(
    frames: Iterable[Frame], join: Join, burst_frames: int, sample_rate_hz: float
) -> Iterator[tuple[Frame, Iterator[Image]]]:
    """The light of one burst of spike frames around each frame.

    Before the first and after the last of the frames that are joined, the motion of the nearest
    interval goes on; a frame that is not joined to any other stands still.

    Args:
        burst_frames: Spike frames per burst; the frame lies at number burst_frames // 2.
        sample_rate_hz: Spike frames per second.

    Yields:
        Each frame with its burst as an iterator of (H, W), to be used up before the next one.
        Bursts that are not wanted cost nothing.

    Raises:
        ValueError: From a burst that reaches beyond a neighbouring frame.
    """
    half, rate_hz = burst_frames // 2, Fraction(sample_rate_hz)
    times_s = [n / rate_hz for n in range(-half, burst_frames - half)]
    for frame, before, after in _with_neighbours(frames, join):
        yield frame, _light_around(frame, before, after, times_s)


def continuous_light(
    frames: Iterable[Frame], join: Join, frame_rate_hz: float, sample_rate_hz: float
) -> Iterator[Image]:
    """The light (H, W) of every spike frame from the first frame to the last.

    Args:
        frames: Two or more, all of them joined.
        frame_rate_hz: Frames per second.
        sample_rate_hz: Spike frames per second.
    """
    rate_hz = Fraction(sample_rate_hz)
    start = 0
    for index, (first, second) in enumerate(pairwise(frames)):
        interval = join(first, second)
        if interval is None:
            raise ValueError(f"frame {second.stored.name} is not joined to the one before it")
        start_s, end_s = index / Fraction(frame_rate_hz), (index + 1) / Fraction(frame_rate_hz)
        end = math.floor(end_s * rate_hz) + 1
        for n in range(start, end):
            yield interval.after_first(n / rate_hz - start_s)
        start = end


def _light_around(
    frame: Frame, before: Interval | None, after: Interval | None, times_s: Sequence[Fraction]
) -> Iterator[Image]:
    for interval in (before, after):
        if interval is not None and float(-times_s[0] / interval.length_s) > 1:
            longest = 2 * math.floor(interval.length_s / (times_s[1] - times_s[0])) + 1
            raise ValueError(
                f"a burst of {len(times_s)} spike frames reaches beyond the frames beside "
                f"{frame.stored.name}; accepted: at most {longest}, or 0, one continuous stream"
            )
    for time_s in times_s:
        if after is not None and (time_s >= 0 or before is None):
            yield after.after_first(time_s)
        elif before is not None:
            yield before.after_second(time_s)
        else:
            yield frame.intensity


def _with_neighbours(
    frames: Iterable[Frame], join: Join
) -> Iterator[tuple[Frame, Interval | None, Interval | None]]:
    """Each frame with the intervals before and after it."""
    current: Frame | None = None
    before: Interval | None = None
    for following in frames:
        if current is not None:
            after = join(current, following)
            yield current, before, after
            before = after
        current = following
    if current is not None:
        yield current, before, None
