"""The same LIF population by other implementations: the field's libraries.

Each library is driven so that it computes the equations of `snn_depth.neurons.functional.lif_step`:
the spikes are the same wherever a membrane is not within rounding of the threshold, and so are the
gradients, although the surrogate is the library's own. A surrogate that it lacks is refused where
a gradient is wanted. No library's hidden state outlives a call.
"""

import math
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from snn_depth.neurons.functional import li_step
from snn_depth.neurons.fused_lif import fused_lif
from snn_depth.neurons.surrogate import ATan, Sigmoid, SuperSpike, Surrogate, Triangle
from snn_depth.neurons.time_loops import state_dtype

Result = tuple[Tensor, Tensor, Tensor]


def spikingjelly_lif(
    x: Tensor, v0: Tensor | None, decay_v: float, v_threshold: float, surrogate: Surrogate
) -> Result:
    """By spikingjelly, which has kernels of its own on a GPU. Arguments and results as `fused_lif`.

    Raises:
        ValueError: For a missing package, or a surrogate that it lacks.
    """
    functional = _load("spikingjelly.activation_based.functional")
    library = _load("spikingjelly.activation_based.surrogate")
    own: Any
    match surrogate:
        case ATan(alpha):
            own = library.ATan(alpha)
        case Sigmoid(alpha):
            own = library.Sigmoid(alpha)
        case SuperSpike(alpha=1.0):
            own = library.SuperSpike(1.0)
        case Triangle(alpha):
            own = library.PiecewiseQuadratic(alpha)
        case _:
            own = library.ATan()
            _refuse_gradient(x, v0, surrogate, "ATan, Sigmoid, SuperSpike(alpha=1), Triangle")
    current, v0 = _in_state_dtype(x, v0)
    # It fires at the threshold, we strictly above: from the state's next larger number on.
    number = np.float64 if current.dtype == torch.float64 else np.float32
    spikes, v, steps = functional.lif_multi_step(
        current,
        v0,
        tau=1 / decay_v,
        decay_input=False,
        v_threshold=float(np.nextafter(number(v_threshold), number(math.inf))),
        v_reset=0.0,
        surrogate_function=own,
        detach_reset=True,
        store_v_seq=True,
    )
    before = torch.cat([v0[None], steps[:-1]])
    return spikes.to(x.dtype), v, li_step(current, before, decay_v=decay_v).mean(0)


def snntorch_lif(
    x: Tensor, v0: Tensor | None, decay_v: float, v_threshold: float, surrogate: Surrogate
) -> Result:
    """By snntorch, whose reset happens on the next step. Arguments and results as `fused_lif`.

    A ``v0`` above the threshold, which no earlier step can have left, it would reset at once.

    Raises:
        ValueError: For a missing package, or a surrogate that it lacks.
    """
    snntorch, library = _load("snntorch"), _load("snntorch.surrogate")
    match surrogate:
        case ATan(alpha):
            own = library.atan(alpha)
        case Sigmoid(alpha):
            own = library.sigmoid(alpha)
        case SuperSpike(alpha):
            own = library.fast_sigmoid(alpha)
        case _:
            own = library.atan()
            _refuse_gradient(x, v0, surrogate, "ATan, Sigmoid, SuperSpike")
    current, h = _in_state_dtype(x, v0)
    neuron = snntorch.Leaky(
        beta=current.new_tensor(1 - decay_v),
        threshold=current.new_tensor(v_threshold),
        spike_grad=own,
        reset_mechanism="zero",
    )
    # Every neuron ever made is kept in a list of the library's, and with it its last membranes.
    neuron.instances.remove(neuron)
    spikes, membranes = [], []
    for step in current.unbind(0):
        s, h = neuron(step, h)
        spikes.append(s.to(x.dtype))
        membranes.append(h)
    v = torch.where(spikes[-1] > 0, 0.0, h)
    return torch.stack(spikes), v, torch.stack(membranes).mean(0)


def norse_lif(
    x: Tensor, v0: Tensor | None, decay_v: float, v_threshold: float, surrogate: Surrogate
) -> Result:
    """By norse's LIF "box" neuron. Arguments and results as `fused_lif`.

    Raises:
        ValueError: For a missing package, or a surrogate that it lacks.
    """
    box = _load("norse.torch.functional.lif_box")
    match surrogate:
        case SuperSpike(alpha=1.0):
            method = "super"
        case Triangle(alpha=1.0):
            method = "triangle"
        case _:
            method = "heaviside"
            _refuse_gradient(x, v0, surrogate, "SuperSpike(alpha=1), Triangle(alpha=1)")
    current, v = _in_state_dtype(x, v0)
    parameters = box.LIFBoxParameters(
        tau_mem_inv=decay_v,
        v_leak=0.0,
        v_th=v_threshold,
        v_reset=0.0,
        method=method,
        alpha=1.0,
        reset_method=lambda z, h, v_reset, v_th: torch.where(z > 0, v_reset, h),
    )
    spikes, membranes = [], []
    for step in current.unbind(0):
        membranes.append(li_step(step, v, decay_v=decay_v))
        # its input decays like its membrane does
        state = box.LIFBoxFeedForwardState(v)
        s, (v,) = box.lif_box_feed_forward_step(step / decay_v, state, parameters, dt=1.0)
        spikes.append(s.to(x.dtype))
    return torch.stack(spikes), v, torch.stack(membranes).mean(0)


BACKENDS: dict[str, Callable[[Tensor, Tensor | None, float, float, Surrogate], Result]] = {
    "native": fused_lif,
    "spikingjelly": spikingjelly_lif,
    "snntorch": snntorch_lif,
    "norse": norse_lif,
}


def _load(module: str) -> ModuleType:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise ValueError(
            f"backend {package!r} needs {error.name!r}, which is not installed; use 'native', "
            f"or pip install {package}"
        ) from error


def _refuse_gradient(x: Tensor, v0: Tensor | None, surrogate: Surrogate, accepted: str) -> None:
    wanted = x.requires_grad or (v0 is not None and v0.requires_grad)
    if torch.is_grad_enabled() and wanted:
        raise ValueError(f"backend has no surrogate {surrogate} to train with, only {accepted}")


def _in_state_dtype(x: Tensor, v0: Tensor | None) -> tuple[Tensor, Tensor]:
    """Input and first membranes in the dtype that the libraries are to compute in."""
    dtype = state_dtype(x)
    return x.to(dtype), torch.zeros_like(x[0], dtype=dtype) if v0 is None else v0.to(dtype)
