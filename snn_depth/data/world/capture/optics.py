"""From radiance before the lens to light on the sensors: lens, exposure, RGB development."""

import torch
import torch.nn.functional as F
from torch import Tensor

from snn_depth.data.world.capture.render import SUPERSAMPLING
from snn_depth.data.world.domains import Conditions
from snn_depth.data.world.light.weather import drops_on_lens, gaussian_blur

# Rec. 709.
_LUMINANCE = (0.2126, 0.7152, 0.0722)


def through_lens(radiance: Tensor, conditions: Conditions, generator: torch.Generator) -> Tensor:
    """Drops on the lens, lens blur and vignetting: linear RGB on the finer grid, (3, s*H, s*W)."""
    height, width = radiance.shape[1:]
    if conditions.lens_drops:
        drops = torch.rand(conditions.lens_drops, 3, generator=generator)
        drops = drops * torch.tensor([width, height, 0.07 * width])
        drops[:, 2] += 0.02 * width
        radiance = drops_on_lens(radiance, drops)
    if conditions.blur_px:
        radiance = gaussian_blur(radiance, conditions.blur_px * SUPERSAMPLING)
    if conditions.vignetting:
        x = torch.linspace(-1, 1, width, device=radiance.device)
        y = torch.linspace(-1, 1, height, device=radiance.device)[:, None] * height / width
        radius2 = (x * x + y * y) / (1 + (height / width) ** 2)
        radiance = radiance * (1 - conditions.vignetting * radius2)
    return radiance


def luminance(radiance: Tensor) -> Tensor:
    """Luminance (H, W) of linear RGB (3, H, W)."""
    return torch.einsum("c,chw->hw", radiance.new_tensor(_LUMINANCE), radiance)


def pixels(fine: Tensor) -> Tensor:
    """Light on the pixels: the mean over each one's cells, (..., H, W) of (..., s*H, s*W)."""
    return F.avg_pool2d(fine, SUPERSAMPLING)


def develop_rgb(radiance: Tensor, conditions: Conditions, generator: torch.Generator) -> Tensor:
    """Auto-exposed 8-bit sRGB picture, uint8 (H, W, 3), of linear RGB (3, H, W)."""
    linear = radiance * (conditions.rgb_exposure / luminance(radiance).mean())
    if conditions.rgb_noise:
        # Shot noise grows with the root of the signal, read noise does not.
        noise = torch.randn(linear.shape, generator=generator).to(linear)
        signal = (0.2 + linear.clamp(min=0) / 0.18).sqrt()
        linear = linear + conditions.rgb_noise * signal * 0.36 * noise
    encoded = encode_srgb(_tone_curve(linear, conditions.tone_curve).clamp(0, 1))
    encoded = encoded + conditions.tone_curve * 0.4 * (smoothstep(encoded) - encoded)
    return (encoded * 255).round().to(torch.uint8).permute(1, 2, 0)


def _tone_curve(linear: Tensor, strength: float) -> Tensor:
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
