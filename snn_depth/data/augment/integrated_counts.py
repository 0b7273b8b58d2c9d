"""Whole spike counts from fractional light, as an integrate-and-fire pixel makes them."""

import torch
from torch import Tensor


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
