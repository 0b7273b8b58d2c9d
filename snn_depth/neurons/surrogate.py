"""Surrogate gradients: what stands in for the derivative of a spike.

A spike is the Heaviside step of ``u = v - v_threshold``, whose derivative is zero almost
everywhere. Training replaces it by a smooth bump around the threshold (Neftci et al., "Surrogate
gradient learning in spiking neural networks", IEEE Signal Processing Magazine 2019).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
from torch import Tensor


class Surrogate(Protocol):
    """Anything hashable with an elementwise derivative of the spike."""

    def gradient(self, u: Tensor) -> Tensor:
        """Derivative that replaces the step's at ``u = v - v_threshold``; any shape."""
        ...


@dataclass(frozen=True)
class ATan:
    """Derivative of ``arctan(pi/2 alpha u) / pi``: ``(alpha/2) / (1 + (pi/2 alpha u)^2)``.

    Fang et al., "Incorporating learnable membrane time constant", ICCV 2021, section 3.4.
    """

    alpha: float = 2.0

    def gradient(self, u: Tensor) -> Tensor:
        """Derivative at ``u``, elementwise; peak ``alpha / 2``, area 1."""
        scaled = u * (math.pi / 2 * self.alpha)
        return (self.alpha / 2) / (1 + scaled * scaled)


@dataclass(frozen=True)
class Sigmoid:
    """Derivative of the logistic function: ``alpha s (1 - s)`` with ``s = sigmoid(alpha u)``.

    Zenke and Vogels, "The remarkable robustness of surrogate gradient learning", Neural
    Computation 2021 (there without the leading ``alpha``).
    """

    alpha: float = 4.0

    def gradient(self, u: Tensor) -> Tensor:
        """Derivative at ``u``, elementwise; peak ``alpha / 4``, area 1."""
        s = torch.sigmoid(self.alpha * u)
        return self.alpha * s * (1 - s)


@dataclass(frozen=True)
class SuperSpike:
    """Derivative of the fast sigmoid: ``1 / (alpha |u| + 1)^2``.

    Zenke and Ganguli, "SuperSpike", Neural Computation 2018, equation 18.
    """

    alpha: float = 1.0

    def gradient(self, u: Tensor) -> Tensor:
        """Derivative at ``u``, elementwise; peak 1, area ``2 / alpha``."""
        denominator = self.alpha * u.abs() + 1
        return 1 / (denominator * denominator)


@dataclass(frozen=True)
class Triangle:
    """Triangle around the threshold: ``alpha max(0, 1 - alpha |u|)``.

    Bellec et al., "Long short-term memory and learning-to-learn in networks of spiking neurons",
    NeurIPS 2018, equation 3 (there with a free factor in place of the leading ``alpha``).
    """

    alpha: float = 1.0

    def gradient(self, u: Tensor) -> Tensor:
        """Derivative at ``u``, elementwise; peak ``alpha``, area 1, zero from ``1/alpha`` on."""
        return self.alpha * torch.clamp(1 - self.alpha * u.abs(), min=0)


SurrogateName = Literal["ATan", "Sigmoid", "SuperSpike", "Triangle"]
SURROGATES: dict[SurrogateName, Callable[[], Surrogate]] = {
    "ATan": ATan,
    "Sigmoid": Sigmoid,
    "SuperSpike": SuperSpike,
    "Triangle": Triangle,
}


class _Spike(torch.autograd.Function):
    """Heaviside step forwards, the surrogate's derivative backwards."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, surrogate: Surrogate) -> Tensor:
        ctx.save_for_backward(u)
        ctx.surrogate = surrogate
        return (u > 0).to(u.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (u,) = ctx.saved_tensors
        return grad_outputs[0] * ctx.surrogate.gradient(u), None


def spike(u: Tensor, surrogate: Surrogate) -> Tensor:
    """1 where ``u > 0`` (strict), else 0, with the derivative of `surrogate`."""
    return _Spike.apply(u, surrogate)
