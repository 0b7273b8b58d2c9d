from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from snn_depth.data.sets.key_frame import read_sample
from snn_depth.data.streams.recording import Recording, RecordingWriter
from snn_depth.data.streams.vidar import unpack_frames


def spikes(num_frames: int, height: int = 3, width: int = 5) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2, (num_frames, height, width), np.uint8)


def write(path: Path, frames: np.ndarray, num_key_frames: int = 0, **options: Any) -> None:
    _, height, width = frames.shape
    with RecordingWriter(path, height, width, 20_000.0, **options) as writer:
        writer.append_spikes(frames)
        for k in range(num_key_frames):
            writer.append_key_frame(spike_index=4 * k + 2, timestamp_s=0.1 * k)


def test_everything_comes_back(tmp_path: Path) -> None:
    path, frames, rng = tmp_path / "a.h5", spikes(12), np.random.default_rng(1)
    rgb = rng.integers(0, 256, (3, 3, 5, 3), np.uint8)
    depth_m = rng.random((3, 3, 5)).astype(np.float32)
    depth_m[0, 0] = np.nan
    pose = rng.random((3, 4, 4))
    camera = {"gain": 0.5, "noise": None, "seed": [1, 2]}
    with RecordingWriter(
        path, 3, 5, 1e4, burst_frames=4, intrinsics=np.eye(3), camera=camera, license="CC0, \u00e9"
    ) as writer:
        for k in range(3):  # pieces that do not match the bursts
            writer.append_key_frame(
                rgb=rgb[k],
                depth_m=depth_m[k],
                pose=pose[k],
                timestamp_s=0.1 * k,
                spike_index=4 * k + 2,
            )
        for piece in (frames[:5], frames[5:5], frames[5:].astype(bool)):
            writer.append_spikes(piece)
    with Recording.open(path) as recording:
        assert recording.spikes.shape == (12, 3, 5)
        assert recording.spikes.sample_rate_hz == 1e4
        np.testing.assert_array_equal(recording.spikes[:], frames)
        assert (recording.num_key_frames, recording.burst_frames) == (3, 4)
        assert (recording.camera, recording.license) == (camera, "CC0, \u00e9")
        np.testing.assert_array_equal(recording.intrinsics, np.eye(3))
        for k in range(3):
            np.testing.assert_array_equal(recording.rgb(k), rgb[k])
            np.testing.assert_array_equal(recording.depth_m(k), depth_m[k])
            np.testing.assert_array_equal(recording.pose(k), pose[k])
            assert recording.timestamp_s(k) == 0.1 * k
            assert recording.spike_index(k) == 4 * k + 2
        with pytest.raises(IndexError, match="key frame 3 of 3"):
            recording.rgb(3)
    with pytest.raises(ValueError, match="closed"):
        recording.spikes[0]


def test_absent_parts_are_none(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", spikes(8), num_key_frames=2)
    with Recording.open(tmp_path / "a.h5") as recording:
        assert recording.rgb(0) is recording.depth_m(1) is recording.pose(0) is None
        assert recording.intrinsics is recording.camera is recording.license is None


def test_layout_on_disk(tmp_path: Path) -> None:
    """The layout is a promise to other programs: plain h5py reads it."""
    frames = spikes(1000, 64, 128)
    write(tmp_path / "a.h5", frames, num_key_frames=1)
    with h5py.File(tmp_path / "a.h5") as file:
        assert file.attrs["format"] == b"snn-depth-recording"
        assert file.attrs["schema_version"] == 3
        assert file["spikes"].shape == (1000, 1024)
        assert file["spikes"].chunks == (128, 1024)  # by time
        np.testing.assert_array_equal(unpack_frames(file["spikes"][:], 64, 128), frames)
        assert file["spike_index"].dtype == np.int64


def test_window_of_a_stream(tmp_path: Path) -> None:
    frames = spikes(10)
    write(tmp_path / "a.h5", frames, num_key_frames=2)  # at spike frames 2 and 6
    with Recording.open(tmp_path / "a.h5") as recording:
        np.testing.assert_array_equal(recording.window(1, 7), frames[3:10])
        np.testing.assert_array_equal(recording.window(0, 4), frames[0:4])
        for k, num_frames in ((0, 6), (1, 9), (1, 0)):
            with pytest.raises(ValueError, match=rf"window of {num_frames} .* 0\.\.9"):
                recording.window(k, num_frames)


def test_window_stays_in_its_burst(tmp_path: Path) -> None:
    frames = spikes(12)
    write(tmp_path / "a.h5", frames, num_key_frames=3, burst_frames=4)
    with Recording.open(tmp_path / "a.h5") as recording:
        np.testing.assert_array_equal(recording.window(1, 4), frames[4:8])
        with pytest.raises(ValueError, match=r"leaves the recorded frames 4\.\.7"):
            recording.window(1, 6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"height": 0}, "frame size is 0x5"),
        ({"sample_rate_hz": float("nan")}, "sample_rate_hz is nan"),
        ({"burst_frames": -1}, "burst_frames is -1"),
        ({"intrinsics": [1.0, 2.0]}, r"intrinsics are \(2,\)"),
    ],
)
def test_bad_settings(tmp_path: Path, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RecordingWriter(
            tmp_path / "a.h5", **{"height": 3, "width": 5, "sample_rate_hz": 1.0, **arguments}
        )


def key_frame(**parts: np.ndarray) -> dict[str, Any]:
    return {"spike_index": 0, "timestamp_s": 0.0, **parts}


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ([], "no spike frames"),
        ([spikes(2, 5, 3)], r"shape \(5, 3\); accepted: \(3, 5\)"),
        ([2 * spikes(2)], "the value 2"),
        ([key_frame(rgb=np.zeros((3, 5, 3)))], "rgb is of type float64; accepted: uint8"),
        ([key_frame(rgb=np.zeros((5, 3, 3), np.uint8))], r"rgb has shape \(5, 3, 3\)"),
        ([key_frame(pose=np.eye(3))], r"pose has shape \(3, 3\); accepted: \(4, 4\)"),
        ([key_frame(depth_m=np.full((3, 5), np.inf))], "infinite or negative"),
        ([key_frame(depth_m=np.full((3, 5), -1.0))], "infinite or negative"),
        ([key_frame(pose=np.eye(4)), key_frame()], "key frame 1 has the parts"),
    ],
)
def test_bad_pieces_leave_no_file(tmp_path: Path, pieces: list, message: str) -> None:
    (tmp_path / "a.h5").write_text("an older file")
    with (
        pytest.raises(ValueError, match=message),
        RecordingWriter(tmp_path / "a.h5", 3, 5, 1.0) as writer,
    ):
        for piece in pieces:
            if isinstance(piece, dict):
                writer.append_key_frame(**piece)
            else:
                writer.append_spikes(piece)
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]
    assert (tmp_path / "a.h5").read_text() == "an older file"


