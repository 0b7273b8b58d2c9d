import zlib
from dataclasses import replace
from functools import partial
from itertools import chain

import numpy as np
import pytest
from PIL import Image

from snn_depth.data.simulation import simulation_job
from snn_depth.data.simulation.camera import SpikeCamera, simulate_burst
from snn_depth.data.simulation.light import Interval, burst_light, continuous_light, scene_between
from snn_depth.data.simulation.noise import SensorNoise
from snn_depth.data.simulation.picture_frames import open_pictures
from snn_depth.data.simulation.simulation_job import SimulationJob, read_frames
from snn_depth.data.simulation.spike_simulation import SpikeSimulation
from snn_depth.data.streams.recording import Recording
from snn_depth.data.streams.spike_file_options import SpikeFileOptions
from snn_depth.data.streams.spike_stream import open_spikes

SEED = 3
SEEDS = (SEED, zlib.crc32(b"a"))
CAMERA = SpikeCamera(sample_rate_hz=100.0)
SMALL = SpikeSimulation(CAMERA, burst_frames=8, size=(16, 24), max_depth_m=3.5)


@pytest.fixture
def folder(tmp_path):
    """Four pictures of a texture that moves, their depth and poses."""
    (tmp_path / "rgb").mkdir()
    (tmp_path / "depth").mkdir()
    x, y = np.meshgrid(np.arange(32), np.arange(24))
    for index in range(4):
        grey = 128 + 100 * np.sin(0.4 * (x - 2 * index)) * np.cos(0.3 * y)
        Image.fromarray(grey.astype(np.uint8)).save(tmp_path / "rgb" / f"{index}.png")
        depth = np.full((24, 32), 1000 + index, np.uint16)
        Image.fromarray(depth).save(tmp_path / "depth" / f"{index}.png")
    np.savetxt(tmp_path / "poses.txt", np.tile(np.eye(4)[:3].reshape(1, 12), (4, 1)))
    return tmp_path


@pytest.fixture
def steady(folder):
    """A sequence of a constant rate."""
    frames = open_pictures(
        folder / "rgb", depth=folder / "depth", depth_scale="1/1000", poses=folder / "poses.txt"
    )
    return frames.sequence(300.0, "30,30,16,12")


def joined(sequence, interpolation="flow"):
    def join(first, second):
        scene = partial(scene_between, first, second, interpolation, None)
        return Interval(scene, sequence.gap_s(first.stored, second.stored))

    return join


def write(sequence, simulation, path, seed=SEED):
    progress = []
    job = SimulationJob(sequence, simulation, path, seed)
    job.run(progress.append)
    assert sum(progress) == job.num_spike_frames
    return Recording.open(path)


def lights(sequence, simulation=SMALL):
    """The light of every frame's burst."""
    frames = read_frames(replace(sequence, key_frames=None), simulation)

    def join(first, second):
        gap_s = sequence.gap_s(first.stored, second.stored)
        interpolation = simulation.interpolation
        return gap_s and Interval(partial(scene_between, first, second, interpolation, None), gap_s)

    rate_hz = simulation.camera.sample_rate_hz
    return [
        np.stack(list(light))
        for _, light in burst_light(frames, join, simulation.burst_frames, rate_hz)
    ]


def test_bursts(steady, tmp_path):
    simulation = SpikeSimulation(SpikeCamera(0.8, noise=SensorNoise()), burst_frames=20)
    bursts = burst_light(read_frames(steady, simulation), joined(steady), 20, 20_000.0)
    with write(steady, simulation, tmp_path / "a.h5") as recording:
        assert recording.num_key_frames == 4 and recording.spikes.shape[0] == 80
        for k, (_, light) in enumerate(bursts):
            expected = simulate_burst(np.stack(list(light)), simulation.camera, (*SEEDS, k))
            np.testing.assert_array_equal(recording.window(k, 20), expected)


def test_continuous_stream(steady, tmp_path):
    simulation = SpikeSimulation(SpikeCamera(), burst_frames=0)
    light = continuous_light(read_frames(steady, simulation), joined(steady), 300.0, 20_000.0)
    expected = simulate_burst(np.stack(list(light)), simulation.camera, SEEDS)
    assert len(expected) == 201
    with write(steady, simulation, tmp_path / "a.h5") as recording:
        np.testing.assert_array_equal(recording.spikes[:], expected)
        # 20 kHz and 300 Hz: a picture every 66 2/3 spike frames.
        np.testing.assert_array_equal(recording.window(1, 10), expected[61:71])
        np.testing.assert_array_equal(recording.window(2, 10), expected[128:138])


