"""What the air, wet ground and the lens do to a picture."""

import torch
import torch.nn.functional as F
from torch import Tensor


def koschmieder(
    radiance: Tensor, distance_m: Tensor, extinction_per_m: float, airlight: Tensor
) -> Tensor:
    """See surfaces through haze: I = J t + A (1 - t), t = exp(-beta d).

    Koschmieder's law (Middleton, Vision Through the Atmosphere, 1952): J is the radiance of the
    surfaces (N, 3), A the colour of the haze (3,), beta the extinction, and d (N,) may be inf.
    """
    transmission = torch.exp(-extinction_per_m * distance_m)[:, None]
    return radiance * transmission + airlight * (1 - transmission)


def mirror_in_ground(image: Tensor, is_ground: Tensor) -> Tensor:
    """What a wet plane below every pixel would mirror, looked up in the picture (C, H, W) itself.

    Under a level camera, a surface that stands on the ground is mirrored about the row where it
    meets the ground: exact for vertical surfaces, plausible for the rest. Only pixels of the
    ground mean anything.
    """
    height, width = is_ground.shape
    rows = torch.arange(height, device=image.device)[:, None].expand(height, width)
    contact = torch.where(is_ground, -1, rows).cummax(0).values
    source = (2 * contact - rows).clamp(0, height - 1)
    return image.gather(1, source.expand(image.shape[0], height, width))


def drops_on_lens(image: Tensor, drops: Tensor) -> Tensor:
    """Blur a picture (C, H, W) where drops sit on the lens.

    `drops` (D, 3): column, row and radius of each in pixels.
    """
    height, width = image.shape[1:]
    small = F.interpolate(image[None], scale_factor=0.125, mode="area")
    wide = F.interpolate(small, (height, width), mode="bilinear", align_corners=False)[0]
    x = torch.arange(width, device=image.device)
    y = torch.arange(height, device=image.device)[:, None]
    cover = torch.zeros(height, width, device=image.device)
    for column, row, radius in drops.tolist():
        distance = ((x - column) ** 2 + (y - row) ** 2).sqrt() / radius
        cover = torch.maximum(cover, ((1 - distance) * 3).clamp(0, 1))
    return image + cover * (wide * 1.05 - image)


def gaussian_blur(image: Tensor, std_px: float) -> Tensor:
    """Separable Gaussian blur of (C, H, W); the standard deviation is in pixels."""
    reach = max(1, round(3 * std_px))
    offsets = torch.arange(-reach, reach + 1, device=image.device, dtype=image.dtype)
    kernel = torch.exp(-0.5 * (offsets / std_px) ** 2)
    kernel = kernel / kernel.sum()
    padded = F.pad(image[:, None], (reach,) * 4, mode="replicate")
    blurred = F.conv2d(F.conv2d(padded, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))
    return blurred[:, 0]
