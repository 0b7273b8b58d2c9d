import json
from dataclasses import replace
from functools import partial
from itertools import chain

import numpy as np
import pytest
from PIL import Image

from snn_depth.data.simulation import video_to_spikes
from snn_depth.data.simulation.camera import SpikeCamera, simulate_burst
from snn_depth.data.simulation.noise import SensorNoise
from snn_depth.data.simulation.scene import burst_light, continuous_light, scene_between
from snn_depth.data.simulation.sequence import PictureSequence
from snn_depth.data.simulation.video import ImageFolder
from snn_depth.data.simulation.video_to_spikes import VideoToSpikes, write_recording
from snn_depth.data.streams.recording import Recording

SEED = (3, 4)


@pytest.fixture
def folder(tmp_path):
    """Four pictures of a texture that moves, and depth."""
    (tmp_path / "rgb").mkdir()
    (tmp_path / "depth").mkdir()
    x, y = np.meshgrid(np.arange(32), np.arange(24))
    for index in range(4):
        grey = 128 + 100 * np.sin(0.4 * (x - 2 * index)) * np.cos(0.3 * y)
        Image.fromarray(grey.astype(np.uint8)).save(tmp_path / "rgb" / f"{index}.png")
        depth = np.full((24, 32), 1000 + index, np.uint16)
        Image.fromarray(depth).save(tmp_path / "depth" / f"{index}.png")
    return tmp_path


@pytest.fixture
def sequence(folder):
    return PictureSequence(
        ImageFolder(folder / "rgb"),
        frame_rate_hz=300.0,
        depth_paths=sorted((folder / "depth").iterdir()),
        metres_per_unit=1e-3,
        poses=np.tile(np.eye(4), (4, 1, 1)),
        intrinsics=np.array([[30.0, 0, 16], [0, 30, 12], [0, 0, 1]]),
    )


join = partial(scene_between, interpolation="flow", intrinsics=None)


def test_bursts(sequence, tmp_path):
    settings = VideoToSpikes(SpikeCamera(0.8, noise=SensorNoise()), burst_frames=20)
    progress = []
    write_recording(sequence, settings, tmp_path / "a.h5", SEED, progress.append)
    assert sum(progress) == settings.num_spike_frames(sequence) == 80

    frames = sequence.frames(None, 2.2)
    per_picture = settings.frames_per_picture(sequence)
    with Recording.open(tmp_path / "a.h5") as recording:
        assert recording.num_key_frames == 4
        for k, light in enumerate(burst_light(frames, join, 20, per_picture)):
            expected = simulate_burst(np.stack(list(light)), settings.camera, (*SEED, k))
            np.testing.assert_array_equal(recording.window(k, 20), expected)


def test_continuous_stream(sequence, tmp_path):
    settings = VideoToSpikes(SpikeCamera(), burst_frames=0)
    write_recording(sequence, settings, tmp_path / "a.h5", SEED)
    light = continuous_light(
        sequence.frames(None, 2.2), join, settings.frames_per_picture(sequence)
    )
    expected = simulate_burst(np.stack(list(light)), settings.camera, SEED)
    assert len(expected) == settings.num_spike_frames(sequence) == 201
    with Recording.open(tmp_path / "a.h5") as recording:
        np.testing.assert_array_equal(recording.spikes[:], expected)
        # 20 kHz and 300 Hz: a picture every 66 2/3 spike frames.
        np.testing.assert_array_equal(recording.window(1, 10), expected[61:71])
        np.testing.assert_array_equal(recording.window(2, 10), expected[128:138])


@pytest.mark.parametrize("burst_frames", [0, 20])
def test_spikes_do_not_depend_on_the_memory_set_aside(
    sequence, tmp_path, monkeypatch, burst_frames
):
    settings = VideoToSpikes(SpikeCamera(noise=SensorNoise()), burst_frames)
    for name, pixels in (("a.h5", 1 << 22), ("b.h5", 3 * 24 * 32)):
        monkeypatch.setattr(video_to_spikes, "_CHUNK_PIXELS", pixels)
        write_recording(sequence, settings, tmp_path / name, SEED)
    with Recording.open(tmp_path / "a.h5") as a, Recording.open(tmp_path / "b.h5") as b:
        np.testing.assert_array_equal(a.spikes[:], b.spikes[:])


def test_everything_known_is_recorded(sequence, tmp_path):
    camera = SpikeCamera(0.5, noise=SensorNoise())
    settings = VideoToSpikes(camera, 8, interpolation="depth", size=(12, 8))
    write_recording(sequence, settings, tmp_path / "a.h5", SEED)
    frames = list(sequence.frames((12, 8), 2.2))
    with Recording.open(tmp_path / "a.h5") as recording:
        assert recording.spikes.shape == (32, 12, 8)
        for k, frame in enumerate(frames):
            np.testing.assert_array_equal(recording.rgb(k), frame.rgb)
            np.testing.assert_array_equal(recording.depth_m(k), frame.depth_m)
            np.testing.assert_array_equal(recording.pose(k), np.eye(4))
        np.testing.assert_array_equal(recording.intrinsics, sequence.scaled_intrinsics((12, 8)))
        assert recording.camera == settings.record(sequence, SEED)
        assert recording.camera["camera"]["noise"]["photons_per_spike"] == 5e4


def test_record_is_json(sequence):
    record = VideoToSpikes(SpikeCamera(noise=SensorNoise()), size=(3, 4)).record(sequence, SEED)
    assert json.loads(json.dumps(record)) == record


def test_rate_follows_the_light(sequence, tmp_path):
    settings = VideoToSpikes(SpikeCamera(0.8), burst_frames=128, interpolation="none", gamma=1.0)
    slow = replace(sequence, frame_rate_hz=30.0)
    write_recording(slow, settings, tmp_path / "a.h5", SEED)
    frame = next(sequence.frames(None, 1.0))
    with Recording.open(tmp_path / "a.h5") as recording:
        rate = recording.window(0, 128).mean(0)
    np.testing.assert_allclose(rate, 0.8 * frame.intensity, atol=1.001 / 128)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"burst_frames": 200}, "burst of 200 spike frames reaches beyond"),
        ({"burst_frames": -1}, "burst_frames must be 0 or more, not -1"),
        ({"gamma": 0.0}, "gamma must be positive"),
    ],
)
def test_bad_settings(sequence, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        write_recording(sequence, VideoToSpikes(SpikeCamera(), **change), tmp_path / "a.h5", SEED)


def test_one_picture(folder, tmp_path):
    for index in (1, 2, 3):
        (folder / "rgb" / f"{index}.png").unlink()
    sequence = PictureSequence(ImageFolder(folder / "rgb"), 30.0)
    write_recording(sequence, VideoToSpikes(SpikeCamera()), tmp_path / "a.h5", SEED)
    with Recording.open(tmp_path / "a.h5") as recording:
        assert recording.window(0, 128).shape == (128, 24, 32)
    with pytest.raises(ValueError, match="two pictures or more"):
        write_recording(sequence, VideoToSpikes(SpikeCamera(), 0), tmp_path / "b.h5", SEED)


def test_nothing_is_left_of_a_failure(folder, sequence, tmp_path):
    (folder / "rgb" / "2.png").write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"cannot read image .*2\.png"):
        write_recording(sequence, VideoToSpikes(SpikeCamera(), 20), tmp_path / "out" / "a.h5", SEED)
    assert list(chain.from_iterable(p.iterdir() for p in tmp_path.glob("out"))) == []
