from dataclasses import replace

import numpy as np
import pytest
import torch

from snn_depth.data.world.geometry.camera_motion import Drive, Wave
from snn_depth.data.world.geometry.terrain import Terrain
from snn_depth.data.world.scenery.street_scene import Scene


def constant(value: float) -> Wave:
    return Wave(value, np.zeros(2), np.ones(2), np.zeros(2))


def level_drive(**changes: Wave) -> Drive:
    x_m = np.array([-100.0, 1000.0])
    flat = Terrain(x_m, np.zeros(2), np.array([-90.0, 90.0]), np.zeros(2), 50.0)
    drive = Drive(
        flat,
        lateral_m=constant(-1.5),
        height_m=constant(1.4),
        pitch=constant(0.0),
        roll=constant(0.0),
        yaw=constant(0.0),
        speed_mps=10.0,
    )
    return replace(drive, **changes)


def test_level_camera_looks_along_the_road() -> None:
    pose = level_drive().pose(12.0)
    right, down, forward, position = pose[:3].T
    assert position.tolist() == pytest.approx([12.0, -1.5, 1.4])
    assert forward.tolist() == pytest.approx([1, 0, 0])
    assert right.tolist() == pytest.approx([0, -1, 0])
    assert down.tolist() == pytest.approx([0, 0, -1])


def test_signs_of_the_angles() -> None:
    pitched = level_drive(pitch=constant(0.1)).pose(0.0)
    assert float(pitched[2, 2]) == pytest.approx(-np.sin(0.1))  # looks down
    yawed = level_drive(yaw=constant(0.1)).pose(0.0)
    assert float(yawed[1, 2]) == pytest.approx(np.sin(0.1))  # looks left
    rolled = level_drive(roll=constant(0.1)).pose(0.0)
    assert float(rolled[2, 0]) == pytest.approx(-np.sin(0.1))  # right side down


def test_camera_follows_the_slope() -> None:
    drive = level_drive()
    uphill = Terrain(
        drive.terrain.x_m, np.array([0.0, 110.0]), drive.terrain.y_m, np.zeros(2), 50.0
    )
    pose = replace(drive, terrain=uphill).pose(30.0)
    forward = pose[:3, 2]
    assert float(forward[2] / forward[0]) == pytest.approx(0.1, abs=1e-6)
    assert float(pose[2, 3]) == pytest.approx(13.0 + 1.4)


def test_poses_are_rotations_and_change_smoothly(empty_street: Scene) -> None:
    drive = empty_street.drive
    previous = drive.pose(3.0)
    for step in range(1, 30):
        pose = drive.pose(3.0 + 0.1 * step)
        identity = pose[:3, :3] @ pose[:3, :3].T
        torch.testing.assert_close(identity, torch.eye(3, dtype=torch.float64))
        assert float(torch.linalg.det(pose[:3, :3])) == pytest.approx(1.0)
        assert float((pose - previous)[:3, :3].abs().max()) < 0.01
        assert float((pose - previous)[:3, 3].norm()) < 0.2
        previous = pose
