import zlib
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from PIL import Image

from snn_depth.data.adapters.burst_job import BurstJob, SequenceView
from snn_depth.data.adapters.burst_simulation import BurstSimulation
from snn_depth.data.adapters.shots import FileShot, ShotSequence
from snn_depth.data.camera import SpikeCamera, simulate_spikes
from snn_depth.data.recording import Recording
from snn_depth.data.scene import burst_light, scene_between
from tests.snn_depth.data.adapters.trees import save_rgb

SIMULATION = BurstSimulation(size=(16, 24), num_frames=8, sample_rate_hz=100.0, max_depth_m=3.5)


@pytest.fixture
def sequence(tmp_path):
    """Four pictures, 0.1 s apart, of a pattern that moves to the left; the last has no depth."""
    shots = []
    for k in range(4):
        save_rgb(tmp_path / f"{k}.png", seed=0, shift=6 * k)
        Image.fromarray(np.full((24, 40), 1000 * (k + 1), np.uint16)).save(
            tmp_path / f"{k}.depth.png"
        )
        depth = tmp_path / f"{k}.depth.png" if k < 3 else None
        shots.append(FileShot(f"{k}.png", tmp_path / f"{k}.png", depth, 1e-3))
    intrinsics = np.array([[30.0, 0, 19.5], [0, 30, 11.5], [0, 0, 1]])
    return ShotSequence("drive", shots, [0, 1, 2], [0.0, 0.1, 0.2, 0.3], intrinsics)


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


def test_bad_sequences(sequence):
    with pytest.raises(ValueError, match="drive has no picture with depth"):
        replace(sequence, key_frames=[])
    with pytest.raises(ValueError, match="drive has 4 pictures but 3 times"):
        replace(sequence, timestamps_s=[0.0, 0.1, 0.2])
    with pytest.raises(ValueError, match="drive has 4 pictures but 1 poses"):
        replace(sequence, poses=np.eye(4)[None])


def test_depth_of_another_size(sequence, tmp_path):
    Image.fromarray(np.ones((24, 39), np.uint16)).save(tmp_path / "1.depth.png")
    with pytest.raises(
        ValueError, match=r"1\.depth\.png is \(24, 39\) but its picture is \(24, 40\)"
    ):
        sequence.shots[1].read()
