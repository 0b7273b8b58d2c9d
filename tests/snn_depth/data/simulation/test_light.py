from fractions import Fraction

import numpy as np
import pytest

from snn_depth.data.simulation.frames import Frame, PictureFrame
from snn_depth.data.simulation.interpolation import InBetween
from snn_depth.data.simulation.light import (
    Held,
    Interval,
    burst_light,
    continuous_light,
    scene_between,
)


class Clock:
    """A scene whose light is the time since the first picture, in intervals."""

    def __init__(self, start):
        self.start = start

    def at(self, time):
        return self.start + time


def picture(index):
    rgb, intensity = np.zeros((16, 20, 3), np.uint8), np.full((16, 20), index, np.float32)
    return Frame(PictureFrame(f"{index}.png", rgb), index, rgb, intensity, None, (16, 20))


def joined(frame_rate_hz):
    return lambda first, second: Interval(lambda: Clock(first.number), 1 / Fraction(frame_rate_hz))


@pytest.mark.parametrize("burst_frames", [1, 4, 5])
@pytest.mark.parametrize("num_pictures", [2, 3, 6])
def test_bursts_lie_around_their_pictures(burst_frames, num_pictures):
    frames = map(picture, range(num_pictures))
    bursts = [list(light) for _, light in burst_light(frames, joined(3.0), burst_frames, 20.0)]
    steps = np.arange(burst_frames) - burst_frames // 2
    expected = [k + steps / (20 / 3) for k in range(num_pictures)]
    np.testing.assert_allclose(bursts, expected, atol=1e-12)


def test_single_picture_stands_still():
    ((_, light),) = burst_light([picture(7)], joined(2.0), 6, 20.0)
    assert [frame[0, 0] for frame in light] == [7] * 6


def test_pictures_that_are_not_joined_stand_still():
    bursts = burst_light(map(picture, range(3)), lambda first, second: None, 4, 20.0)
    assert [[image[0, 0] for image in light] for _, light in bursts] == [[k] * 4 for k in range(3)]


def test_bursts_that_are_not_wanted_cost_nothing():
    def fail():
        raise AssertionError("a motion that nobody needs")

    frames = burst_light(map(picture, range(3)), lambda a, b: Interval(fail, 1.0), 4, 20.0)
    assert [frame.number for frame, _ in frames] == [0, 1, 2]


@pytest.mark.parametrize(("burst_frames", "reaches"), [(20, False), (21, False), (22, True)])
def test_bursts_reach_to_the_next_picture_at_most(burst_frames, reaches):
    bursts = burst_light(map(picture, range(2)), joined(2.0), burst_frames, 20.0)
    if not reaches:
        assert [len(list(light)) for _, light in bursts] == [burst_frames] * 2
        return
    message = (
        "burst of 22 spike frames reaches beyond the frames beside 0.png; accepted: at most 21"
    )
    with pytest.raises(ValueError, match=message):
        list(next(bursts)[1])


@pytest.mark.parametrize("frame_rate_hz", [1.0, 3.0, 40.0])
def test_continuous_light_ticks_at_the_spike_rate(frame_rate_hz):
    frames = map(picture, range(5))
    times = list(continuous_light(frames, joined(frame_rate_hz), frame_rate_hz, 20.0))
    assert len(times) == int(4 * 20 / frame_rate_hz) + 1
    np.testing.assert_allclose(times, np.arange(len(times)) * frame_rate_hz / 20, atol=1e-12)


def test_no_interpolation_holds_the_nearer_picture():
    scene = scene_between(picture(1), picture(2), "none", None)
    assert isinstance(scene, Held)
    assert [scene.at(time)[0, 0] for time in (-0.1, 0.4, 0.6, 1.1)] == [1, 1, 2, 2]


def test_flow_scene():
    scene = scene_between(picture(0), picture(1), "flow", None)
    assert isinstance(scene, InBetween)
    np.testing.assert_allclose(scene.at(0.25), 0.25)


def test_depth_needs_its_parts():
    with pytest.raises(ValueError, match="needs depth maps, intrinsics and poses"):
        scene_between(picture(0), picture(1), "depth", np.eye(3))
