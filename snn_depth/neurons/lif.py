"""Populations over many time steps, leaky integrate-and-fire or only leaky; state is explicit."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from snn_depth.neurons.backends import BACKENDS
from snn_depth.neurons.functional import li_step
from snn_depth.neurons.surrogate import ATan, Surrogate
from snn_depth.neurons.time_loops import state_dtype


class LIFOutput(NamedTuple):
    """What a LIF population returns.

    Attributes:
        spikes: 0 or 1, shape (T, ...), dtype of the input.
        v: Membranes after the last step, shape (...), float32 (float64 for a float64 input).
        v_mean: Time mean of the membranes before the threshold, shape and dtype of ``v``.
    """

    spikes: Tensor
    v: Tensor
    v_mean: Tensor


def lif(
    x_TBCHW: Tensor,
    v0: Tensor | None = None,
    *,
    decay_v: float = 0.5,
    v_threshold: float = 1.0,
    surrogate: Surrogate = ATan(),  # noqa: B008 - frozen
    backend: str = "native",
) -> LIFOutput:
    """Run leaky integrate-and-fire neurons over T steps, from rest unless ``v0`` is given.

    ``v = (1 - decay_v) v + x; s = v > v_threshold; v = 0 where s``, per neuron. The reset takes no
    part in the gradient. Gradients flow from all three outputs to ``x_TBCHW`` and ``v0``.

    Args:
        x_TBCHW: Input currents, time first; any number of dimensions after it.
        v0: Membranes before the first step, shape of one step.
        decay_v: Fraction of the membrane lost per step, between 0 and 1.
        v_threshold: Positive; a neuron fires strictly above it.
        surrogate: Stands in for the derivative of the spike.
        backend: ``native``, or a library that gives the same spikes: ``spikingjelly``,
            ``snntorch`` or ``norse``.

    Returns:
        Spikes, last membranes and mean membranes, from ``native`` in the input's memory layout.

    Raises:
        ValueError: For a constant outside its range, an input without steps or not floating, a
            ``v0`` of another shape, an unknown backend or one whose package is missing, and when
            the backend's library has no such surrogate and a gradient is wanted.
    """
    _check_decay(decay_v)
    _check_threshold(v_threshold)
    _check_input(x_TBCHW, v0)
    if backend not in BACKENDS:
        raise ValueError(f"backend {backend!r} is none of {', '.join(BACKENDS)}")
    return LIFOutput(*BACKENDS[backend](x_TBCHW, v0, decay_v, v_threshold, surrogate))


def leaky_integrate(
    x_TBCHW: Tensor, v0: Tensor | None = None, *, decay_v: float = 0.5
) -> tuple[Tensor, Tensor]:
    """Run leaky integrators, which never fire, over T steps: ``v = (1 - decay_v) v + x``.

    Returns:
        Membranes after every step (T, ...) and after the last one (...), float32 (float64 for a
        float64 input).

    Raises:
        ValueError: As `lif`.
    """
    _check_decay(decay_v)
    _check_input(x_TBCHW, v0)
    v = torch.zeros_like(x_TBCHW[0]) if v0 is None else v0
    v = v.to(state_dtype(x_TBCHW))
    steps = []
    for x in x_TBCHW.unbind(0):
        v = li_step(x, v, decay_v=decay_v)
        steps.append(v)
    return torch.stack(steps), v


class LIF(nn.Module):
    """`lif` with its constants; holds no state and no parameters."""

    def __init__(
        self,
        decay_v: float = 0.5,
        v_threshold: float = 1.0,
        surrogate: Surrogate = ATan(),  # noqa: B008 - frozen
        backend: str = "native",
    ) -> None:
        super().__init__()
        _check_decay(decay_v)
        _check_threshold(v_threshold)
        self.decay_v = decay_v
        self.v_threshold = v_threshold
        self.surrogate = surrogate
        self.backend = backend

    def forward(self, x_TBCHW: Tensor, v0: Tensor | None = None) -> LIFOutput:
        """As `lif`."""
        return lif(
            x_TBCHW,
            v0,
            decay_v=self.decay_v,
            v_threshold=self.v_threshold,
            surrogate=self.surrogate,
            backend=self.backend,
        )

    def extra_repr(self) -> str:
        """The constants, for ``print(network)``."""
        return (
            f"decay_v={self.decay_v}, v_threshold={self.v_threshold}, "
            f"surrogate={self.surrogate}, backend={self.backend!r}"
        )


class LeakyIntegrator(nn.Module):
    """`leaky_integrate` with its constant: read-out neurons. Holds no state and no parameters."""

    def __init__(self, decay_v: float = 0.5) -> None:
        super().__init__()
        _check_decay(decay_v)
        self.decay_v = decay_v

    def forward(self, x_TBCHW: Tensor, v0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """As `leaky_integrate`."""
        return leaky_integrate(x_TBCHW, v0, decay_v=self.decay_v)

    def extra_repr(self) -> str:
        """The constant, for ``print(network)``."""
        return f"decay_v={self.decay_v}"


def _check_decay(decay_v: float) -> None:
    if not 0 < decay_v < 1:
        raise ValueError(f"decay_v must lie between 0 and 1, both excluded, not {decay_v}")


def _check_threshold(v_threshold: float) -> None:
    if not 0 < v_threshold < math.inf:
        raise ValueError(f"v_threshold must be positive and finite, not {v_threshold}")


def _check_input(x_TBCHW: Tensor, v0: Tensor | None) -> None:
    if x_TBCHW.ndim == 0 or len(x_TBCHW) == 0:
        raise ValueError(f"input needs at least one time step, not shape {tuple(x_TBCHW.shape)}")
    if not x_TBCHW.is_floating_point():
        raise ValueError(f"input must be of a floating dtype, not {x_TBCHW.dtype}")
    if v0 is not None and v0.shape != x_TBCHW.shape[1:]:
        raise ValueError(
            f"v0 must have the shape of one step, {tuple(x_TBCHW.shape[1:])}, not {tuple(v0.shape)}"
        )
