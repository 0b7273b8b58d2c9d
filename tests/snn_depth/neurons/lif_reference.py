"""Slow references of the fused neuron: autograd through single steps, and scalars by hand."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from snn_depth.neurons.functional import li_step, lif_step
from snn_depth.neurons.lif import LIFOutput
from snn_depth.neurons.surrogate import Surrogate


def stepwise_lif(
    x: Tensor, v0: Tensor | None, *, decay_v: float, v_threshold: float, surrogate: Surrogate
) -> LIFOutput:
    """Plain autograd through `lif_step`."""
    v = x.new_zeros(x.shape[1:], dtype=torch.float64 if x.dtype == torch.float64 else torch.float32)
    v = v if v0 is None else v0.to(v.dtype)
    spikes, h_sum = [], torch.zeros_like(v)
    for step in x.unbind(0):
        h_sum = h_sum + li_step(step, v, decay_v=decay_v)
        s, v = lif_step(step, v, decay_v=decay_v, v_threshold=v_threshold, surrogate=surrogate)
        spikes.append(s.to(x.dtype))
    return LIFOutput(torch.stack(spikes), v, h_sum / len(x))


def scalar_lif(
    x: list[float],
    v0: float,
    decay_v: float,
    v_threshold: float,
    alpha: float,
    grad_spikes: list[float],
    grad_v: float,
    grad_v_mean: float,
) -> tuple[list[float], float, float, list[float], float]:
    """One neuron with the arctan surrogate: spikes, v, v_mean, and gradients for x and v0."""
    membranes, spikes, v = [], [], v0
    for current in x:
        h = (1 - decay_v) * v + current
        membranes.append(h)
        spikes.append(1.0 if h > v_threshold else 0.0)
        v = 0.0 if h > v_threshold else h
    grad_x, back = [0.0] * len(x), grad_v
    for t in reversed(range(len(x))):
        slope = (alpha / 2) / (1 + (math.pi / 2 * alpha * (membranes[t] - v_threshold)) ** 2)
        carried = 0.0 if spikes[t] else back
        grad_x[t] = carried + grad_spikes[t] * slope + grad_v_mean / len(x)
        back = (1 - decay_v) * grad_x[t]
    return spikes, v, sum(membranes) / len(x), grad_x, back


def random_inputs(
    num_steps: int, dtype: torch.dtype = torch.float32, with_v0: bool = True
) -> tuple[Tensor, Tensor | None]:
    """Currents (T, 2, 3, 5, 7) that make a good part of the neurons fire, and first membranes."""
    generator = torch.Generator().manual_seed(num_steps)
    x = torch.randn(num_steps, 2, 3, 5, 7, generator=generator) + 0.3
    v0 = torch.randn(2, 3, 5, 7, generator=generator).clamp(max=0.9) if with_v0 else None
    return x.to(dtype).requires_grad_(), None if v0 is None else v0.requires_grad_()


def run_with_gradients(
    run: Callable[[Tensor, Tensor | None], LIFOutput],
    x: Tensor,
    v0: Tensor | None,
    outputs: tuple[str, ...] = ("spikes", "v", "v_mean"),
) -> tuple[LIFOutput, list[Tensor]]:
    """Run, and pull random gradients (seeded) back through the named outputs to x and v0."""
    out = run(x, v0)
    generator = torch.Generator().manual_seed(0)
    chosen = [getattr(out, name) for name in outputs]
    pulled = [torch.randn(o.shape, generator=generator).bfloat16().to(o.dtype) for o in chosen]
    wanted = [x] if v0 is None else [x, v0]
    return out, list(torch.autograd.grad(chosen, wanted, pulled))
