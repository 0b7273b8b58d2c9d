import numpy as np
import pytest
from PIL import Image

from snn_depth.data.simulation.sequence import PictureSequence
from snn_depth.data.simulation.video import ImageFolder


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "rgb").mkdir()
    (tmp_path / "depth").mkdir()
    for index in range(3):
        rgb = rng.integers(0, 256, (12, 20, 3), np.uint8)
        Image.fromarray(rgb).save(tmp_path / "rgb" / f"{index}.png")
        depth = np.full((12, 20), 1000 * (index + 1), np.uint16)
        Image.fromarray(depth).save(tmp_path / "depth" / f"{index}.png")
    return tmp_path


def sequence(folder, **parts):
    depth_paths = sorted((folder / "depth").iterdir())
    return PictureSequence(ImageFolder(folder / "rgb"), 10.0, depth_paths, 1e-3, **parts)


def test_frames_carry_their_parts(folder):
    poses = np.tile(np.eye(4), (3, 1, 1)) * np.arange(1, 4)[:, None, None]
    frames = list(sequence(folder, poses=poses).frames(None, 2.2))
    assert [frame.depth_m[0, 0] for frame in frames] == [1, 2, 3]
    assert [frame.pose[0, 0] for frame in frames] == [1, 2, 3]
    assert frames[0].rgb.shape == (12, 20, 3)
    assert frames[0].intensity.shape == (12, 20)


def test_frames_in_another_size(folder):
    frame = next(sequence(folder).frames((6, 5), 2.2))
    assert frame.rgb.shape == (6, 5, 3)
    assert frame.rgb.dtype == np.uint8
    assert frame.intensity.shape == frame.depth_m.shape == (6, 5)


def test_intrinsics_follow_the_size(folder):
    scaled = sequence(folder, intrinsics=np.diag([10.0, 20, 1])).scaled_intrinsics((6, 5))
    assert (scaled[0, 0], scaled[1, 1]) == (2.5, 10)
    assert sequence(folder).scaled_intrinsics((6, 5)) is None


def test_numbers_that_differ_are_both_named(folder):
    (folder / "depth" / "2.png").unlink()
    with pytest.raises(ValueError, match="2 depth maps for 3 pictures"):
        sequence(folder)


def test_poses_that_are_missing(folder):
    with pytest.raises(ValueError, match="4 poses for 3 pictures"):
        sequence(folder, poses=np.zeros((4, 4, 4)))


def test_depth_of_another_size(folder):
    Image.fromarray(np.ones((12, 19), np.uint16)).save(folder / "depth" / "1.png")
    frames = sequence(folder).frames(None, 2.2)
    next(frames)
    with pytest.raises(ValueError, match=r"1\.png is \(12, 19\) but its picture is \(12, 20\)"):
        next(frames)


def test_bad_rate(folder):
    with pytest.raises(ValueError, match="frame_rate_hz must be positive, not 0"):
        PictureSequence(ImageFolder(folder / "rgb"), 0)
