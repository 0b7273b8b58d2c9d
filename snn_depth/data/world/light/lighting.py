"""Light that reaches surfaces: shadow maps of the sun and of the open sky."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from snn_depth.data.world.domains import Conditions
from snn_depth.data.world.geometry.primitives import Primitives
from snn_depth.data.world.geometry.ray_casting import PinholeCamera, cast_depth

# A light this far away is as good as parallel, and float32 still resolves centimetres.
_LIGHT_DISTANCE_M = 600.0
_SUN_RESOLUTION_M = 0.25
_SKY_RESOLUTION_M = 0.4
# Half the width of the shaded strip along the road, and how far it reaches beyond the route.
_REACH_M = 26.0
_AHEAD_M = 45.0
_BEHIND_M = 12.0


@dataclass(frozen=True)
class ShadowMap:
    """The scene as a distant light sees it.

    Attributes:
        pose: Light to world, float64 (4, 4).
        depth_m: Distance of the nearest surface along the light's axis, float32 (H, W).
    """

    camera: PinholeCamera
    pose: Tensor
    depth_m: Tensor

    @classmethod
    def render(
        cls,
        primitives: Primitives,
        direction: Tensor,
        center: Tensor,
        length_m: float,
        breadth_m: float,
        resolution_m: float,
    ) -> "ShadowMap":
        """Look at a rectangle of ground from a distant light.

        Args:
            direction: Unit vector towards the light, float64 (3,), not horizontal.
            center: Centre of the rectangle, float64 (3,).
        """
        forward = -direction
        # Columns of the map run along world x as far as the light allows.
        right = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
        right = right - (right @ forward) * forward
        right = right / right.norm()
        down = torch.linalg.cross(forward, right)
        pose = torch.eye(4, dtype=torch.float64)
        pose[:3, :3] = torch.stack([right, down, forward], dim=1)
        pose[:3, 3] = center + _LIGHT_DISTANCE_M * direction
        # Seen at a slant the ground is shorter; the map needs no more rows or columns than that.
        width_m = length_m * float(right[0].abs()) + breadth_m * float(right[1].abs())
        height_m = breadth_m * float(down[1].abs()) + length_m * float(down[0].abs())
        camera = PinholeCamera.centered(
            math.ceil(height_m / resolution_m),
            math.ceil(width_m / resolution_m),
            _LIGHT_DISTANCE_M / resolution_m,
        )
        depth_m = cast_depth(primitives, camera, pose)
        return cls(camera, pose, depth_m)

    def with_more(self, primitives: Primitives) -> "ShadowMap":
        """The map of a scene with more primitives in it."""
        depth_m = cast_depth(primitives, self.camera, self.pose)
        return replace(self, depth_m=torch.minimum(self.depth_m, depth_m))

    def visibility(self, points: Tensor, offsets_m: Tensor, bias_m: float) -> Tensor:
        """Share of the light (N,) at points (N, 3), averaged over map pixels; 1 outside the map.

        Args:
            offsets_m: Where around each point the map is looked up, metres in the map, (K, 2).
            bias_m: Surfaces that much nearer to the light cast no shadow.
        """
        position = (points - self.pose[:3, 3].to(points)) @ self.pose[:3, :3].to(points)
        x, y, z = position.unbind(-1)
        f, width, height = self.camera.focal_length_px, self.camera.width, self.camera.height
        column, row = f * x / z + self.camera.center_x, f * y / z + self.camera.center_y
        surface, depth_m = z - bias_m, self.depth_m.flatten()
        total = torch.zeros_like(x)
        for du, dv in (offsets_m * (f / _LIGHT_DISTANCE_M)).tolist():
            u = (column + (du + 0.5)).long().clamp(0, width - 1)
            v = (row + (dv + 0.5)).long().clamp(0, height - 1)
            total += depth_m.index_select(0, v * width + u) > surface
        inside = (column > 0) & (column < width) & (row > 0) & (row < height)
        return torch.where(inside, total / len(offsets_m), 1.0)


@dataclass(frozen=True)
class Shadows:
    """What keeps the sun and the sky from the strip of ground along the camera's route.

    Attributes:
        to_sun: World unit vector, float64 (3,).
        sun: Map of the sun; None when it is hidden.
    """

    to_sun: Tensor
    sun: ShadowMap | None
    sky: ShadowMap

    @classmethod
    def render(
        cls,
        primitives: Primitives,
        route_m: float,
        middle_height_m: float,
        conditions: Conditions,
    ) -> "Shadows":
        """Make both maps for a route that begins at the world's origin."""
        elevation = math.radians(conditions.sun_elevation_deg)
        azimuth = math.radians(conditions.sun_azimuth_deg)
        to_sun = torch.tensor(
            [
                math.cos(elevation) * math.cos(azimuth),
                math.cos(elevation) * math.sin(azimuth),
                math.sin(elevation),
            ],
            dtype=torch.float64,
        )
        zenith = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
        length_m = route_m + _AHEAD_M + _BEHIND_M
        center = torch.tensor([length_m / 2 - _BEHIND_M, 0.0, middle_height_m], dtype=torch.float64)

        def shadow_map(light: Tensor, resolution_m: float) -> ShadowMap:
            strip = (center, length_m, 2 * _REACH_M)
            return ShadowMap.render(primitives, light, *strip, resolution_m)

        sun = shadow_map(to_sun, _SUN_RESOLUTION_M) if max(conditions.sun) > 0 else None
        return cls(to_sun, sun, shadow_map(zenith, _SKY_RESOLUTION_M))

    def with_more(self, primitives: Primitives) -> "Shadows":
        """The shadows of a scene with more primitives in it."""
        sun = None if self.sun is None else self.sun.with_more(primitives)
        return replace(self, sun=sun, sky=self.sky.with_more(primitives))
