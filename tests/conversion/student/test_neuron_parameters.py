import pytest
import snntorch
from spikingjelly.activation_based import neuron
from torch import nn

from conversion.student.extract import extract_graph
from conversion.student.neuron_parameters import integrator_decay, lif_parameters
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.neurons.lif import LIF, LeakyIntegrator


def test_the_projects_neurons_are_the_chips() -> None:
    assert lif_parameters("lif", LIF(0.3, 0.8, backend="spikingjelly")) == (0.3, 0.8)
    assert integrator_decay("integrator", LeakyIntegrator(0.2)) == 0.2


@pytest.mark.parametrize(
    ("foreign", "why"),
    [
        (neuron.LIFNode(v_reset=None), "LIFNode with soft reset"),
        (neuron.LIFNode(v_reset=-0.5), r"LIFNode with v_reset = -0\.5"),
        (neuron.LIFNode(v_reset=0.0), "spikingjelly's LIFNode;"),
        (snntorch.Leaky(0.9, reset_mechanism="subtract"), "Leaky with soft reset"),
        (snntorch.Synaptic(0.9, 0.8, reset_mechanism="zero"), "Synaptic, which clears a membrane"),
        (nn.ReLU(), "torch's ReLU;"),
    ],
)
def test_other_neurons_are_refused_with_what_to_use(foreign: nn.Module, why: str) -> None:
    network = SpikingDepthNet(channel_multipliers=(1, 1)).eval()
    network.lif = foreign
    with pytest.raises(ValueError, match=rf"layer 'lif' is .*{why}.*use snn_depth.neurons.lif.LIF"):
        extract_graph(network.eval(), 16, 16)


def test_a_readout_that_is_no_integrator_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'integrator' is snn_depth's LIF; use .*LeakyIntegrator"):
        integrator_decay("integrator", LIF())