@pytest.mark.parametrize("burst_frames", [0, 20])
def test_spikes_do_not_depend_on_the_memory_set_aside(steady, tmp_path, monkeypatch, burst_frames):
    simulation = SpikeSimulation(SpikeCamera(noise=SensorNoise()), burst_frames)
    for name, pixels in (("1/a.h5", 1 << 22), ("2/a.h5", 3 * 24 * 32)):
        monkeypatch.setattr(simulation_job, "_CHUNK_PIXELS", pixels)
        write(steady, simulation, tmp_path / name).close()
    with Recording.open(tmp_path / "1/a.h5") as a, Recording.open(tmp_path / "2/a.h5") as b:
        np.testing.assert_array_equal(a.spikes[:], b.spikes[:])


def test_everything_known_is_recorded(steady, tmp_path):
    simulation = SpikeSimulation(
        SpikeCamera(0.5, noise=SensorNoise()), 8, interpolation="depth", size=(12, 8)
    )
    with write(steady, simulation, tmp_path / "a.h5") as recording:
        assert recording.spikes.shape == (32, 12, 8)
        for k, frame in enumerate(read_frames(steady, simulation)):
            np.testing.assert_array_equal(recording.rgb(k), frame.rgb)
            np.testing.assert_array_equal(recording.depth_m(k), frame.depth_m)
            np.testing.assert_array_equal(recording.pose(k), np.eye(4))
            assert recording.timestamp_s(k) == k / 300
        intrinsics = simulation.intrinsics(steady.intrinsics, (24, 32))
        np.testing.assert_array_equal(recording.intrinsics, intrinsics)
        assert recording.camera == {
            **simulation.record(),
            **steady.record(),
            "seed": list(SEEDS),
        }
        assert recording.camera["camera"]["noise"]["photons_per_spike"] == 5e4


def test_rate_follows_the_light(steady, tmp_path):
    simulation = SpikeSimulation(SpikeCamera(0.8), interpolation="none", gamma=1.0)
    slow = replace(steady, frame_rate_hz=30.0)
    frame = next(read_frames(steady, simulation))
    with write(slow, simulation, tmp_path / "a.h5") as recording:
        rate = recording.window(0, 128).mean(0)
    np.testing.assert_allclose(rate, 0.8 * frame.intensity, atol=1.001 / 128)


def test_one_picture(folder, tmp_path):
    for index in (1, 2, 3):
        (folder / "rgb" / f"{index}.png").unlink()
    sequence = open_pictures(folder / "rgb").sequence(30.0)
    with write(sequence, SpikeSimulation(SpikeCamera()), tmp_path / "a.h5") as recording:
        assert recording.window(0, 128).shape == (128, 24, 32)
    with pytest.raises(ValueError, match="two pictures or more"):
        write(sequence, SpikeSimulation(SpikeCamera(), 0), tmp_path / "b.h5")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (b"damaged", r"cannot read image .*2\.png"),
        (None, r"2\.png of rgb is 24x31 but the pictures before it are 24x32"),
    ],
)
def test_nothing_is_left_of_a_failure(folder, tmp_path, damage, message):
    if damage is None:
        Image.fromarray(np.zeros((24, 31), np.uint8)).save(folder / "rgb" / "2.png")
    else:
        (folder / "rgb" / "2.png").write_bytes(damage)
    sequence = open_pictures(folder / "rgb").sequence(300.0)
    with pytest.raises(ValueError, match=message):
        write(sequence, SpikeSimulation(SpikeCamera(), 20), tmp_path / "out" / "a.h5")
    assert list(chain.from_iterable(p.iterdir() for p in tmp_path.glob("out"))) == []


@pytest.mark.parametrize("suffix", [".dat", ".npy", ".npz"])
def test_bare_spikes(steady, tmp_path, suffix):
    simulation = SpikeSimulation(SpikeCamera(noise=SensorNoise()), 16)
    for path in (tmp_path / "out/a.h5", tmp_path / f"out/a{suffix}"):
        SimulationJob(steady, simulation, path, SEED).run(lambda count: None)
    with (
        open_spikes(tmp_path / "out/a.h5") as recorded,
        open_spikes(tmp_path / f"out/a{suffix}", SpikeFileOptions(height=24, width=32)) as bare,
    ):
        np.testing.assert_array_equal(bare[:], recorded[:])
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def test_output_of_other_settings_is_no_result_of_this_run(steady, tmp_path):
    job = SimulationJob(steady, SpikeSimulation(SpikeCamera(), 4), tmp_path / "a.h5", SEED)
    job.run(lambda count: None)
    job.check_settings()
    for other in (
        replace(job, seed=SEED + 1),
        replace(job, simulation=SpikeSimulation(SpikeCamera(), 4, crop=(20, 20))),
        replace(job, simulation=SpikeSimulation(SpikeCamera(0.5), 4)),
        replace(job, sequence=replace(steady, description={"num_pictures": 3})),
    ):
        with pytest.raises(ValueError, match=r"a\.h5 was made with other settings"):
            other.check_settings()


