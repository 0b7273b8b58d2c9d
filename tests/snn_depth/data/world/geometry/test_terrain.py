import numpy as np
import pytest
import torch

from snn_depth.data.world.geometry.primitives import Material, PrimitiveList
from snn_depth.data.world.geometry.ray_casting import PinholeCamera, cast_depth
from snn_depth.data.world.geometry.terrain import KERB_M, add_ground, make_terrain

GREY = Material((0.3, 0.3, 0.3))


def hills(seed: int = 0) -> tuple:
    terrain = make_terrain(
        np.random.default_rng(seed),
        -27.0,
        200.0,
        road_half_width_m=4.0,
        pavement_m=2.0,
        max_slope=0.1,
        bank_slopes=(0.05, -0.1),
    )
    primitives = PrimitiveList()
    add_ground(primitives, terrain, 2.0, GREY, GREY, GREY)
    return terrain, primitives.build()


def from_above(x: float, y: float, z: float) -> torch.Tensor:
    pose = torch.eye(4, dtype=torch.float64)
    pose[:3, :3] = torch.tensor([[0.0, -1, 0], [-1, 0, 0], [0, 0, -1]])
    pose[:3, 3] = torch.tensor([x, y, z])
    return pose


def test_rays_from_above_meet_the_ground_at_its_height() -> None:
    terrain, ground = hills()
    one_ray = PinholeCamera(1, 1, 10.0, 0.0, 0.0)
    rng = np.random.default_rng(1)
    for x, y in rng.uniform((-20, -60), (190, 60), (60, 2)):
        z = terrain.height(x, y) + 7.0
        depth_m = cast_depth(ground, one_ray, from_above(x, y, z))
        assert float(depth_m) == pytest.approx(7.0, abs=2e-3)


def test_ground_has_no_holes() -> None:
    terrain, ground = hills()
    camera = PinholeCamera.centered(80, 80, 30.0)
    depth_m = cast_depth(ground, camera, from_above(60.0, 0.0, terrain.height(60, 0) + 20))
    assert torch.isfinite(depth_m).all()
    assert float(depth_m.max()) < 30


def test_profile_by_hand() -> None:
    terrain, _ = hills()
    assert terrain.height(-27.0, 0.0) == 0.0
    assert terrain.height(50.0, 5.0) - terrain.height(50.0, 0.0) == pytest.approx(KERB_M)
    assert terrain.height(50.0, 16.0) - terrain.height(50.0, 6.0) == pytest.approx(-1.0)
    assert terrain.height(50.0, -16.0) - terrain.height(50.0, -6.0) == pytest.approx(0.5)
    slopes = np.diff(terrain.rise_m) / np.diff(terrain.x_m)
    assert 0.01 < np.abs(slopes).max() <= 0.1
    assert terrain.slope(40.5) == pytest.approx(slopes[7], abs=1e-9)  # within one cell
