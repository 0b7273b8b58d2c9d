"""Light that reaches surfaces: shadow maps of the sun and of the open sky."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from snn_depth.data.world.primitives import Primitives
from snn_depth.data.world.ray_casting import PinholeCamera, cast

# A light this far away is as good as parallel, and float32 still resolves centimetres.
_LIGHT_DISTANCE_M = 600.0


@dataclass(frozen=True)
class ShadowMap:
    """The scene as a distant light sees it.

    Attributes:
        camera: Grid of the map.
        pose: Light to world, float64 (4, 4).
        depth_m: Distance of the nearest surface along the light's axis, (H, W).
    """

    camera: PinholeCamera
    pose: Tensor
    depth_m: Tensor

    @classmethod
    def render(
        cls,
        primitives: Primitives,
        direction: Tensor,
        target: Tensor,
        length_m: float,
        breadth_m: float,
        resolution_m: float,
    ) -> "ShadowMap":
        """Look at a rectangle of ground from a distant light.

        Args:
            primitives: The scene.
            direction: Unit vector towards the light, float64 (3,), not horizontal.
            target: Centre of the rectangle, float64 (3,).
            length_m: Extent of the rectangle along world x.
            breadth_m: Extent across.
            resolution_m: Size of a map pixel on the ground.
        """
        forward = -direction
        # Columns of the map run along world x as far as the light allows.
        right = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
        right = right - (right @ forward) * forward
        right = right / right.norm()
        down = torch.linalg.cross(forward, right)
        pose = torch.eye(4, dtype=torch.float64)
        pose[:3, :3] = torch.stack([right, down, forward], dim=1)
        pose[:3, 3] = target + _LIGHT_DISTANCE_M * direction
        # Seen at a slant the ground is shorter; the map needs no more rows or columns than that.
        width_m = length_m * float(right[0].abs()) + breadth_m * float(right[1].abs())
        height_m = breadth_m * float(down[1].abs()) + length_m * float(down[0].abs())
        camera = PinholeCamera.centered(
            math.ceil(height_m / resolution_m),
            math.ceil(width_m / resolution_m),
            _LIGHT_DISTANCE_M / resolution_m,
        )
        depth_m = cast(primitives, camera, pose).depth_m.reshape(camera.height, camera.width)
        return cls(camera, pose, depth_m)

    def visibility(self, points: Tensor, offsets_m: Tensor, bias_m: float) -> Tensor:
        """Share of the light that reaches points, averaged over neighbours in the map.

        Args:
            points: World positions, shape (N, 3), float32.
            offsets_m: Where around each point the map is looked up, (K, 2) metres in the map.
            bias_m: Surfaces that much nearer to the light cast no shadow.

        Returns:
            0..1, shape (N,); 1 outside the map.
        """
        rotation = self.pose[:3, :3].to(points)
        x, y, z = ((points - self.pose[:3, 3].to(points)) @ rotation).unbind(-1)
        f = self.camera.focal_length_px
        column, row = f * x / z + self.camera.center_x, f * y / z + self.camera.center_y
        total = torch.zeros_like(x)
        for du, dv in (offsets_m * (f / _LIGHT_DISTANCE_M)).tolist():
            u = (column + du).round().long().clamp(0, self.camera.width - 1)
            v = (row + dv).round().long().clamp(0, self.camera.height - 1)
            total += (self.depth_m[v, u] > z - bias_m).to(total)
        inside = (
            (column > 0) & (column < self.camera.width) & (row > 0) & (row < self.camera.height)
        )
        return torch.where(inside, total / len(offsets_m), 1.0)
