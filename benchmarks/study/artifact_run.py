"""A converted network on samples: its depth after every step, and what its layers did."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from conversion.graph.artifact import Artifact
from conversion.graph.layer_graph import Arithmetic, LayerGraph
from conversion.simulate import float_simulator, integer_simulator
from conversion.student.readout_depth import logits_of_readout
from hardware.counts.workload import Workload, workload_of_run
from snn_depth.data.sample import SPIKES, Batch
from snn_depth.data.spec import DataSpec
from snn_depth.models.depth_decoding import DepthRange
from snn_depth.models.graph import READOUT

_SIMULATORS = {"float": float_simulator, "integer": integer_simulator}


@dataclass(frozen=True, eq=False)
class ArtifactNetwork:
    """One of the two networks in an artifact, ready to run on batches.

    Attributes:
        graph: Float or integer graph.
        spec: Window and size of its input; the size is that of the grid, padding included.
        depth_range: Of its readout.
    """

    graph: LayerGraph
    spec: DataSpec
    depth_range: DepthRange

    @property
    def graded_input(self) -> bool:
        """Whether a time bin holds more than one frame of the camera."""
        return not self.graph.binary_inputs

    @property
    def stride(self) -> int:
        """Input pixels per neuron of the coarsest grid, to which inputs are padded."""
        rows = self.graph.input_shape[1]
        return max(rows // layer.shape[1] for layer in self.graph.layers)

    def run(self, batch: Batch) -> tuple[list[Tensor], Workload]:
        """Depth and events.

        Args:
            batch: With spikes.

        Returns:
            Depth in metres after every step, T tensors (B, 1, H, W), and what the layers did.

        Raises:
            ValueError: For other steps than the artifact's, or pictures of another size.
        """
        inputs, height, width = self._inputs(batch)
        trace = _SIMULATORS[self.graph.arithmetic].simulate(self.graph, inputs)
        readout = self.graph[READOUT]
        grid = self.graph.input_shape[1] // readout.shape[1]
        depths_m = []
        for num_steps in range(1, len(inputs) + 1):
            membranes = trace.membranes[READOUT][:num_steps]
            logits = logits_of_readout(
                readout, self.graph.arithmetic, membranes, grid, height, width
            )
            depths_m.append(self.depth_range.decode(logits[:, :1]))
        workload = workload_of_run(self.graph, inputs, trace.spikes)
        return depths_m, workload

    def _inputs(self, batch: Batch) -> tuple[np.ndarray[Any, Any], int, int]:
        counts = batch[SPIKES].image
        rows, columns = self.graph.input_shape[1:]
        num_steps, _, _, height, width = counts.shape
        missing = (rows - height, columns - width)
        if num_steps != self.spec.num_bins or not all(0 <= m < self.stride for m in missing):
            raise ValueError(
                f"samples have {num_steps} steps of {height}x{width}; the artifact takes "
                f"{self.spec.num_bins} steps of {rows}x{columns}: convert it for their size "
                "(python -m conversion.to_lava --size)"
            )
        padded = F.pad(counts, (0, missing[1], 0, missing[0]))
        return padded.double().numpy(), height, width


def artifact_network(artifact: Artifact, arithmetic: Arithmetic) -> ArtifactNetwork:
    """A network of an artifact.

    Args:
        artifact: As `python -m conversion.to_lava` writes it.
        arithmetic: Which of its graphs.

    Raises:
        ValueError: For an artifact without that graph, or without what `to_lava` notes in it.
    """
    graph = artifact.graph if arithmetic == artifact.graph.arithmetic else artifact.float_graph
    if graph is None or graph.arithmetic != arithmetic:
        raise ValueError(f"the artifact has no {arithmetic} graph; make it with conversion.to_lava")
    try:
        frames_per_bin = int(artifact.provenance["largest_input"])
        depth_range = DepthRange(*artifact.provenance["depth_range_m"])
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"the artifact's provenance does not give {error}; make it with conversion.to_lava"
        ) from error
    _, rows, columns = graph.input_shape
    num_bins = artifact.reset_period
    spec = DataSpec(rows, columns, frames_per_bin * num_bins, num_bins)
    return ArtifactNetwork(graph, spec, depth_range)
