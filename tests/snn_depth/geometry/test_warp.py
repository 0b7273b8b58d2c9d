from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from snn_depth.data.world.capture.optics import luminance, pixels
from snn_depth.data.world.capture.render import render
from snn_depth.data.world.domains import sample_conditions
from snn_depth.data.world.geometry.ray_casting import PinholeCamera
from snn_depth.data.world.scenery.layouts import LAYOUTS
from snn_depth.data.world.scenery.street_scene import make_scene
from snn_depth.geometry.intrinsics import mirror_intrinsics, scale_intrinsics
from snn_depth.geometry.poses import mirror_transform, relative_transform
from snn_depth.geometry.warp import Reprojection, reproject


def camera(f: float, cx: float, cy: float, skew: float = 0.0) -> torch.Tensor:
    matrix = [[f, skew, cx], [0, 1.1 * f, cy], [0, 0, 1]]
    return torch.tensor([matrix], dtype=torch.float64)


def motion(x: float = 0, y: float = 0, z: float = 0, turn: float = 0) -> torch.Tensor:
    """source_from_target of a camera that is moved, and turned about its y axis."""
    transform = torch.eye(4, dtype=torch.float64)
    c, s = np.cos(turn), np.sin(turn)
    transform[:3, :3] = torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    transform[:3, 3] = torch.tensor([x, y, z])
    return transform[None]


TARGET, SOURCE = camera(9, 3.2, 2.4, skew=0.3), camera(12, 5.1, 3.3)
# The target is larger than the source's picture; some points are behind the source.
MOVED = motion(0.4, -0.2, -1.5, turn=0.2)


