"""Adversarial alignment of two domains: a gradient reversal and the discriminator's loss."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def reverse_gradient(x: Tensor, strength: float = 1.0) -> Tensor:
    """The identity forward; backward the gradient is multiplied by -strength.

    Source: Ganin and Lempitsky 2015 (arXiv 1409.7495).
    """
    reversed_: Tensor = _Reversal.apply(x, strength)
    return reversed_


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * grads[0], None


def domain_loss(source_logits: Tensor, target_logits: Tensor) -> Tensor:
    """Binary cross entropy of one discriminator that must tell source (0) from target (1).

    Both domains go through the same discriminator. The released code of BiCross
    (arXiv 2208.12527) has one head per domain; each then sees a single label only, is right as a
    constant, and aligns nothing.

    Args:
        source_logits: Logits of "target" for source features, any shape.
        target_logits: Logits of "target" for target features, any shape.

    Returns:
        The mean of the two domains' means; log 2 where nothing can be told apart.
    """
    return 0.5 * (F.softplus(source_logits).mean() + F.softplus(-target_logits).mean())
