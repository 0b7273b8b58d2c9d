"""From radiance before the lens to light on the sensors: lens, exposure, RGB development."""

import torch
import torch.nn.functional as F
from torch import Tensor

from snn_depth.data.world.capture.render import SUPERSAMPLING
from snn_depth.data.world.domains import Look
from snn_depth.data.world.light.weather import gaussian_blur, look_through_drops

# Rec. 709.
_LUMINANCE = (0.2126, 0.7152, 0.0722)


def through_lens(radiance: Tensor, look: Look, generator: torch.Generator) -> Tensor:
    """Drops on the lens, lens blur and vignetting.

    Args:
        radiance: Linear RGB on the supersampled grid, (3, s*H, s*W).
        look: Optics of the scene.
        generator: Places the drops.

    Returns:
        Linear RGB of the same shape.
    """
    height, width = radiance.shape[1:]
    if look.lens_drops:
        drops = torch.rand(look.lens_drops, 3, generator=generator)
        drops = drops * torch.tensor([width, height, 0.07 * width])
        drops[:, 2] += 0.02 * width
        radiance = look_through_drops(radiance, drops)
    if look.blur_px:
        radiance = gaussian_blur(radiance, look.blur_px * SUPERSAMPLING)
    if look.vignetting:
        x = torch.linspace(-1, 1, width, device=radiance.device)
        y = torch.linspace(-1, 1, height, device=radiance.device)[:, None] * height / width
        radius2 = (x * x + y * y) / (1 + (height / width) ** 2)
        radiance = radiance * (1 - look.vignetting * radius2)
    return radiance


def luminance(radiance: Tensor) -> Tensor:
    """Luminance (H, W) of linear RGB (3, H, W)."""
    return torch.einsum("c,chw->hw", radiance.new_tensor(_LUMINANCE), radiance)


def pixels(fine: Tensor) -> Tensor:
    """Light on the pixels: the mean over each one's cells, (..., H, W) of (..., s*H, s*W)."""
    return F.avg_pool2d(fine, SUPERSAMPLING)


def develop_rgb(radiance: Tensor, look: Look, generator: torch.Generator) -> Tensor:
    """Auto-exposed 8-bit picture.

    Args:
        radiance: Linear RGB on the pixel grid, (3, H, W).
        look: Exposure, tone curve and noise.
        generator: Of the noise.

    Returns:
        uint8 (H, W, 3), sRGB.
    """
    linear = radiance * (look.rgb_exposure / luminance(radiance).mean())
    if look.rgb_noise:
        # Shot noise grows with the root of the signal, read noise does not.
        noise = torch.randn(linear.shape, generator=generator).to(linear)
        linear = linear + look.rgb_noise * (0.2 + linear.clamp(min=0) / 0.18).sqrt() * 0.36 * noise
    encoded = encode_srgb(_film_curve(linear, look.film_curve).clamp(0, 1))
    encoded = encoded + look.film_curve * 0.4 * (smoothstep(encoded) - encoded)
    return (encoded * 255).round().to(torch.uint8).permute(1, 2, 0)


def _film_curve(linear: Tensor, strength: float) -> Tensor:
    """Roll highlights off up to four times mid white (Reinhard et al. 2002, equation 4)."""
    light = linear.clamp(min=0)
    rolled = 1.2 * light * (1 + light / 4) / (1 + light)
    return light + strength * (rolled - light)


def smoothstep(x: Tensor) -> Tensor:
    """S-curve 3x^2 - 2x^3 on 0..1."""
    return x * x * (3 - 2 * x)


def encode_srgb(linear: Tensor) -> Tensor:
    """Gamma of sRGB (IEC 61966-2-1), 0..1 to 0..1."""
    low = 12.92 * linear
    return torch.where(
        linear <= 0.0031308, low, 1.055 * linear.clamp(min=1e-8) ** (1 / 2.4) - 0.055
    )
