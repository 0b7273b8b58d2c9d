"""Numbers of few bits, in floating point and with gradients: whole levels times a step.

Rounding counts as the identity in the backward pass (straight-through estimator, Bengio et al.
2013, arXiv 1308.3432).
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

MAX_ACTIVATION_BITS = 8
MIN_WEIGHT_BITS, MAX_WEIGHT_BITS = 2, 8
# Steps that are tried when one is fitted to data: a quarter of an octave apart, eight octaves.
_CANDIDATES_PER_OCTAVE, _NUM_CANDIDATES = 4, 33


def max_activation_level(bits: int) -> int:
    """Largest of the levels 0, 1, 2, ... of an unsigned activation of 1 to 8 bits.

    Raises:
        ValueError: For another number of bits.
    """
    if not 1 <= bits <= MAX_ACTIVATION_BITS:
        raise ValueError(f"activation_bits is {bits}; accepted: 1 to {MAX_ACTIVATION_BITS}")
    return 2**bits - 1


def max_weight_level(bits: int) -> int:
    """Largest of the levels of a weight of 2 to 8 bits with its sign; they are symmetric around 0.

    Raises:
        ValueError: For another number of bits.
    """
    if not MIN_WEIGHT_BITS <= bits <= MAX_WEIGHT_BITS:
        raise ValueError(
            f"weight_bits is {bits}; accepted: {MIN_WEIGHT_BITS} to {MAX_WEIGHT_BITS}, with the "
            "sign"
        )
    return 2 ** (bits - 1) - 1


def quantize_activation(x: Tensor, step: Tensor, max_level: int) -> Tensor:
    """ReLU onto the levels 0 .. max_level, with the gradient of learned step size quantisation.

        y = step * round(clip(x / step, 0, max_level))

    Source: LSQ (Esser et al., ICLR 2020, arXiv 1902.08153), equations 1 to 3 with Q_N = 0: inside
    of the range dy/dstep is round(x / step) - x / step and dy/dx is 1; below it both are 0; above
    it dy/dstep is max_level and dy/dx is 0. The step is positive, 0-dim.
    """
    levels: Tensor = _RoundStraightThrough.apply((x / step).clamp(0, max_level))
    return levels * step


def quantize_weight(weight: Tensor, max_level: int) -> Tensor:
    """Weights on whole multiples of a scale per output channel; the gradient passes unchanged.

    A factor per output channel, such as that of a batch normalisation folded into the weights,
    scales a channel's scale and leaves its levels as they are (a negative one turns their signs),
    so it does not matter whether weights are quantised before or after folding. Output channels
    come first; levels go from -max_level to max_level.
    """
    scale = weight_scale(weight, max_level)
    levels: Tensor = _RoundStraightThrough.apply(weight / scale)
    return levels * scale


def weight_scale(weight: Tensor, max_level: int) -> Tensor:
    """Scale of each output channel (the first axis): its largest weight lies on the largest level.

    Positive, without a gradient; shape of `weight` with 1 in place of all axes but the first.
    """
    largest = weight.detach().abs().amax(tuple(range(1, weight.ndim)), keepdim=True)
    return torch.where(largest > 0, largest, 1.0) / max_level


def scale_gradient(x: Tensor, factor: float) -> Tensor:
    """The value of `x`, bit for bit, and its gradient times `factor`."""
    return x.detach() + factor * (x - x.detach())


@torch.no_grad()
def least_squares_step(x: Tensor, max_level: int) -> Tensor:
    """Step that rounds given activations with the least squared error, positive, 0-dim.

    LSQ starts from ``2 mean|x| / sqrt(max_level)``, which fits weights. Activations behind a ReLU
    have a longer tail: with few bits that step clips far too much of it. Below 0 the input is cut
    off whatever the step; where nothing is above 0 the step is 1 / max_level.
    """
    positive = x[x > 0]
    if not len(positive):
        return x.new_tensor(1 / max_level)
    # A step above this would leave the largest levels unused.
    largest = positive.max() / max_level
    octaves = torch.arange(_NUM_CANDIDATES, device=x.device) / _CANDIDATES_PER_OCTAVE
    candidates = largest * 2**-octaves
    errors = [
        (quantize_activation(positive, step, max_level) - positive).square().sum()
        for step in candidates
    ]
    return candidates[torch.stack(errors).argmin()]


class _RoundStraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor) -> Tensor:
        return x.round()

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Any) -> Any:
        return grads[0]
