"""Rendering one key frame: linear radiance and exact depth."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from snn_depth.data.world.lighting import ShadowMap
from snn_depth.data.world.primitives import Primitives
from snn_depth.data.world.ray_casting import PinholeCamera, cast
from snn_depth.data.world.scene import Scene
from snn_depth.data.world.shading import shade, surface_at
from snn_depth.data.world.sky import sky_radiance
from snn_depth.data.world.weather import koschmieder, mirror_in_ground

SUPERSAMPLING = 2
_SHADOW_REACH_M = 48.0
_SHADOW_RESOLUTION_M = 0.25
# The camera's own lights are below it.
_HEADLIGHT_DROP_M = 0.5


@dataclass(frozen=True)
class Picture:
    """What the lens sees at one moment, before exposure.

    Attributes:
        radiance: Linear RGB on the supersampled grid, float32 (3, s*H, s*W).
        distance_m: Depth of the supersampled grid, (s*H, s*W); inf for the sky.
        depth_m: Depth at pixel centres, (H, W); inf for the sky.
        is_ground: Level surfaces of the supersampled grid, bool (s*H, s*W).
    """

    radiance: Tensor
    fine_depth_m: Tensor
    depth_m: Tensor


def render(scene: Scene, camera: PinholeCamera, distance_m: float) -> Picture:
    """Render the scene when the camera has driven a distance.

    Args:
        scene: The scene.
        camera: Intrinsics of the picture.
        distance_m: Distance driven.
    """
    pose = scene.drive.pose(distance_m)
    primitives = scene.primitives_at(distance_m)
    primitives = nearby(primitives, pose)
    fine = camera.supersampled(SUPERSAMPLING)
    hits = cast(primitives, fine, pose)
    radiance, wet = _radiance(scene, primitives, fine, pose, hits)
    image = radiance.T.reshape(3, fine.height, fine.width)
    if scene.look.wetness > 0:
        wet = wet.reshape(fine.height, fine.width)
        image = image + wet * (mirror_in_ground(image, wet > 0) - image)
    depth = cast(primitives, camera, pose).depth_m.reshape(camera.height, camera.width)
    return Picture(image, hits.depth_m.reshape(fine.height, fine.width), depth)


def nearby(primitives: Primitives, pose: Tensor) -> Primitives:
    """Primitives that may be seen, or cast a shadow on what is seen."""
    reach = primitives.world_from_local.norm(dim=(1, 2))
    away = (primitives.center - pose[:3, 3]) @ pose[:3, 2]
    return primitives.select((away + reach > -20.0))


def _radiance(scene, primitives, camera, pose, hits):
    look = scene.look
    hit = hits.depth_m < torch.inf
    on, off = torch.nonzero(hit)[:, 0], torch.nonzero(~hit)[:, 0]
    elevation, azimuth = math.radians(look.sun_elevation_deg), math.radians(look.sun_azimuth_deg)
    to_sun = torch.tensor(
        [
            math.cos(elevation) * math.cos(azimuth),
            math.cos(elevation) * math.sin(azimuth),
            math.sin(elevation),
        ],
        dtype=torch.float64,
    )
    forward = pose[:3, 2]
    target = pose[:3, 3] + 0.42 * _SHADOW_REACH_M * forward
    shadows = [
        ShadowMap.render(primitives, direction, target, _SHADOW_REACH_M, _SHADOW_REACH_M, res)
        for direction, res in (
            (to_sun, _SHADOW_RESOLUTION_M),
            (torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64), 0.4),
        )
    ]
    surface = surface_at(primitives, camera, pose, on, hits)
    lamps = scene.lamps
    if len(lamps):
        gap = (lamps - pose[:3, 3].float()).norm(dim=1)
        lamps = lamps[gap.argsort()[:8]]
    headlight = torch.stack([pose[:3, 3], forward]).float()
    headlight[0, 2] -= _HEADLIGHT_DROP_M
    lit, wet_on = shade(
        primitives, hits.primitive[on], surface, look, shadows, lamps, headlight
    )
    lit = koschmieder(
        lit, surface.distance_m, look.extinction_per_m, lit.new_tensor(look.airlight)
    )
    direction = camera.directions()[off] @ pose[:3, :3].T.float()
    sky = sky_radiance(F.normalize(direction, dim=-1), look, to_sun.float())
    radiance = torch.empty(len(hit), 3)
    radiance[on], radiance[off] = lit, sky
    wet = torch.zeros(len(hit))
    wet[on] = wet_on
    return radiance, wet
