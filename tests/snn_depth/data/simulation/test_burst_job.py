import zlib
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from snn_depth.data.simulation.burst_job import BurstJob, SequenceView
from snn_depth.data.simulation.burst_simulation import BurstSimulation
from snn_depth.data.simulation.camera import SpikeCamera, simulate_spikes
from snn_depth.data.simulation.scene import burst_light, scene_between
from snn_depth.data.streams.recording import Recording

SIMULATION = BurstSimulation(size=(16, 24), num_frames=8, sample_rate_hz=100.0, max_depth_m=3.5)


def record(sequence, path, simulation=SIMULATION):
    progress = []
    BurstJob(sequence, simulation, path).run(progress.append)
    assert progress == [1] * len(sequence.key_frames)
    return Recording.open(path)


def light_of(sequence, k, simulation=SIMULATION):
    return np.stack(list(SequenceView(sequence, simulation)._light(k)))


def test_light_is_that_of_the_whole_video(sequence):
    frames = [SIMULATION.frame(sequence, k) for k in range(4)]
    join = partial(scene_between, interpolation="flow", intrinsics=None)
    whole = burst_light(frames, join, 8, Fraction(10))
    for k, burst in enumerate(whole):
        np.testing.assert_allclose(light_of(sequence, k), np.stack(list(burst)), atol=2e-6)
    moved = light_of(sequence, 1)
    assert abs(moved[0] - moved[-1]).max() > 0.05


def test_spikes_are_those_of_the_light(sequence, tmp_path):
    with record(sequence, tmp_path / "a.h5") as recording:
        assert recording.burst_frames == 8
        for k in range(3):
            seed = [zlib.crc32(f"{k}.png".encode())]
            camera = SpikeCamera(sample_rate_hz=100.0)
            (expected,) = simulate_spikes([light_of(sequence, k)], camera, seed)
            np.testing.assert_array_equal(recording.window(k, 8), expected)
            assert recording.timestamp_s(k) == pytest.approx(0.1 * k)


def test_depth_beyond_the_limit_is_not_measured(sequence, tmp_path):
    with record(sequence, tmp_path / "a.h5", replace(SIMULATION, max_depth_m=2.5)) as recording:
        assert [recording.depth_m(k).max() for k in range(3)] == [1, 2, 0]


def test_a_burst_does_not_depend_on_the_other_key_frames(sequence, tmp_path):
    with (
        record(sequence, tmp_path / "all.h5") as whole,
        record(replace(sequence, key_frames=[2]), tmp_path / "one.h5") as one,
    ):
        np.testing.assert_array_equal(one.window(0, 8), whole.window(2, 8))
        np.testing.assert_array_equal(one.depth_m(0), whole.depth_m(2))


@pytest.mark.parametrize("part", ["isolated", "far apart", "interpolation none"])
def test_pictures_that_stand_still(sequence, part):
    simulation = SIMULATION
    if part == "isolated":
        sequence = replace(sequence, timestamps_s=None)
    elif part == "far apart":
        sequence = replace(sequence, max_gap_s=0.05)
    else:
        simulation = replace(SIMULATION, interpolation="none")
    light = light_of(sequence, 1, simulation)
    np.testing.assert_array_equal(light, np.repeat(light[:1], 8, axis=0))


def test_motion_across_intervals_of_different_length(sequence):
    # Twice the time for the same motion: half the speed, on that side only.
    slow = replace(sequence, timestamps_s=[0.0, 0.1, 0.3, 0.4])
    before, after = light_of(sequence, 1), light_of(slow, 1)
    np.testing.assert_array_equal(after[:4], before[:4])
    np.testing.assert_allclose(after[6], before[5], atol=1e-6)


def test_intrinsics_follow_crop_and_size(sequence, tmp_path):
    simulation = replace(SIMULATION, crop=(20, 30), size=(10, 15))
    with record(sequence, tmp_path / "a.h5", simulation) as recording:
        # Crop: 4 rows off the top, 5 columns off the left. Size: half; centres at integers.
        expected = [[15, 0, (14.5 + 0.5) / 2 - 0.5], [0, 15, (7.5 + 0.5) / 2 - 0.5], [0, 0, 1]]
        np.testing.assert_allclose(recording.intrinsics, expected)


def test_depth_interpolation_needs_poses(sequence, tmp_path):
    job = BurstJob(sequence, replace(SIMULATION, interpolation="depth"), tmp_path / "a.h5")
    with pytest.raises(ValueError, match="needs depth maps, intrinsics and poses"):
        job.run(lambda steps: None)
    assert not list(tmp_path.glob("*.h5"))


def test_burst_longer_than_the_interval(sequence, tmp_path):
    job = BurstJob(sequence, replace(SIMULATION, num_frames=24), tmp_path / "a.h5")
    with pytest.raises(ValueError, match=r"num_frames is 24: at 100 Hz a burst reaches beyond"):
        job.run(lambda steps: None)