def test_an_interrupted_writer_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), RecordingWriter(tmp_path / "a.h5", 3, 5, 1.0) as writer:
        writer.append_spikes(spikes(4))
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda file: file.attrs.update(schema_version=7), "schema_version is 7; accepted: 1 or 3"),
        (lambda file: file.attrs.update(schema_version=2), "schema_version is 2; accepted: 1 or 3"),
        (lambda file: file.attrs.update(format="other"), "format is 'other'; accepted"),
        (lambda file: file.attrs.update(schema_version=[1, 1]), r"a\.h5 is corrupt"),
        (lambda file: file.attrs.update(width=500), "dataset spikes is uint8"),
        (lambda file: file.attrs.update(height="high"), "corrupt"),
        (lambda file: file.attrs.update(sample_rate_hz=0), "sample_rate_hz is 0"),
        (lambda file: file.attrs.update(camera="{"), "corrupt"),
        (lambda file: file.attrs.__delitem__("burst_frames"), "corrupt"),
        (lambda file: file.__delitem__("spikes"), "corrupt"),
        (lambda file: file.__delitem__("spike_index"), "corrupt"),
        (lambda file: file.create_dataset("rgb", (1, 3, 5, 3), "u1"), "dataset rgb"),
        (lambda file: file.create_dataset("intrinsics", (3, 4), "f8"), "dataset intrinsics"),
        (lambda file: file.create_group("depth_m"), "corrupt"),
    ],
)
def test_damaged_recordings(
    tmp_path: Path, damage: Callable[[h5py.File], object], message: str
) -> None:
    write(tmp_path / "a.h5", spikes(8), num_key_frames=2)
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        damage(file)
    with pytest.raises(ValueError, match=message):
        Recording.open(tmp_path / "a.h5")
    (tmp_path / "a.h5").rename(tmp_path / "b.h5")  # and it is not kept open
    h5py.File(tmp_path / "b.h5", "r+").close()


def test_foreign_files(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.touch()
    with pytest.raises(ValueError, match="is empty"):
        Recording.open(path)
    path.write_bytes(b"hello")
    with pytest.raises(ValueError, match="not a readable HDF5"):
        Recording.open(path)
    with h5py.File(path, "w") as file:
        file["spikes"] = np.zeros((3, 2), np.uint8)
    with pytest.raises(ValueError, match="HDF5 but not a recording"):
        Recording.open(path)
    with pytest.raises(FileNotFoundError):
        Recording.open(tmp_path / "missing.h5")


def test_key_frames_without_times(tmp_path: Path) -> None:
    """This project writes them always, others need not."""
    write(tmp_path / "a.h5", spikes(20), num_key_frames=1)
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        del file["timestamps_s"]
    with Recording.open(tmp_path / "a.h5") as recording:
        assert recording.timestamp_s(0) is None
        assert not read_sample(recording, 0, 4, 2)["spikes"].has("time_s")
