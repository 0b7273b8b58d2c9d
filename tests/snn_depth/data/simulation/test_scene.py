from fractions import Fraction

import numpy as np
import pytest

from snn_depth.data.simulation.interpolation import InBetween
from snn_depth.data.simulation.scene import Held, burst_light, continuous_light, scene_between
from snn_depth.data.simulation.sequence import Frame


class Clock:
    """A scene whose light is the time since the first picture, in intervals."""

    def __init__(self, start):
        self.start = start

    def at(self, time):
        return self.start + time


def picture(index):
    intensity = np.full((16, 20), index, np.float32)
    return Frame(np.zeros((16, 20, 3), np.uint8), intensity, None, None)


def join(first, second):
    return Clock(float(first.intensity[0, 0]))


@pytest.mark.parametrize("burst_frames", [1, 4, 5])
@pytest.mark.parametrize("num_pictures", [2, 3, 6])
def test_bursts_lie_around_their_pictures(burst_frames, num_pictures):
    frames = map(picture, range(num_pictures))
    bursts = [list(light) for light in burst_light(frames, join, burst_frames, Fraction(20, 3))]
    steps = np.arange(burst_frames) - burst_frames // 2
    expected = [k + steps / (20 / 3) for k in range(num_pictures)]
    np.testing.assert_allclose(bursts, expected, atol=1e-12)


def test_single_picture_stands_still():
    (light,) = burst_light([picture(7)], join, 6, Fraction(10))
    assert [frame[0, 0] for frame in light] == [7] * 6


@pytest.mark.parametrize("per_picture", [Fraction(20), Fraction(20, 3), Fraction(1, 2)])
def test_continuous_light_ticks_at_the_spike_rate(per_picture):
    times = list(continuous_light(map(picture, range(5)), join, per_picture))
    assert len(times) == int(4 * per_picture) + 1
    np.testing.assert_allclose(times, np.arange(len(times)) / float(per_picture), atol=1e-12)


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
