"""A LIF population's loop over time, forwards and backwards, as pure functions.

Written so that a compiler turns each into one pass over memory: everything is elementwise, every
step is written out, and a membrane stays in registers between steps. `snn_depth.neurons.kernels`
decides whether they are compiled.
"""

import torch
from torch import Tensor

from snn_depth.neurons.surrogate import Surrogate


def state_dtype(x: Tensor) -> torch.dtype:
    """Membranes are float32 whatever the input is; float64 for a float64 input."""
    return torch.promote_types(x.dtype, torch.float32)


def at_rest(x_TN: Tensor) -> Tensor:
    """Membranes (N,) before the first step."""
    return torch.zeros_like(x_TN[0], dtype=state_dtype(x_TN))


def forward_steps(
    x_TN: Tensor, v0_N: Tensor | None, keep: Tensor, v_threshold: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Run a population through all steps, from rest unless ``v0_N`` is given.

    ``keep = 1 - decay_v`` and the threshold are 0-dim, in the dtype of the state, as ``v0_N`` is.

    Returns:
        Spikes (T, N) in the dtype of ``x_TN``; membranes after the last step (N,) and the sum over
        time of the membranes before the threshold (N,), in the dtype of the state.
    """
    v = at_rest(x_TN) if v0_N is None else v0_N
    h_sum = torch.zeros_like(v)
    spikes = []
    for x in x_TN.unbind(0):
        h = keep * v + x
        s = (h > v_threshold).to(h.dtype)
        v = h * (1 - s)
        h_sum = h_sum + h
        spikes.append(s.to(x.dtype))
    return torch.stack(spikes), v, h_sum


def backward_steps(
    x_TN: Tensor,
    v0_N: Tensor | None,
    keep: Tensor,
    v_threshold: Tensor,
    surrogate: Surrogate,
    grad_spikes_TN: Tensor,
    grad_v_N: Tensor | None,
    grad_h_sum_N: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Gradients of `forward_steps`, from its input alone: the membranes are computed again.

    The first four arguments are those of `forward_steps`, the last three the gradients of the loss
    for what it returned; ``None`` is 0.

    Returns:
        Gradients for ``x_TN`` (its shape and dtype) and for the membranes before the first step.
    """
    v = at_rest(x_TN) if v0_N is None else v0_N
    grad_v = torch.zeros_like(v) if grad_v_N is None else grad_v_N
    membranes = []
    for x in x_TN.unbind(0):
        h = keep * v + x
        not_reset = 1 - (h > v_threshold).to(h.dtype)
        v = h * not_reset
        membranes.append((h, not_reset))
    grad_x = []
    for (h, not_reset), grad_s in zip(
        membranes[::-1], reversed(grad_spikes_TN.unbind(0)), strict=True
    ):
        grad_h = not_reset * grad_v + surrogate.gradient(h - v_threshold) * grad_s
        if grad_h_sum_N is not None:
            grad_h = grad_h + grad_h_sum_N
        grad_x.append(grad_h.to(x_TN.dtype))
        grad_v = keep * grad_h
    return torch.stack(grad_x[::-1]), grad_v
