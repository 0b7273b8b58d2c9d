from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from snn_depth.data.simulation.picture_frames import PictureFrames, open_pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, their depth and poses."""
    rng = np.random.default_rng(0)
    (tmp_path / "rgb").mkdir()
    (tmp_path / "depth").mkdir()
    for index in range(3):
        rgb = rng.integers(0, 256, (12, 20, 3), np.uint8)
        Image.fromarray(rgb).save(tmp_path / "rgb" / f"{index}.png")
        depth = np.full((12, 20), 1000 * (index + 1), np.uint16)
        Image.fromarray(depth).save(tmp_path / "depth" / f"{index}.png")
    poses = np.tile(np.eye(4)[:3], (3, 1, 1))
    poses[:, 0, 3] = 1, 2, 3
    np.savetxt(tmp_path / "poses.txt", poses.reshape(3, 12))
    return tmp_path


def pictures(folder: Path, **parts: Path) -> PictureFrames:
    return open_pictures(folder / "rgb", depth=folder / "depth", depth_scale="1/1000", **parts)


def save_video(path: Path, num_frames: int) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (20, 12))
    for index in range(num_frames):
        writer.write(np.full((12, 20, 3), 50 * index, np.uint8))
    writer.release()
    return path


def test_frames_carry_their_parts(folder: Path) -> None:
    frames = list(pictures(folder, poses=folder / "poses.txt"))
    read = [frame.read() for frame in frames]
    assert [None if depth is None else depth[0, 0] for _, depth in read] == [1, 2, 3]
    assert [None if frame.pose is None else frame.pose[0, 3] for frame in frames] == [1, 2, 3]
    for index, (rgb, _) in enumerate(read):
        stored = Image.open(folder / "rgb" / f"{index}.png")
        np.testing.assert_array_equal(rgb, np.asarray(stored))


def test_a_pattern_chooses_the_pictures(folder: Path) -> None:
    Image.fromarray(np.zeros((12, 20), np.uint8)).save(folder / "rgb" / "0.depth.png")
    frames = open_pictures(folder / "rgb", "?.png")
    assert (len(frames), frames.declared_rate_hz) == (3, None)
    assert [Path(frame.name).name for frame in frames] == ["0.png", "1.png", "2.png"]
    assert frames.files == [folder / "rgb" / f"{index}.png" for index in range(3)]


def test_frames_of_a_video_are_decoded_on_the_way(folder: Path) -> None:
    video = save_video(folder / "a.avi", 3)
    frames = open_pictures(video, depth=folder / "depth", depth_scale="1/1000")
    assert (len(frames), frames.declared_rate_hz) == (3, 25.0)
    for index, frame in enumerate(frames):
        rgb, depth_m = frame.read()
        assert abs(int(rgb[5, 5, 0]) - 50 * index) < 6
        assert depth_m is not None and depth_m[0, 0] == index + 1
    assert frames.files == [video, *(folder / "depth" / f"{index}.png" for index in range(3))]


def test_numbers_that_differ_are_both_named(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"3 depth maps for 2 pictures in .*a\.avi"):
        open_pictures(save_video(folder / "a.avi", 2), depth=folder / "depth")
    np.savetxt(folder / "poses.txt", np.tile(np.eye(4)[:3].reshape(1, 12), (4, 1)))
    with pytest.raises(ValueError, match="4 poses for 3 pictures"):
        pictures(folder, poses=folder / "poses.txt")
    (folder / "depth" / "2.png").unlink()
    with pytest.raises(ValueError, match="2 depth maps for 3 pictures"):
        pictures(folder)


def test_depth_of_another_size(folder: Path) -> None:
    Image.fromarray(np.ones((12, 19), np.uint16)).save(folder / "depth" / "1.png")
    frames = list(pictures(folder))
    frames[0].read()
    with pytest.raises(ValueError, match=r"1\.png is \(12, 19\) but its picture is \(12, 20\)"):
        frames[1].read()


def test_sequence_of_a_constant_rate(folder: Path) -> None:
    sequence = pictures(folder).sequence(10.0, "30,31,10,6")
    assert sequence.intrinsics is not None
    np.testing.assert_array_equal(sequence.intrinsics, [[30, 0, 10], [0, 31, 6], [0, 0, 1]])
    assert sequence.record() == {
        "num_pictures": 3,
        "frame_rate_hz": 10.0,
        "num_depth_maps": 3,
        "metres_per_unit": 0.001,
        "num_poses": 0,
        "intrinsics": [[30, 0, 10], [0, 31, 6], [0, 0, 1]],
    }
    assert [sequence.time_s(k, frame) for k, frame in sequence.needed()] == [0.0, 0.1, 0.2]


def test_bad_rate(folder: Path) -> None:
    with pytest.raises(ValueError, match="frame_rate_hz must be positive, not 0"):
        pictures(folder).sequence(0)
