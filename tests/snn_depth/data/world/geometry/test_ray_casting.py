import math

import pytest
import torch

from snn_depth.data.world.geometry.primitives import Primitives
from snn_depth.data.world.geometry.ray_casting import PinholeCamera, cast, cast_depth
from snn_depth.data.world.geometry.shapes import Shape, enter
from tests.snn_depth.data.world.handmade import looking_along_x, one, random_scene

CAMERA = PinholeCamera.centered(24, 40, 22.0)


def cast_plainly(primitives: Primitives, camera: PinholeCamera, pose: torch.Tensor) -> torch.Tensor:
    """Every primitive against every ray, in float64."""
    ray = camera.directions().double() @ pose[:3, :3].T
    best = torch.full((len(ray),), torch.inf, dtype=torch.float64)
    for i in range(len(primitives)):
        to_local = primitives.local_from_world[i]
        origin = to_local @ (pose[:3, 3] - primitives.center[i])
        start = tuple(o.expand(len(ray)) for o in origin)
        direction = tuple((ray @ to_local.T).T)
        taper = tuple(primitives.taper[i].double()[:, None].expand(2, len(ray)))
        best = best.minimum(enter(Shape(int(primitives.shape[i])), start, direction, taper))
    return best.reshape(camera.height, camera.width)


@pytest.mark.parametrize("seed", range(6))
def test_equals_every_primitive_against_every_ray(seed: int) -> None:
    primitives, pose = random_scene(seed), looking_along_x()
    plain = cast_plainly(primitives, CAMERA, pose)
    depth_m = cast_depth(primitives, CAMERA, pose)
    visible = plain > 0.06  # nearer than the near plane nothing is seen
    different = (depth_m.double() - plain).abs() > 1e-3 * plain.clamp(max=1e3)
    different |= torch.isinf(depth_m) != torch.isinf(plain)
    # Rays that graze an edge may fall either way in float32.
    assert (different & visible).float().mean() < 0.003
    assert 0.2 < torch.isfinite(plain).float().mean()


@pytest.mark.parametrize("seed", range(3))
def test_owner_is_the_primitive_that_is_nearest(seed: int) -> None:
    primitives, pose = random_scene(seed), looking_along_x()
    hits = cast(primitives, CAMERA, pose)
    assert torch.equal(hits.depth_m, cast_depth(primitives, CAMERA, pose).flatten())
    for i in hits.primitive[hits.depth_m < torch.inf].unique().tolist():
        alone = cast(primitives.select(torch.tensor([i])), CAMERA, pose).depth_m
        owned = (hits.primitive == i) & (hits.depth_m < torch.inf)
        torch.testing.assert_close(alone[owned], hits.depth_m[owned], atol=0, rtol=1e-5)


def test_depth_is_along_the_axis_not_along_the_ray() -> None:
    wall = one(Shape.BOX, (11, 0, 0), (2, 60, 60))
    depth_m = cast_depth(wall, CAMERA, looking_along_x())
    torch.testing.assert_close(depth_m, torch.full((24, 40), 10.0))


def test_no_depth_lies_between_a_pole_and_the_wall_behind() -> None:
    pole, wall = one(Shape.BOX, (5, 0, 0), (0.2, 0.3, 60)), one(Shape.BOX, (21, 0, 0), (2, 60, 60))
    depth_m = cast_depth(pole.join(wall), CAMERA, looking_along_x())
    assert depth_m.unique().round(decimals=3).unique().tolist() == pytest.approx([4.9, 20.0])


def test_ground_depth_by_hand() -> None:
    ground = one(Shape.BOX, (0, 0, -1), (400, 400, 2))
    depth_m = cast_depth(ground, CAMERA, looking_along_x(z=1.5))
    rows = torch.arange(24) - 11.5
    expected = torch.where(rows > 0, 1.5 * 22 / rows, torch.inf)
    expected = torch.where(expected > 200, torch.inf, expected)
    torch.testing.assert_close(depth_m, expected[:, None].expand(24, 40), rtol=1e-5, atol=0)


def test_ball_and_turned_box_by_hand() -> None:
    middle = PinholeCamera(1, 1, 22.0, 0.0, 0.0)
    ball = one(Shape.BALL, (9, 0, 0), (4, 1, 1))
    assert float(cast_depth(ball, middle, looking_along_x())) == pytest.approx(7.0)
    box = one(Shape.BOX, (9, 0, 0), (2, 2, 2), yaw=math.pi / 4)
    assert float(cast_depth(box, middle, looking_along_x())) == pytest.approx(9 - math.sqrt(2))


def test_what_is_behind_or_around_the_camera_is_not_seen() -> None:
    behind = one(Shape.BOX, (-9, 0, 0), (2, 60, 60))
    around = one(Shape.BOX, (0, 0, 0), (2, 2, 2))
    for scene in (behind, around):
        assert torch.isinf(cast_depth(scene, CAMERA, looking_along_x())).all()


def test_supersampled_pixels_lie_evenly_in_theirs() -> None:
    fine = CAMERA.supersampled(2).directions().reshape(24, 2, 40, 2, 3)
    coarse = CAMERA.directions().reshape(24, 40, 3)
    torch.testing.assert_close(fine.mean(dim=(1, 3)), coarse)


def test_intrinsics_project_directions_to_pixels() -> None:
    image = CAMERA.directions().double() @ CAMERA.intrinsics.T
    rows, columns = torch.meshgrid(torch.arange(24), torch.arange(40), indexing="ij")
    torch.testing.assert_close(image[:, 0], columns.flatten().double(), atol=1e-5, rtol=0)
    torch.testing.assert_close(image[:, 1], rows.flatten().double(), atol=1e-5, rtol=0)
