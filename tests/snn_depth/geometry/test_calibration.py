import cv2
import numpy as np
import pytest

from snn_depth.geometry.calibration import read_intrinsics, read_poses, scale_intrinsics


def some_poses(count=3):
    poses = np.tile(np.eye(4), (count, 1, 1))
    for index, pose in enumerate(poses):
        pose[:3, :3] = cv2.Rodrigues(np.array([0.1, -0.2, 0.3]) * index)[0]
        pose[:3, 3] = [index, 2, 3]
    return poses


@pytest.mark.parametrize("columns", [12, 16])
def test_poses_in_one_file(tmp_path, columns):
    poses = some_poses()
    np.savetxt(tmp_path / "poses.txt", poses.reshape(3, 16)[:, :columns])
    np.testing.assert_allclose(read_poses(tmp_path / "poses.txt"), poses)


def test_one_file_per_pose(tmp_path):
    poses = some_poses(11)
    for index, pose in enumerate(poses):
        np.savetxt(tmp_path / f"frame-{index}.pose.txt", pose)
    (tmp_path / "camera.txt").write_text("not a pose")
    np.testing.assert_allclose(read_poses(tmp_path), poses)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 0 0 0", "has 4 numbers; expected 12"),
        ("0 " * 12, "row 0 is not a rotation"),
        ("nan " + "0 " * 11, "not a rotation"),
        ("fx fy", "not a table of numbers"),
    ],
)
def test_bad_poses(tmp_path, text, message):
    (tmp_path / "poses.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_poses(tmp_path / "poses.txt")


def test_missing_poses(tmp_path):
    with pytest.raises(OSError, match="absent"):
        read_poses(tmp_path / "absent.txt")


@pytest.mark.parametrize("text", ["585,586,320,240", "585 586 320 240", "585, 586, 320, 240"])
def test_intrinsics_from_text(text):
    expected = [[585, 0, 320], [0, 586, 240], [0, 0, 1]]
    np.testing.assert_array_equal(read_intrinsics(text), expected)


def test_intrinsics_from_file(tmp_path):
    matrix = np.array([[585.0, 0, 320], [0, 586, 240], [0, 0, 1]])
    np.savetxt(tmp_path / "k.txt", matrix)
    np.testing.assert_array_equal(read_intrinsics(str(tmp_path / "k.txt")), matrix)
    np.savetxt(tmp_path / "bad.txt", matrix[:2])
    with pytest.raises(ValueError, match="expected 3x3"):
        read_intrinsics(str(tmp_path / "bad.txt"))


@pytest.mark.parametrize("text", ["585,320,240", "0,585,1,1", "nan,1,1,1"])
def test_bad_intrinsics(text):
    with pytest.raises(ValueError, match="fx,fy,cx,cy"):
        read_intrinsics(text)


def test_scaled_intrinsics_see_the_same_points():
    intrinsics = np.array([[700.0, 0, 610], [0, 710, 172], [0, 0, 1]])
    scaled = scale_intrinsics(intrinsics, (375, 1242), (125, 414))
    point = np.array([1.0, -0.5, 10])
    before, after = (matrix @ point / point[2] for matrix in (intrinsics, scaled))
    # Where a pixel lies in the picture, as a fraction of its extent, does not change.
    np.testing.assert_allclose((before[0] + 0.5) / 1242, (after[0] + 0.5) / 414)
    np.testing.assert_allclose((before[1] + 0.5) / 375, (after[1] + 0.5) / 125)
