"""Our neurons in NIR, whose neurons are differential equations.

NIR's LIF is ``tau dv/dt = v_leak - v + R I``. A step of forward Euler of length dt gives

    v <- (1 - dt/tau) v + (dt/tau) (v_leak + R I)

which is the neuron of `conversion.simulate.float_simulator` for ``tau = dt / decay_v`` and
``R = 1 / decay_v``. What is written is R = 1 and synapses (weights and bias) divided by decay_v
instead: the same system, and the one that runs in most frameworks, because Norse takes R for 1
whatever the file says.

With a synaptic current, NIR's CubaLIF (``tau_syn dI/dt = -I + w_in S``, then as above) is ours for
``tau_syn = dt / decay_u``, ``w_in = 1 / decay_u``, ``R = 1 / decay_v``; the synapses stay as they
are. Without leak, IF (``dv/dt = R I``) is ours for ``R = 1 / dt``.

A bias that cannot be a synapse's (per neuron behind convolutions, or added behind the current) is
``v_leak = bias / decay_v``. Membranes start at 0, not at v_leak.
"""

import nir
import numpy as np
import numpy.typing as npt

from conversion.graph.layer_graph import Layer


def synapse_gain(layer: Layer) -> float:
    """What weights and biases of the synapses are multiplied by."""
    return 1 / layer.decay_v if layer.decay_u == 1 and layer.decay_v else 1.0


def neuron_node(layer: Layer, *, is_flat: bool, leak_has_bias: bool, dt_s: float) -> nir.NIRNode:
    """The node of a layer's neurons.

    Args:
        layer: A layer of a float graph that `conversion.formats.nir_limits` admits.
        is_flat: Whether it is a vector in NIR, else a grid (C, H, W).
        leak_has_bias: Whether its bias is in v_leak; else it is in the synapses.

    Returns:
        LIF, CubaLIF or IF; of a readout LI, CubaLI or I. Constants in float64, one per neuron.
    """

    def per_neuron(value: float | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        values = np.broadcast_to(np.asarray(value, np.float64), layer.shape)
        return values.reshape(-1 if is_flat else layer.shape).copy()

    firing = {}
    if layer.fires:
        firing = {"v_threshold": per_neuron(layer.v_threshold), "v_reset": per_neuron(0.0)}
    metadata = {"decay_u": float(layer.decay_u), "decay_v": float(layer.decay_v)}
    if layer.decay_v == 0:
        kind = nir.IF if layer.fires else nir.I
        return kind(r=per_neuron(1 / dt_s), **firing, metadata=metadata)
    tau = per_neuron(dt_s / layer.decay_v)
    v_leak = per_neuron(layer.bias_CHW / layer.decay_v if leak_has_bias else 0.0)
    if layer.decay_u == 1:
        kind = nir.LIF if layer.fires else nir.LI
        return kind(tau=tau, r=per_neuron(1.0), v_leak=v_leak, **firing, metadata=metadata)
    kind = nir.CubaLIF if layer.fires else nir.CubaLI
    return kind(
        tau_syn=per_neuron(dt_s / layer.decay_u),
        tau_mem=tau,
        r=per_neuron(1 / layer.decay_v),
        v_leak=v_leak,
        w_in=per_neuron(1 / layer.decay_u),
        **firing,
        metadata=metadata,
    )
