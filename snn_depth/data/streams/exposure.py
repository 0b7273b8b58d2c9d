"""From linear light, which spikes count, to a grey picture as a camera would show it."""

from torch import Tensor

DISPLAY_GAMMA = 2.2
# The brightest half per cent saturates, so that one lamp does not darken the whole picture.
WHITE_QUANTILE = 0.995


def auto_expose(texture: Tensor) -> Tensor:
    """Choose the exposure from the picture and apply the display gamma: float32 in 0..1.

    `texture` (..., H, W) is proportional to the light: spike counts, firing rate or 1 / interval.
    """
    pixels = texture.float().flatten(-2)
    # By sorting: torch.quantile refuses pictures of more than 16 million pixels.
    rank = round(WHITE_QUANTILE * (pixels.shape[-1] - 1))
    white = pixels.sort(dim=-1).values[..., rank, None, None]
    return (texture / white.clamp(min=1e-6)).clamp(0, 1).pow(1 / DISPLAY_GAMMA)