def test_seeds_of_named_frames(sequence, tmp_path):
    light = lights(sequence)
    with write(sequence, SMALL, tmp_path / "a.h5", seed=None) as recording:
        assert recording.burst_frames == 8
        for k in range(3):
            seed = [zlib.crc32(f"{k}.png".encode())]
            np.testing.assert_array_equal(
                recording.window(k, 8), simulate_burst(light[k], CAMERA, seed)
            )
            assert recording.timestamp_s(k) == pytest.approx(0.1 * k)


def test_motion_of_a_burst_of_a_data_set(sequence):
    moved = lights(sequence)[1]
    assert abs(moved[0] - moved[-1]).max() > 0.05


def test_depth_beyond_the_limit_is_not_measured(sequence, tmp_path):
    with write(sequence, replace(SMALL, max_depth_m=2.5), tmp_path / "a.h5") as recording:
        assert [recording.depth_m(k).max() for k in range(3)] == [1, 2, 0]


def test_a_burst_does_not_depend_on_the_other_key_frames(sequence, tmp_path):
    with (
        write(sequence, SMALL, tmp_path / "all.h5", None) as whole,
        write(replace(sequence, key_frames=[2]), SMALL, tmp_path / "one.h5", None) as one,
    ):
        np.testing.assert_array_equal(one.window(0, 8), whole.window(2, 8))
        np.testing.assert_array_equal(one.depth_m(0), whole.depth_m(2))


def test_bursts_are_those_of_the_recording(sequence, tmp_path):
    job = SimulationJob(sequence, SMALL, tmp_path / "a.h5")
    with write(sequence, SMALL, tmp_path / "a.h5", None) as recording:
        for k, (frame, burst) in enumerate(job.bursts()):
            assert frame.number == k
            np.testing.assert_array_equal(np.concatenate(list(burst)), recording.window(k, 8))


@pytest.mark.parametrize("part", ["isolated", "far apart", "interpolation none"])
def test_pictures_that_stand_still(sequence, part):
    simulation = SMALL
    if part == "isolated":
        frames = [replace(frame, time_s=None) for frame in sequence.frames]
        sequence = replace(sequence, frames=frames)
    elif part == "far apart":
        sequence = replace(sequence, max_gap_s=0.05)
    else:
        simulation = replace(SMALL, interpolation="none")
    light = lights(sequence, simulation)[1]
    np.testing.assert_array_equal(light, np.repeat(light[:1], 8, axis=0))


def test_motion_across_intervals_of_different_length(sequence):
    # Twice the time for the same motion: half the speed, on that side only.
    frames = [
        replace(frame, time_s=time_s)
        for frame, time_s in zip(sequence.frames, [0.0, 0.1, 0.3, 0.4], strict=True)
    ]
    before, after = lights(sequence)[1], lights(replace(sequence, frames=frames))[1]
    np.testing.assert_array_equal(after[:4], before[:4])
    np.testing.assert_allclose(after[6], before[5], atol=1e-6)


def test_frames_that_are_not_neighbours_are_not_joined(sequence, tmp_path):
    """Two key frames 0.2 s apart, and the one between them further from both than may be."""
    frames = [
        replace(frame, time_s=time_s)
        for frame, time_s in zip(sequence.frames, [0.0, 0.5, 0.2, None], strict=True)
    ]
    apart = replace(sequence, frames=frames, key_frames=[0, 2])
    still = replace(SMALL, interpolation="none")
    with (
        write(apart, SMALL, tmp_path / "a.h5", None) as recording,
        write(apart, still, tmp_path / "b.h5", None) as expected,
    ):
        np.testing.assert_array_equal(recording.spikes[:], expected.spikes[:])


def test_intrinsics_follow_crop_and_size(sequence, tmp_path):
    simulation = replace(SMALL, crop=(20, 30), size=(10, 15))
    with write(sequence, simulation, tmp_path / "a.h5") as recording:
        # Crop: 4 rows off the top, 5 columns off the left. Size: half; centres at integers.
        expected = [[15, 0, (14.5 + 0.5) / 2 - 0.5], [0, 15, (7.5 + 0.5) / 2 - 0.5], [0, 0, 1]]
        np.testing.assert_allclose(recording.intrinsics, expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"interpolation": "depth"}, "needs depth maps, intrinsics and poses"),
        ({"burst_frames": 24}, "a burst of 24 spike frames reaches beyond the frames beside 0.png"),
        ({"burst_frames": 0}, "drive has no constant frame rate; accepted: bursts"),
    ],
)
def test_what_cannot_be_simulated(sequence, tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        write(sequence, replace(SMALL, **settings), tmp_path / "a.h5")
    assert not list(tmp_path.glob("*.h5"))


def test_burst_longer_than_the_interval(steady, tmp_path):
    with pytest.raises(ValueError, match=r"burst of 200 spike frames reaches beyond .* most 133"):
        write(steady, SpikeSimulation(SpikeCamera(), 200), tmp_path / "a.h5")
