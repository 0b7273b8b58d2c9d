"""From radiance to what the two cameras record: an RGB picture and the light on the sensor."""

import torch
import torch.nn.functional as F
from torch import Tensor

from snn_depth.data.world.domains import Look
from snn_depth.data.world.weather import gaussian_blur

LUMINANCE = (0.2126, 0.7152, 0.0722)
_GAMMA = 2.2


def to_sensor_grid(radiance: Tensor, look: Look, supersampling: int) -> Tensor:
    """Average the supersampled picture over pixels and apply the lens.

    Args:
        radiance: Linear RGB, shape (3, s*H, s*W).
        look: Optics.
        supersampling: s.

    Returns:
        Shape (3, H, W).
    """
    image = F.avg_pool2d(radiance[None], supersampling)[0]
    if look.blur_px > 0:
        image = gaussian_blur(image, look.blur_px)
    if look.vignetting > 0:
        height, width = image.shape[1:]
        y = torch.linspace(-1, 1, height, device=image.device)[:, None]
        x = torch.linspace(-1, 1, width, device=image.device)
        image = image * (1 - look.vignetting * (x * x + y * y) / 2)
    return image


def exposed(image: Tensor, target_mean: float) -> Tensor:
    """Automatic exposure: scale a linear picture to a mean luminance.

    Args:
        image: Linear RGB, shape (3, H, W).
        target_mean: Mean luminance afterwards, before clipping.

    Returns:
        Shape (3, H, W), not clipped.
    """
    luminance = (image * image.new_tensor(LUMINANCE)[:, None, None]).sum(0)
    # Few very bright pixels (lamps at night) do not darken all the rest.
    bound = luminance.quantile(0.98)
    return image * (target_mean / luminance.clamp(max=float(bound)).mean().clamp(min=1e-6))


def rgb_picture(image: Tensor, look: Look, generator: torch.Generator) -> Tensor:
    """What the RGB camera stores.

    Args:
        image: Linear RGB, shape (3, H, W).
        look: Exposure, tone curve and noise.
        generator: Source of the noise.

    Returns:
        uint8, shape (H, W, 3), gamma encoded.
    """
    linear = exposed(image, look.rgb_exposure)
    rolled_off = 1 - torch.exp(-1.35 * linear)
    toned = linear + look.shoulder * (rolled_off - linear)
    encoded = toned.clamp(0, 1) ** (1 / _GAMMA)
    if look.rgb_noise > 0:
        encoded = encoded + look.rgb_noise * torch.randn(image.shape, generator=generator)
    return (encoded.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)


def light_intensity(image: Tensor, look: Look) -> Tensor:
    """Light on the spike camera: linear luminance, 1 = one spike per step.

    Args:
        image: Linear RGB, shape (3, H, W).
        look: Exposure.

    Returns:
        0..1, shape (H, W).
    """
    linear = exposed(image, look.exposure)
    return (linear * linear.new_tensor(LUMINANCE)[:, None, None]).sum(0).clamp(0, 1)
