"""The sky behind everything."""

import torch
from torch import Tensor

from snn_depth.data.world.domains import Conditions
from snn_depth.data.world.geometry.fractal_texture import fractal_noise

_CLOUD_HEIGHT_M = 1500.0
_CLOUD_LENGTH_M = 2600.0


def sky_radiance(direction: Tensor, conditions: Conditions, to_sun: Tensor) -> Tensor:
    """Radiance of the sky (N, 3) in world directions (N, 3), unit vectors."""
    up = direction[:, 2].clamp(min=0)
    zenith, horizon, sun = (
        direction.new_tensor(light)
        for light in (conditions.zenith, conditions.horizon, conditions.sun)
    )
    color = horizon + (zenith - horizon) * up[:, None] ** 0.5
    if conditions.cloud_cover > 0:
        # Clouds lie on a plane; towards the horizon they merge into haze.
        reach = _CLOUD_HEIGHT_M / up.clamp(min=0.03)
        u, v = direction[:, 0] * reach, direction[:, 1] * reach
        length = torch.full_like(u, _CLOUD_LENGTH_M)
        noise = fractal_noise(u, v, length, 0.02 * reach, 5)
        edge = 1.6 - 3.2 * conditions.cloud_cover
        cloud = torch.sigmoid(3 * (noise - edge)) * (up / 0.15).clamp(max=1)
        bright = horizon * (1.0 - 0.22 * torch.sigmoid(2 * noise))[:, None]
        color = color + cloud[:, None] * (bright - color)
    if max(conditions.sun) > 0.3:
        glow = ((direction @ to_sun).clamp(min=0) ** 64)[:, None]
        color = color + 0.6 * glow * sun * (1 - conditions.cloud_cover)
    return color
