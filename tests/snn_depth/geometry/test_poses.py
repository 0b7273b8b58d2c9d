import cv2
import numpy as np
import pytest
import torch

from snn_depth.geometry.poses import (
    inverse_transform,
    mirror_transform,
    read_poses,
    relative_transform,
)


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
        ("-1 0 0 0 0 1 0 0 0 0 1 0", "row 0 is not a rotation"),  # a mirror image
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


def test_inverse_and_relative_transforms_carry_points():
    world_from_a, world_from_b = (torch.from_numpy(some_poses(6)[k::2][1:]) for k in (0, 1))
    point = torch.tensor([0.3, -0.5, 7, 1], dtype=torch.float64)
    there = world_from_a @ point
    torch.testing.assert_close(
        (inverse_transform(world_from_a) @ there[..., None])[..., 0], point.expand(2, 4)
    )
    seen_by_b = torch.linalg.solve(world_from_b, there)
    b_from_a = relative_transform(world_from_b, world_from_a)
    torch.testing.assert_close(b_from_a @ point, seen_by_b)


def test_mirrored_cameras_see_mirrored_points():
    b_from_a = torch.from_numpy(some_poses(4)[1:])
    mirror = torch.tensor([-1.0, 1, 1, 1], dtype=torch.float64)
    point = torch.tensor([0.3, -0.5, 7, 1], dtype=torch.float64)
    torch.testing.assert_close(
        mirror_transform(b_from_a) @ (mirror * point), mirror * (b_from_a @ point)
    )
