"""Which neurons of a network the chip has, and what to use instead of the others.

The chip's neuron, and Lava's, is ``v = (1 - decay_v) v + x; s = v > v_threshold; v = 0 where s``.
Neurons of other libraries that compute the same are run through
``snn_depth.neurons.lif.LIF(..., backend=...)``, so a foreign module never has to be mapped.
"""

from torch import nn

from snn_depth.neurons.lif import LIF, LeakyIntegrator

_USE_LIF = (
    "use snn_depth.neurons.lif.LIF(decay_v, v_threshold), which resets to 0 (its backend= runs the "
    "same neuron by spikingjelly, snntorch or norse), and train or fine-tune with it"
)


def lif_parameters(name: str, neuron: nn.Module) -> tuple[float, float]:
    """Decay of the membrane per step, and threshold.

    Raises:
        ValueError: For a neuron that the chip does not have, with the module's name and what to
            use instead.
    """
    if type(neuron) is not LIF:
        raise ValueError(f"layer {name!r} is {_describe(neuron)}; {_USE_LIF}")
    return neuron.decay_v, neuron.v_threshold


def integrator_decay(name: str, neuron: nn.Module) -> float:
    """Decay of the membrane per step of neurons that never fire.

    Raises:
        ValueError: For anything else than a leaky integrator, with the module's name.
    """
    if type(neuron) is not LeakyIntegrator:
        raise ValueError(
            f"layer {name!r} is {_describe(neuron)}; "
            "use snn_depth.neurons.lif.LeakyIntegrator(decay_v)"
        )
    return neuron.decay_v


def _describe(neuron: nn.Module) -> str:
    """The kind of neuron, and what the chip lacks of it as far as its attributes tell."""
    kind = type(neuron)
    what = f"{kind.__module__.partition('.')[0]}'s {kind.__name__}"
    if getattr(neuron, "reset_mechanism", None) == "subtract" or (
        hasattr(neuron, "v_reset") and neuron.v_reset is None
    ):
        return f"{what} with soft reset (subtraction), and the chip resets to 0"
    v_reset = getattr(neuron, "v_reset", 0.0)
    if isinstance(v_reset, int | float) and v_reset:
        return f"{what} with v_reset = {v_reset}, and the chip resets to 0"
    if kind.__name__ == "Synaptic":
        return f"{what}, which clears a membrane after integrating; the chip has no such neuron"
    return what
