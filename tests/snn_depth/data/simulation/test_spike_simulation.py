import json
from dataclasses import replace

import numpy as np
import pytest

from snn_depth.data.simulation.camera import SpikeCamera
from snn_depth.data.simulation.depth_maps import read_depth_m, resize_depth
from snn_depth.data.simulation.noise import SensorNoise
from snn_depth.data.simulation.pictures import linear_intensity, read_rgb
from snn_depth.data.simulation.spike_simulation import SpikeSimulation

SIMULATION = SpikeSimulation(SpikeCamera(), size=(16, 24), max_depth_m=3.5)


def test_frame_is_cropped_then_resized(sequence):
    simulation = replace(SIMULATION, crop=(20, 30), size=(10, 15))
    stored = sequence.frames[1]
    frame = simulation.read(1, stored)
    np.testing.assert_array_equal(
        frame.intensity, linear_intensity(read_rgb(stored.rgb)[4:, 5:35], 2.2, (10, 15))
    )
    depth_m = read_depth_m(stored.depth, 1e-3)[4:, 5:35]
    np.testing.assert_array_equal(frame.depth_m, resize_depth(depth_m, (10, 15)))
    assert frame.rgb.shape == (10, 15, 3)
    assert frame.rgb.dtype == np.uint8
    assert (frame.number, frame.stored, frame.picture_size) == (1, stored, (24, 40))


def test_frame_in_another_size(sequence):
    frame = replace(SIMULATION, size=(6, 5)).read(0, sequence.frames[0])
    assert frame.rgb.shape == (6, 5, 3)
    assert frame.intensity.shape == frame.depth_m.shape == (6, 5)


def test_picture_without_depth(sequence):
    frame = SIMULATION.read(3, sequence.frames[3])
    assert frame.depth_m is None
    assert SIMULATION.recorded_depth_m(frame) is None


def test_own_size(sequence):
    simulation = replace(SIMULATION, size=None)
    frame = simulation.read(0, sequence.frames[0])
    assert frame.rgb.shape == (24, 40, 3)
    assert frame.intensity.shape == (24, 40)
    np.testing.assert_array_equal(
        simulation.intrinsics(sequence.intrinsics, (24, 40)), sequence.intrinsics
    )
    assert simulation.intrinsics(None, (24, 40)) is None


def test_intrinsics_follow_the_size():
    simulation = replace(SIMULATION, size=(6, 5))
    scaled = simulation.intrinsics(np.diag([10.0, 20, 1]), (12, 20))
    assert (scaled[0, 0], scaled[1, 1]) == (2.5, 10)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": (0, 24)}, r"size is \[0, 24\]; accepted: 1 or more"),
        ({"crop": (0, 24)}, r"crop is \[0, 24\]; accepted: 1 or more"),
        ({"burst_frames": -1}, "burst_frames must be 0 or more, not -1"),
        ({"gamma": 0.0}, "gamma must be positive"),
        ({"max_depth_m": float("inf")}, "max_depth_m must be positive, not inf"),
        ({"interpolation": "linear"}, "interpolation is 'linear'; accepted: flow, depth, none"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        replace(SIMULATION, **settings)


def test_record_is_json_and_leaves_out_what_is_not_used():
    camera = SpikeCamera(noise=SensorNoise())
    record = SpikeSimulation(camera, size=(3, 4)).record()
    assert json.loads(json.dumps(record)) == record
    # What recordings of version 0.1 hold: with another key they would count as made otherwise.
    assert set(record) == {"camera", "burst_frames", "interpolation", "gamma", "size"}
    assert SpikeSimulation(camera).record()["size"] is None
    whole = SpikeSimulation(camera, crop=(20, 30), max_depth_m=9.0).record()
    assert (whole["crop"], whole["max_depth_m"]) == ([20, 30], 9.0)
