"""Which operations belong where in a depth network, and what they count as.

- synaptic: a convolution, counted by its synapses
- folded: a part of the weights once they are converted
- neuron: update of neurons, or the sum of what projects into them
- host: off the chip, before the first synapse or behind the readout
- statistics: not needed to predict
- weights: made of weights alone, once
- free: moves and shapes, computes nothing
"""

from collections.abc import Mapping
from typing import Literal

from torch import nn

from snn_depth.models.quantized_relu import QuantizedReLU
from snn_depth.neurons.lif import LIF, LeakyIntegrator

Kind = Literal["synaptic", "folded", "neuron", "host", "statistics", "weights", "free"]
NetworkPart = Literal["input", "projection", "population", "decoding"]

# Views, copies, shapes and constants: nothing is computed.
FREE = frozenset(
    f"aten.{name}"
    for name in (
        "_to_copy alias clone constant_pad_nd detach empty expand lift_fresh permute promote_types "
        "select slice split stack transpose unbind unsqueeze view zeros_like"
    ).split()
)
_KNOWN: Mapping[NetworkPart, Mapping[str, Kind]] = {
    # The twin sums the bins that the student reads one by one.
    "input": {"aten.sum": "host"},
    # With fixed statistics a part of the weights.
    "projection": {"aten.convolution": "synaptic", "aten.native_batch_norm": "folded"},
    # Projections into one population add up. Firing rates are for losses and tables only.
    "population": {"aten.add": "neuron", "aten.mean": "statistics"},
    # From the readout to metres, off the chip.
    "decoding": {
        f"aten.{name}": "host"
        for name in "add clamp div mul reciprocal sigmoid softplus upsample_bilinear2d".split()
    },
}
# What each kind of neuron computes. The LIF's addition and division beyond its update make the mean
# membrane, which only training reads.
_NEURONS: Mapping[type[nn.Module], frozenset[str]] = {
    LIF: frozenset({"aten.mul", "aten.add", "aten.gt", "aten.rsub", "aten.div"}),
    LeakyIntegrator: frozenset({"aten.mul", "aten.add"}),
    nn.ReLU: frozenset({"aten.relu"}),
    QuantizedReLU: frozenset({"aten.div", "aten.clamp", "aten.round", "aten.mul"}),
}


def kind_of(name: str, part: NetworkPart) -> Kind | None:
    """What an operation counts as outside of neurons; None where it does not belong.

    Args:
        part: Before the first projection, in one, between them (at the input of a population), or
            behind the last.
    """
    return _KNOWN[part].get(name)


def kind_in_neurons(name: str, neurons: nn.Module) -> Kind | None:
    """What one counts as within neurons; None for an unknown kind, or what it does not compute."""
    known = next((v for kind, v in _NEURONS.items() if isinstance(neurons, kind)), frozenset())
    return "neuron" if name in known else None
