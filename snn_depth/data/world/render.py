"""Rendering one key frame: linear radiance and exact depth."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from snn_depth.data.world.primitives import Primitives
from snn_depth.data.world.ray_casting import Hits, PinholeCamera, cast, cast_depth
from snn_depth.data.world.scene import Scene
from snn_depth.data.world.shading import shade, surface_at
from snn_depth.data.world.sky import sky_radiance
from snn_depth.data.world.weather import koschmieder, mirror_in_ground

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

    Args:
        scene: The scene.
        camera: Intrinsics of the picture.
        distance_m: Distance driven.
    """
    pose = scene.drive.pose(distance_m)
    primitives, shadows = scene.at(distance_m)
    primitives = _in_front(primitives, pose)
    fine = camera.supersampled(SUPERSAMPLING)
    hits = cast(primitives, fine, pose)
    pixel = torch.nonzero(hits.depth_m < torch.inf)[:, 0]
    surface = surface_at(primitives, fine, pose, pixel, hits)
    look = scene.look
    lit, wet = shade(
        primitives,
        hits.primitive[pixel],
        surface,
        look,
        shadows,
        _nearest_lamps(scene.lamps, pose),
        _headlight(pose),
    )
    airlight = lit.new_tensor(look.airlight)
    lit = koschmieder(lit, surface.distance_m, look.extinction_per_m, airlight)
    radiance = _sky(scene, fine, pose, hits)
    radiance[pixel] = lit
    image = radiance.T.reshape(3, fine.height, fine.width)
    if look.wetness > 0:
        share = torch.zeros_like(hits.depth_m)
        share[pixel] = wet
        share = share.reshape(fine.height, fine.width)
        image = image + share * (mirror_in_ground(image, share > 0) - image)
    depth_m = cast_depth(primitives, camera, pose)
    fine_depth_m = hits.depth_m.reshape(fine.height, fine.width)
    return Picture(image, fine_depth_m, depth_m, fine, pose)


def _in_front(primitives: Primitives, pose: Tensor) -> Primitives:
    reach_m = primitives.world_from_local.norm(dim=(1, 2))
    away_m = (primitives.center - pose[:3, 3]) @ pose[:3, 2]
    return primitives.select(away_m + reach_m > 0)


def _sky(scene: Scene, camera: PinholeCamera, pose: Tensor, hits: Hits) -> Tensor:
    """Radiance (H*W, 3) of the sky where nothing was hit, else 0."""
    pixel = torch.nonzero(hits.depth_m == torch.inf)[:, 0]
    ray = camera.directions(hits.depth_m.device)[pixel]
    direction = F.normalize(ray @ pose[:3, :3].T.to(ray), dim=-1)
    radiance = ray.new_zeros(len(hits.depth_m), 3)
    radiance[pixel] = sky_radiance(direction, scene.look, scene.shadows.to_sun.to(ray))
    return radiance


def _nearest_lamps(lamps: Tensor, pose: Tensor) -> Tensor:
    away_m = (lamps - pose[:3, 3].to(lamps)).norm(dim=1)
    return lamps[away_m.argsort()[:_NUM_LAMPS]]


def _headlight(pose: Tensor) -> Tensor:
    """Position and unit direction of the car's own lights, float32 (2, 3)."""
    light = torch.stack([pose[:3, 3], pose[:3, 2]]).float()
    light[0, 2] -= _HEADLIGHT_DROP_M
    return light
