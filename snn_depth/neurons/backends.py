"""The same LIF population by four implementations: our own and the field's libraries.

Each library is driven so that it computes the equations of `snn_depth.neurons.functional.lif_step`;
spikes are the same wherever a membrane is not within rounding of the threshold. Gradients are too,
as the surrogate is the library's own: a surrogate that it lacks is refused where a gradient is
wanted. Libraries run in the dtype of the state, and their states never outlive the call.
"""

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor

from snn_depth.neurons.functional import li_step
from snn_depth.neurons.fused_lif import fused_lif
from snn_depth.neurons.surrogate import ATan, Sigmoid, SuperSpike, Surrogate, Triangle
from snn_depth.neurons.time_loops import state_dtype

Result = tuple[Tensor, Tensor, Tensor]
Backend = Callable[[Tensor, Tensor | None, float, float, Surrogate], Result]


def spikingjelly_lif(
    x: Tensor, v0: Tensor, decay_v: float, v_threshold: float, surrogate: Surrogate
) -> Result:
    """By spikingjelly 2, with its own kernels on a GPU."""
    functional = _load("spikingjelly.activation_based.functional")
    library = _load("spikingjelly.activation_based.surrogate")
    match surrogate:
        case ATan(alpha):
            own = library.ATan(alpha)
        case Sigmoid(alpha):
            own = library.Sigmoid(alpha)
        case Triangle(alpha):
            own = library.PiecewiseQuadratic(alpha)
        case SuperSpike(1.0):
            own = library.SuperSpike(1.0)
        case _:
            _refuse_gradient("spikingjelly", surrogate, x, v0)
            own = library.ATan()
    # It fires at the threshold itself, we strictly above: at the next number of the state's dtype.
    real = np.float64 if x.dtype == torch.float64 else np.float32
    spikes, v, v_TBCHW = functional.lif_multi_step(
        x,
        v0,
        tau=1 / decay_v,
        decay_input=False,
        v_threshold=float(np.nextafter(real(v_threshold), real(math.inf))),
        v_reset=0.0,
        surrogate_function=own,
        detach_reset=True,
        store_v_seq=True,
    )
    before = torch.cat([v0[None], v_TBCHW[:-1]])
    return spikes, v, li_step(x, before, decay_v=decay_v).mean(0)
