"""Falling rain, as a fast and as a slow camera see it."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from snn_depth.data.world.geometry.ray_casting import PinholeCamera

# Terminal speed of drops of 3 mm (Gunn and Kinzer 1949).
_FALL_MPS = 8.0
_NEAREST_M, _FARTHEST_M = 1.0, 10.0
_DROP_M = 0.003


@dataclass(frozen=True)
class Rain:
    """Drops in view of one camera; every tensor has shape (S,).

    Attributes:
        column: Where a drop is at time 0, in pixels.
        slant: Columns per row of its path.
        opacity: How much light it takes and adds while it covers a pixel.
    """

    column: Tensor
    row: Tensor
    pixels_per_m: Tensor
    slant: Tensor
    opacity: Tensor

    @classmethod
    def draw(cls, num_drops: int, camera: PinholeCamera, generator: torch.Generator) -> "Rain":
        """Draw the drops in view on a camera's grid."""
        u = torch.rand(6, num_drops, generator=generator)
        # As many drops at every depth as the width of the view there: most are far and faint.
        distance_m = _NEAREST_M + (_FARTHEST_M - _NEAREST_M) * u[0] ** 0.5
        wind = 0.3 * (float(torch.rand((), generator=generator)) - 0.5)
        return cls(
            column=u[1] * camera.width,
            row=u[2] * camera.height,
            pixels_per_m=camera.focal_length_px / distance_m,
            slant=wind + 0.12 * (u[3] - 0.5),
            opacity=0.25 + 0.3 * u[4],
        )

    def cover(self, image: Tensor, time_s: float, exposure_s: float) -> Tensor:
        """Draw the rain over a picture of linear light, (C, H, W).

        `time_s` is the middle of the exposure. A drop draws a streak as long as its way in it.
        """
        if len(self.column) == 0:
            return image
        height, width = image.shape[1:]
        half_length = (_FALL_MPS * exposure_s / 2 + _DROP_M) * self.pixels_per_m + 0.5
        thickness = (_DROP_M * self.pixels_per_m).clamp(min=0.5)
        # Only the pixels around each streak, (S, rows, columns).
        row = (self.row + _FALL_MPS * time_s * self.pixels_per_m)[:, None]
        y = row.round() + _offsets(half_length)
        middle = (self.column[:, None] + self.slant[:, None] * (y - row))[..., None]
        x = middle.round() + _offsets(2.5 * thickness)
        along = (half_length[:, None] - (y - row).abs()).clamp(0, 1)
        across = torch.exp(-(((x - middle) / thickness[:, None, None]) ** 2))
        streak = (self.opacity[:, None] * along)[..., None] * across
        y = y[..., None].expand_as(x)
        seen = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        pixel = (y[seen] * width + x[seen]).long()
        cover = torch.zeros(height * width)
        cover = cover.scatter_reduce(0, pixel, streak[seen], "amax").reshape(height, width)
        cover = cover.to(image.device)
        # Drops are lenses that show the bright sky.
        bright = 1.4 * image.mean(dim=(1, 2), keepdim=True)
        return image + cover * (bright - image)


def _offsets(reach_px: Tensor) -> Tensor:
    """Whole numbers from minus to plus the largest reach."""
    reach = math.ceil(float(reach_px.max()))
    return torch.arange(-reach, reach + 1, dtype=reach_px.dtype, device=reach_px.device)
