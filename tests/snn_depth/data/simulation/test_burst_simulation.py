from dataclasses import replace

import numpy as np
import pytest

from snn_depth.data.simulation.burst_simulation import BurstSimulation
from snn_depth.data.simulation.depth_maps import read_depth_m, resize_depth
from snn_depth.data.simulation.video import linear_intensity, read_rgb

SIMULATION = BurstSimulation(size=(16, 24), num_frames=8, sample_rate_hz=100.0, max_depth_m=3.5)


def test_frame_is_cropped_then_resized(sequence):
    frame = replace(SIMULATION, crop=(20, 30), size=(10, 15)).frame(sequence, 1)
    shot = sequence.shots[1]
    np.testing.assert_array_equal(
        frame.intensity, linear_intensity(read_rgb(shot.rgb)[4:, 5:35], 2.2, (10, 15))
    )
    depth_m = read_depth_m(shot.depth, 1e-3)[4:, 5:35]
    np.testing.assert_array_equal(frame.depth_m, resize_depth(depth_m, (10, 15)))
    assert frame.rgb.shape == (10, 15, 3)


def test_picture_without_depth(sequence):
    assert SIMULATION.frame(sequence, 3).depth_m is None


def test_own_size(sequence):
    simulation = replace(SIMULATION, size=None)
    assert simulation.frame(sequence, 0).rgb.shape == (24, 40, 3)
    np.testing.assert_array_equal(simulation.intrinsics(sequence), sequence.intrinsics)
    assert simulation.intrinsics(replace(sequence, intrinsics=None)) is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": (4, 24)}, r"size is \[4, 24\]; accepted: 8 or more"),
        ({"crop": (0, 24)}, r"crop is \[0, 24\]; accepted: 1 or more"),
        ({"num_frames": 0}, "num_frames is 0; accepted: 1 or more"),
        ({"sample_rate_hz": -1.0}, "sample_rate_hz is -1.0; accepted: positive"),
        ({"max_depth_m": float("inf")}, "max_depth_m is inf; accepted: positive"),
        ({"sensor": "real"}, "sensor is 'real'; accepted: ideal, noisy"),
        ({"interpolation": "linear"}, "interpolation is 'linear'; accepted: flow, depth, none"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        replace(SIMULATION, **settings)


def test_digest_tells_settings_apart():
    assert SIMULATION.digest() == replace(SIMULATION).digest()
    digests = {
        replace(SIMULATION, **settings).digest()
        for settings in ({}, {"crop": (20, 30)}, {"sensor": "noisy"}, {"max_depth_m": 4.0})
    }
    assert len(digests) == 4
