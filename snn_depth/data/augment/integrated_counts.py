"""Whole spike counts from fractional light, as an integrate-and-fire pixel makes them."""

import torch
from torch import Tensor

from snn_depth.geometry.resampling import resample_area


def integrated_counts(light: Tensor, charge: Tensor) -> Tensor:
    """Spikes per time bin of pixels that integrate light in units of their threshold.

    Up to the end of bin t a pixel has fired floor(charge + light so far) times. Counts so are right
    to less than one spike per window, as those of a camera are; rounding every bin at random would
    add the noise of as many cameras as there are bins. Whole light stays as it is.

    Args:
        light: Light per time bin, not negative, shape (T, ...).
        charge: Charge before the first bin, 0 to below 1, shape (...).

    Returns:
        Whole counts, shape and dtype of `light`.
    """
    # Sums of fractions miss whole numbers by rounding errors, far below one part in 10^9.
    so_far = (light.double().cumsum(0) + charge.double() + 1e-9).floor()
    return so_far.diff(dim=0, prepend=torch.zeros_like(so_far[:1])).to(light.dtype)


def resample_counts(
    counts_TCHW: Tensor, size: tuple[int, int], generator: torch.Generator
) -> Tensor:
    """Spike counts that a sensor with larger pixels would have made of the same light.

    A large pixel collects the light of the small ones that it covers and has a threshold as many
    times higher. Each spike of a small pixel stands for one threshold of light, so the large
    pixel's integrate-and-fire runs on their spikes: up to the end of bin t it has fired
    floor(phase + mean of the cumulative counts) times, with the random initial charge that every
    simulation has. Counts so stay whole, at most the frames of a bin, and right on average to less
    than one spike per window; a mean would be fractional, a sum k times the sensor's range, and
    taking every k-th pixel (what BiCross's programs do) throws the other pixels' light away.

    Args:
        counts_TCHW: uint8 counts per bin of consecutive bins, shape (T, C, H, W).
        size: New height and width, neither larger than the old.
        generator: Source of the initial charges.

    Returns:
        uint8 (T, C, *size); the counts themselves where the size is theirs.

    Raises:
        ValueError: For a size larger than the old one.
    """
    height, width = counts_TCHW.shape[-2:]
    if size == (height, width):
        return counts_TCHW
    if size[0] > height or size[1] > width:
        raise ValueError(
            f"spikes of {height} x {width} pixels cannot be resampled to {size[0]} x {size[1]}; "
            "accepted: sizes that are not larger"
        )
    light = resample_area(counts_TCHW.double(), size)
    charge = torch.rand(light.shape[1:], dtype=light.dtype, generator=generator)
    return integrated_counts(light, charge).to(torch.uint8)
