"""A converted graph as a depth predictor, so that it is scored exactly as a network is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from conversion.graph.artifact import Artifact
from conversion.graph.layer_graph import Arithmetic, LayerGraph
from conversion.simulate import float_simulator, integer_simulator
from conversion.simulate.simulation import Trace
from conversion.student.readout_depth import logits_of_readout
from snn_depth.data.sample import SPIKES, Batch
from snn_depth.data.spec import DataSpec
from snn_depth.models.depth_decoding import DepthRange, decode_uncertainty
from snn_depth.models.graph import READOUT
from snn_depth.models.prediction import DepthPrediction

_SIMULATORS = {"float": float_simulator, "integer": integer_simulator}


@dataclass(frozen=True, eq=False)
class GraphPredictor:
    """Runs a graph by the simulator of its arithmetic; see `Predictor`.

    Attributes:
        graph: Float or integer graph, for pictures of one size.
        depth_range: Of its readout.
        num_steps: Time steps of an input, where the graph is used with one number of them only.
    """

    graph: LayerGraph
    depth_range: DepthRange
    num_steps: int | None = None

    @property
    def stride(self) -> int:
        """Input pixels per neuron of the coarsest grid, to which pictures are padded."""
        rows = self.graph.input_shape[1]
        return max(rows // layer.shape[1] for layer in self.graph.layers)

    def __call__(self, batch: Batch) -> DepthPrediction:
        """Depth, uncertainty and firing rates after the last step, from spikes of the graph's size.

        Raises:
            ValueError: Without spikes, or for another size.
        """
        counts_TBCHW = batch[SPIKES].image
        _, trace = self.simulate(counts_TBCHW)
        logits_BCHW = self._logits(trace, len(counts_TBCHW), counts_TBCHW)
        return DepthPrediction(
            depth_m=self.depth_range.decode(logits_BCHW[:, :1]),
            uncertainty=decode_uncertainty(logits_BCHW[:, 1:2]),
            firing_rates={name: torch.tensor(rate) for name, rate in trace.firing_rates().items()},
        )

    def simulate(self, counts_TBCHW: Tensor) -> tuple[npt.NDArray[np.float64], Trace]:
        """The padded counts, and what all layers did with them from rest.

        Raises:
            ValueError: For pictures of another size, or another number of time steps.
        """
        if self.num_steps not in (None, len(counts_TBCHW)):
            raise ValueError(
                f"samples have {len(counts_TBCHW)} steps; the artifact takes {self.num_steps}"
            )
        rows, columns = self.graph.input_shape[1:]
        height, width = counts_TBCHW.shape[-2:]
        missing = (rows - height, columns - width)
        if not all(0 <= m < self.stride for m in missing):
            raise ValueError(
                f"samples are {height}x{width}; the graph takes {rows}x{columns}: convert it for "
                "their size (python -m conversion.to_lava --size)"
            )
        padded: Any = F.pad(counts_TBCHW, (0, missing[1], 0, missing[0])).double().cpu().numpy()
        inputs = np.ascontiguousarray(padded)
        return inputs, _SIMULATORS[self.graph.arithmetic].simulate(self.graph, inputs)

    def depth_steps_m(self, trace: Trace, counts_TBCHW: Tensor) -> list[Tensor]:
        """Depth read out after every step of a run, T tensors (B, 1, H, W)."""
        steps = range(1, len(counts_TBCHW) + 1)
        logits = (self._logits(trace, step, counts_TBCHW) for step in steps)
        return [self.depth_range.decode(logits_BCHW[:, :1]) for logits_BCHW in logits]

    def _logits(self, trace: Trace, num_steps: int, counts_TBCHW: Tensor) -> Tensor:
        readout = self.graph[READOUT]
        return logits_of_readout(
            readout,
            self.graph.arithmetic,
            trace.membranes[READOUT][:num_steps],
            self.graph.input_shape[1] // readout.shape[1],
            *counts_TBCHW.shape[-2:],
        )


def predictor_of_artifact(artifact: Artifact, arithmetic: Arithmetic) -> GraphPredictor:
    """The float or the integer network of an artifact.

    Raises:
        ValueError: For an artifact without that graph, or without what `to_lava` notes in it.
    """
    graph = artifact.graph if arithmetic == artifact.graph.arithmetic else artifact.float_graph
    if graph is None or graph.arithmetic != arithmetic:
        raise ValueError(f"the artifact has no {arithmetic} graph; make it with conversion.to_lava")
    low_m, high_m = _noted(artifact, "depth_range_m")
    return GraphPredictor(graph, DepthRange(low_m, high_m), artifact.reset_period)


def spec_of_artifact(artifact: Artifact) -> DataSpec:
    """Window of an artifact's input, and its size with padding.

    Raises:
        ValueError: For an artifact without what `to_lava` notes in it.
    """
    _, rows, columns = artifact.graph.input_shape
    num_bins = artifact.reset_period
    return DataSpec(rows, columns, int(_noted(artifact, "largest_input")) * num_bins, num_bins)


def _noted(artifact: Artifact, name: str) -> Any:
    if name not in artifact.provenance:
        raise ValueError(
            f"the artifact's provenance does not give {name!r}; make it with conversion.to_lava"
        )
    return artifact.provenance[name]
