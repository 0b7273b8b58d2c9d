"""Rendering one key frame: linear radiance and exact depth."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from snn_depth.data.world.geometry.primitives import Primitives
from snn_depth.data.world.geometry.ray_casting import Hits, PinholeCamera, cast
from snn_depth.data.world.light.lighting import Shadows
from snn_depth.data.world.light.shading import shade, surface_at
from snn_depth.data.world.light.sky import sky_radiance
from snn_depth.data.world.light.weather import koschmieder, mirror_in_ground
from snn_depth.data.world.scenery.street_scene import Scene

SUPERSAMPLING = 2
# The camera's own lights are below it.
_HEADLIGHT_DROP_M = 0.5
_NUM_LAMPS = 8


@dataclass(frozen=True)
class Picture:
    """What comes to the lens at one moment.

    Attributes:
        radiance: Linear RGB on a grid finer by `SUPERSAMPLING`, float32 (3, s*H, s*W).
        fine_depth_m: Depth along the optical axis on that grid, (s*H, s*W); inf for the sky.
        depth_m: Depth at pixel centres, (H, W); inf for the sky.
        camera: Intrinsics of the finer grid.
        pose: Camera to world, float64 (4, 4).
    """

    radiance: Tensor
    fine_depth_m: Tensor
    depth_m: Tensor
    camera: PinholeCamera
    pose: Tensor


def render(scene: Scene, camera: PinholeCamera, distance_m: float) -> Picture:
    """Render the scene at the moment when the camera has driven a distance.

    Rays are cast on the finer grid. A pixel that one primitive fills is shaded once, because
    textures are filtered already; any other is shaded on the finer grid.
    """
    view = _View.at(scene, distance_m)
    fine = camera.supersampled(SUPERSAMPLING)
    hits, fine_hits = (cast(view.primitives, grid, view.pose) for grid in (camera, fine))
    owner = _enlarge(hits.primitive.reshape(camera.height, camera.width))
    same = (owner.flatten() == fine_hits.primitive).reshape(fine.height, fine.width)
    is_filled = F.avg_pool2d(same[None].float(), SUPERSAMPLING)[0].flatten() == 1

    painted = torch.zeros(len(is_filled), 4, device=hits.depth_m.device)
    pixel = torch.nonzero(is_filled)[:, 0]
    painted[pixel] = _paint(view, camera, hits, pixel)
    canvas = _enlarge(painted.reshape(camera.height, camera.width, 4)).reshape(-1, 4)
    pixel = torch.nonzero(~_enlarge(is_filled.reshape(camera.height, -1)).flatten())[:, 0]
    canvas[pixel] = _paint(view, fine, fine_hits, pixel)

    channels = canvas.T.reshape(4, fine.height, fine.width)
    image, wetness = channels[:3], channels[3]
    if scene.conditions.wetness > 0:
        image = image + wetness * (mirror_in_ground(image, wetness > 0) - image)
    return Picture(
        image,
        fine_hits.depth_m.reshape(fine.height, fine.width),
        hits.depth_m.reshape(camera.height, camera.width),
        fine,
        view.pose,
    )


@dataclass(frozen=True)
class _View:
    """The scene at one moment, and what is in front of the camera."""

    scene: Scene
    primitives: Primitives
    shadows: Shadows
    pose: Tensor

    @classmethod
    def at(cls, scene: Scene, distance_m: float) -> "_View":
        pose = scene.drive.pose(distance_m)
        primitives, shadows = scene.at(distance_m)
        position, forward = (pose[:3, i].to(primitives.center) for i in (3, 2))
        reach_m = primitives.world_from_local.square().sum(dim=(1, 2)).sqrt()
        in_front = (primitives.center - position) @ forward + reach_m > 0
        return cls(scene, primitives.select(in_front), shadows, pose)


def _paint(view: _View, camera: PinholeCamera, hits: Hits, pixel: Tensor) -> Tensor:
    """What comes from some pixels: linear RGB and the share that a wet surface mirrors, (N, 4)."""
    scene, pose = view.scene, view.pose
    painted = torch.zeros(len(pixel), 4, device=pixel.device)
    is_surface = hits.primitive[pixel] >= 0
    on, off = torch.nonzero(is_surface)[:, 0], torch.nonzero(~is_surface)[:, 0]
    surface = surface_at(view.primitives, camera, pose, pixel[on], hits)
    lit, wetness = shade(
        view.primitives,
        hits.primitive[pixel[on]],
        surface,
        scene.conditions,
        view.shadows,
        _nearest_lamps(scene.lamps, pose),
        _headlight(pose),
    )
    airlight = lit.new_tensor(scene.conditions.airlight)
    lit = koschmieder(lit, surface.distance_m, scene.conditions.extinction_per_m, airlight)
    painted[on] = torch.cat([lit, wetness[:, None]], dim=1)
    ray = camera.directions(pixel.device)[pixel[off]]
    direction = F.normalize(ray @ pose[:3, :3].T.to(ray), dim=-1)
    painted[off, :3] = sky_radiance(direction, scene.conditions, view.shadows.to_sun.to(ray))
    return painted


def _enlarge(grid: Tensor) -> Tensor:
    """Repeat every pixel of (H, W, ...) on the finer grid."""
    return grid.repeat_interleave(SUPERSAMPLING, 0).repeat_interleave(SUPERSAMPLING, 1)


def _nearest_lamps(lamps: Tensor, pose: Tensor) -> Tensor:
    away_m = (lamps - pose[:3, 3].to(lamps)).norm(dim=1)
    return lamps[away_m.argsort()[:_NUM_LAMPS]]


def _headlight(pose: Tensor) -> Tensor:
    """Position and unit direction of the car's own lights, float32 (2, 3)."""
    light = torch.stack([pose[:3, 3], pose[:3, 2]]).float()
    light[0, 2] -= _HEADLIGHT_DROP_M
    return light
