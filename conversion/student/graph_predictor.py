"""A layer graph as a depth predictor, so that it is scored exactly as a network is."""

import torch

from conversion.graph.layer_graph import LayerGraph
from conversion.simulate import float_simulator, integer_simulator
from conversion.student.readout_depth import logits_of_readout
from conversion.student.student_run import padded_input
from snn_depth.data.sample import Batch
from snn_depth.models.depth_decoding import decode_uncertainty
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.models.graph import READOUT
from snn_depth.models.prediction import DepthPrediction

_SIMULATORS = {"float": float_simulator, "integer": integer_simulator}


class GraphPredictor:
    """Runs a graph by the simulator of its arithmetic; see `Predictor`.

    Args:
        network: The student that the graph was extracted from: its grid and range of depth.
        graph: Float or integer graph, for inputs of one size.
    """

    def __init__(self, network: SpikingDepthNet, graph: LayerGraph) -> None:
        self.network = network
        self.graph = graph

    def __call__(self, batch: Batch) -> DepthPrediction:
        """Depth, uncertainty and firing rates of a batch.

        Args:
            batch: With `spikes` (T, B, 1, H, W), of the graph's size.

        Returns:
            The prediction after the last step, without features and state.

        Raises:
            ValueError: Without spikes, or for another size.
        """
        counts_TBCHW = self.network.read(batch)
        inputs = padded_input(self.network, counts_TBCHW)
        trace = _SIMULATORS[self.graph.arithmetic].simulate(self.graph, inputs)
        logits_BCHW = logits_of_readout(
            self.graph[READOUT],
            self.graph.arithmetic,
            trace.membranes[READOUT],
            self.network.graph.strides[READOUT],
            *counts_TBCHW.shape[-2:],
        )
        return DepthPrediction(
            depth_m=self.network.depth_range.decode(logits_BCHW[:, :1]),
            uncertainty=decode_uncertainty(logits_BCHW[:, 1:2]),
            firing_rates={name: torch.tensor(rate) for name, rate in trace.firing_rates().items()},
        )