def random_maps(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Target depth with gaps (6 x 8), and picture and depth of the source (7 x 11)."""
    rng = np.random.default_rng(seed)
    depth = rng.uniform(1, 6, (1, 1, 6, 8))
    depth[..., 1, 2], depth[..., 4, 7] = 0, np.nan
    source_depth = rng.uniform(2.5, 3, (1, 1, 7, 11))
    source_depth[..., :3], source_depth[..., 0] = rng.uniform(1, 5, (1, 1, 7, 3)), np.nan
    picture = rng.random((1, 2, 7, 11))
    return torch.from_numpy(depth), torch.from_numpy(picture), torch.from_numpy(source_depth)


def bilinear(image: np.ndarray, x: float, y: float) -> np.ndarray:
    """Value at a place of an image (C, H, W) whose border continues."""
    height, width = image.shape[1:]
    x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    i, j = min(int(y), height - 2), min(int(x), width - 2)
    v, u = y - i, x - j
    top = (1 - u) * image[:, i, j] + u * image[:, i, j + 1]
    bottom = (1 - u) * image[:, i + 1, j] + u * image[:, i + 1, j + 1]
    return (1 - v) * top + v * bottom


def pixel_by_pixel(depth, picture, source_depth, tolerance):
    """What `reproject` makes of random maps, one pixel after the other."""
    K, K_source, T = (x[0].numpy() for x in (TARGET, SOURCE, MOVED))
    depth, picture, source_depth = (x[0].numpy() for x in (depth, picture, source_depth))
    height, width = depth.shape[1:]
    warped = np.zeros((2, height, width))
    in_view, seen = np.zeros((2, height, width), bool)
    known, inverse = (source_depth > 0).astype(float), np.ones_like(source_depth)
    inverse[known > 0] = 1 / source_depth[known > 0]
    for i in range(height):
        for j in range(width):
            if not depth[0, i, j] > 0:
                continue
            ray = np.array([(j - K[0, 2] - K[0, 1] * (i - K[1, 2]) / K[1, 1]) / K[0, 0], 0, 1])
            ray[1] = (i - K[1, 2]) / K[1, 1]
            X, Y, Z = T[:3, :3] @ (depth[0, i, j] * ray) + T[:3, 3]
            if Z <= 0:
                continue
            x = K_source[0, 0] * X / Z + K_source[0, 2]
            y = K_source[1, 1] * Y / Z + K_source[1, 2]
            if not (-0.5 <= x <= 10.5 and -0.5 <= y <= 6.5):
                continue
            in_view[i, j], warped[:, i, j] = True, bilinear(picture, x, y)
            is_near = abs(Z * bilinear(inverse, x, y)[0] - 1) < tolerance
            seen[i, j] = is_near and bilinear(known, x, y)[0] > 0.9999
    return warped, in_view, seen


def moved(depth: torch.Tensor, transform: torch.Tensor = MOVED) -> Reprojection:
    return reproject(depth, TARGET, SOURCE, transform, (7, 11))


@pytest.mark.parametrize("seed", range(3))
def test_warp_equals_a_loop_over_pixels(seed: int) -> None:
    depth, picture, source_depth = random_maps(seed)
    warped, in_view, seen = pixel_by_pixel(depth, picture, source_depth, 0.3)
    result = moved(depth)
    np.testing.assert_array_equal(result.in_view[0, 0], in_view)
    assert 0 < in_view.sum() < np.count_nonzero(depth > 0) and 0 < seen.sum() < in_view.sum()
    np.testing.assert_allclose((result.sample(picture)[0] * result.in_view[0]), warped, atol=1e-12)
    np.testing.assert_array_equal(result.is_seen(source_depth, 0.3)[0, 0], seen)
    assert result.grid.isfinite().all() and result.depth_m.isfinite().all()


def test_each_sample_of_a_batch_has_its_own_cameras() -> None:
    (depth, picture, _), (other, *_) = random_maps(0), random_maps(1)
    both = reproject(
        torch.cat([depth, other]),
        torch.cat([TARGET, 1.01 * TARGET]),
        torch.cat([SOURCE, TARGET]),
        torch.cat([MOVED, motion(turn=-0.1)]),
        (7, 11),
    )
    alone = reproject(other, 1.01 * TARGET, TARGET, motion(turn=-0.1), (7, 11))
    first = moved(depth)
    torch.testing.assert_close(both.grid, torch.cat([first.grid, alone.grid]))
    assert torch.equal(both.in_view, torch.cat([first.in_view, alone.in_view]))
    torch.testing.assert_close(
        both.sample(picture.expand(2, -1, -1, -1))[:1], first.sample(picture)
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_camera_that_does_not_move_sees_the_same(dtype: torch.dtype) -> None:
    rng = np.random.default_rng(0)
    picture = torch.from_numpy(rng.random((2, 3, 37, 53)))
    depth = torch.from_numpy(rng.uniform(1, 80, (2, 1, 37, 53))).to(dtype)
    matrix = camera(61.3, 25.7, 18.1).expand(2, -1, -1)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        result = reproject(depth, matrix, matrix, motion().expand(2, -1, -1), (37, 53))
        warped = result.sample(picture.to(dtype))
    assert result.in_view.all() and result.is_seen(depth).all()
    assert result.grid.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    tolerance = {torch.float32: 1e-4, torch.float64: 1e-12, torch.bfloat16: 4e-3}[dtype]
    torch.testing.assert_close(warped.double(), picture, atol=tolerance, rtol=0)


def test_a_camera_to_the_right_sees_a_wall_further_left() -> None:
    picture = torch.arange(40.0).reshape(1, 1, 4, 10)
    wall = torch.full((1, 1, 4, 10), 5.0)
    # The source is 1 m to the right: f x / Z = 2 pixels.
    result = reproject(wall, camera(10, 4, 2), camera(10, 4, 2), motion(x=-1), (4, 10))
    torch.testing.assert_close(result.sample(picture)[..., 2:], picture[..., :-2])
    assert result.in_view[..., 2:].all() and not result.in_view[..., :2].any()
    torch.testing.assert_close(result.depth_m, wall)


def test_features_are_sampled_at_the_same_places_as_pictures() -> None:
    # A linear ramp over the picture's extent, on two grids.
    fine, coarse = (((torch.arange(n) + 0.5) / n).expand(1, 1, n // 2, n) for n in (32, 8))
    wall = torch.full((1, 1, 16, 32), 7.0)
    full = reproject(wall, camera(20, 15, 8), camera(20, 15, 8), motion(z=0.5), (16, 32))
    inside = slice(4, -4)  # a coarse ramp ends half a coarse pixel before the border
    torch.testing.assert_close(
        full.sample(coarse)[..., inside, inside], full.sample(fine)[..., inside, inside]
    )
    small = scale_intrinsics(camera(20, 15, 8), (16, 32), (4, 8))
    by_features = reproject(wall[..., :4, :8], small, camera(20, 15, 8), motion(z=0.5), (16, 32))
    pooled = F.avg_pool2d(full.grid.permute(0, 3, 1, 2), 4).permute(0, 2, 3, 1)
    torch.testing.assert_close(by_features.grid, pooled)


def test_a_mirrored_pair_warps_to_the_mirrored_warp() -> None:
    depth, picture, source_depth = random_maps()
    straight = moved(depth)
    mirrored = reproject(
        depth.flip(-1),
        mirror_intrinsics(TARGET, depth.shape[-1]),
        mirror_intrinsics(SOURCE, picture.shape[-1]),
        mirror_transform(MOVED),
        (7, 11),
    )
    in_view = straight.in_view
    assert torch.equal(mirrored.in_view.flip(-1), in_view)
    torch.testing.assert_close(
        mirrored.sample(picture.flip(-1)).flip(-1) * in_view, straight.sample(picture) * in_view
    )
    assert torch.equal(
        mirrored.is_seen(source_depth.flip(-1), 0.3).flip(-1), straight.is_seen(source_depth, 0.3)
    )
    unmirrored_motion = reproject(
        depth.flip(-1), mirror_intrinsics(TARGET, 8), mirror_intrinsics(SOURCE, 11), MOVED, (7, 11)
    )
    assert not torch.equal(unmirrored_motion.in_view.flip(-1), in_view)


def test_a_wall_hides_what_is_behind_it() -> None:
    far, near = torch.full((1, 1, 4, 12), 10.0), torch.full((1, 1, 4, 12), 10.0)
    near[..., 4:6] = 2.0
    matrix = camera(10, 5.5, 1.5)
    result = reproject(far, matrix, matrix, motion(x=-1), (4, 12))  # one pixel to the left
    seen = result.is_seen(near)[0, 0, 0]
    assert seen.tolist() == [False] + [True] * 4 + [False] * 2 + [True] * 5
    near[..., 8] = 0
    assert not result.is_seen(near)[0, 0, 0, 9]
    # A source that sees farther than the point looks at something else, too.
    assert not result.is_seen(2 * far).any()


def test_gradients_reach_depth_and_pose_and_stay_finite() -> None:
    depth, picture, _ = random_maps()
    depth = depth.requires_grad_()
    pose = MOVED.clone().requires_grad_()

    def seen(depth: torch.Tensor, pose: torch.Tensor) -> torch.Tensor:
        result = moved(depth, pose)
        return result.sample(picture) * result.in_view

    seen(depth, pose).sum().backward()
    for x in (depth, pose):
        assert x.grad is not None and x.grad.isfinite().all() and x.grad.abs().sum() > 0
    known = depth.detach().nan_to_num(nan=3).clamp(min=1).requires_grad_()
    assert torch.autograd.gradcheck(seen, (known, pose.detach().requires_grad_()), eps=1e-7)


def test_exact_depth_and_motion_of_the_world_explain_a_picture_by_another() -> None:
    rng = np.random.default_rng(5)
    # Haze changes with distance.
    conditions = replace(sample_conditions("clear", rng), extinction_per_m=0.0)
    scene = replace(make_scene(LAYOUTS["city"], conditions, rng, 16.0), vehicles=[])
    pinhole = PinholeCamera.centered(128, 256, 148.0)
    source, target = (render(scene, pinhole, distance_m) for distance_m in (2.0, 4.0))
    matrix, size = pinhole.intrinsics[None], (128, 256)
    true_motion = relative_transform(source.pose, target.pose)[None]
    depth_m, source_depth_m = (
        picture.depth_m[None, None].nan_to_num(posinf=0) for picture in (target, source)
    )
    light, true_light = (pixels(luminance(p.radiance)[None])[None] for p in (source, target))
    seen = reproject(depth_m, matrix, matrix, true_motion, size).is_seen(source_depth_m, 0.02)
    # Blocks of pixels away from edges: resampling blurs the finest textures.
    seen = F.avg_pool2d(1 - F.max_pool2d((~seen).float(), 3, 1, 1), 4) == 1
    assert seen.float().mean() > 0.5

    def error(warped_light: torch.Tensor) -> float:
        return F.avg_pool2d(warped_light - true_light, 4).abs()[seen].mean().item()

    def warp_error(depth_scale: float = 1, motion_scale: float = 1) -> float:
        changed = true_motion.clone()
        changed[:, :3, 3] *= motion_scale
        warped = reproject(depth_scale * depth_m, matrix, matrix, changed, size)
        return error(warped.sample(light))

    best = warp_error()
    assert best < 0.1 * error(light)
    for factor in (0.95, 1.05):
        assert best < 0.6 * warp_error(depth_scale=factor)
        assert best < 0.6 * warp_error(motion_scale=factor)
    turned = reproject(depth_m, matrix, matrix, true_motion @ motion(turn=0.01), size)
    assert best < 0.6 * error(turned.sample(light))
