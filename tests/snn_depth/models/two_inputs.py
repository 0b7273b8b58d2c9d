"""Networks that read two inputs, and something to put in."""

import torch
from torch import Tensor

from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet
from snn_depth.models.graph import READOUT, InputPort, NetworkGraph, Population, Projection

FIRST, SECOND = "spikes", "thermal"


def two_input_graph() -> NetworkGraph:
    """Both inputs meet in one population, and one of them again in a later one."""
    return NetworkGraph(
        (InputPort(FIRST, 1), InputPort(SECOND, 2)),
        (
            Population("a", 16, (Projection(FIRST, 5, stride=2), Projection(SECOND, stride=2))),
            Population("b", 8, (Projection("a"),)),
            Population("c", 8, (Projection("b"), Projection(SECOND, 1, stride=2))),
        ),
        Population(READOUT, 2, (Projection("c"), Projection("a"))),
    )


class TwoInputStudent(SpikingDepthNet):
    """A student of that graph."""

    @staticmethod
    def build_graph(*_: object) -> NetworkGraph:
        """The graph of two inputs, whatever is asked for."""
        return two_input_graph()


class TwoInputTwin(AnnDepthNet):
    """Its twin."""

    @staticmethod
    def build_graph(*_: object) -> NetworkGraph:
        """The graph of two inputs, whatever is asked for."""
        return two_input_graph()


def student() -> TwoInputStudent:
    """In float64 and evaluation mode, with normalisations that are not the identity."""
    torch.manual_seed(3)
    network = TwoInputStudent(v_threshold=0.3).double()
    network(counts())
    return network.eval()


def counts(num_steps: int = 4, height: int = 11, width: int = 14) -> dict[str, Tensor]:
    """Counts for both inputs, two samples."""
    generator = torch.Generator().manual_seed(5)
    return {
        name: torch.poisson(
            torch.full((num_steps, 2, channels, height, width), 2.0).double(), generator
        )
        for name, channels in ((FIRST, 1), (SECOND, 2))
    }
