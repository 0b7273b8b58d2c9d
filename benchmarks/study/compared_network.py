"""What is compared: networks, their depth on the samples, and what they did for it.

Shape suffix: B samples.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.operations.network_workload import workload_of_network
from conversion.student.graph_predictor import GraphPredictor
from conversion.student.samples import Samples
from hardware.counts.event_counts import EventCounts, concatenate_counts, count_events
from hardware.counts.workload import Workload, workload_of_run
from snn_depth.data.sample import SPIKES, Batch
from snn_depth.evaluation.metrics import depth_metrics
from snn_depth.models.depth_decoding import DepthRange
from snn_depth.models.depth_network import DepthNetwork, SpikingDepthNet

METRICS = ("abs_rel", "rmse", "delta1")
Scores = npt.NDArray[np.float64]
# Depth after every step (for a conventional network the only one), and what the layers did.
Run = Callable[[Batch], tuple[list[Tensor], Workload]]


@dataclass(frozen=True, eq=False)
class ComparedNetwork:
    """A network to be measured.

    Attributes:
        kind: "snn", or "ann" for the twin and its quantised forms, or "teacher".
        depth_range: To which its metrics are capped.
        weight_bits: 32 for floating point.
        activation_bits: 1 for spikes.
        input_is_binned: Whether its input is sums of single spikes, whose additions count.
    """

    name: str
    kind: Literal["snn", "ann", "teacher"]
    run: Run
    depth_range: DepthRange
    weight_bits: int
    activation_bits: int
    input_is_binned: bool = True


@dataclass(frozen=True, eq=False)
class Measured:
    """What a network scored, and what it did.

    Attributes:
        scores_B: Metrics of every sample, by name.
        early_scores_B: After every step, likewise; the last entry is `scores_B`.
    """

    network: ComparedNetwork
    scores_B: Mapping[str, Scores]
    early_scores_B: Sequence[Mapping[str, Scores]]
    counts: EventCounts

    @property
    def is_quantized(self) -> bool:
        """Whether it computes with integers, so that a machine of integers can be priced."""
        return max(self.network.weight_bits, self.network.activation_bits) <= 16

    @property
    def abs_rel(self) -> float:
        """Mean over the samples."""
        return float(np.nanmean(self.scores_B["abs_rel"]))


def compared_graph(name: str, predictor: GraphPredictor, weight_bits: int) -> ComparedNetwork:
    """A converted network, float or integer."""

    def run(batch: Batch) -> tuple[list[Tensor], Workload]:
        counts_TBCHW = batch[SPIKES].image
        inputs, trace = predictor.simulate(counts_TBCHW)
        workload = workload_of_run(predictor.graph, inputs, trace.spikes)
        return predictor.depth_steps_m(trace, counts_TBCHW), workload

    graded_input = not predictor.graph.binary_inputs
    return ComparedNetwork(
        name, "snn", run, predictor.depth_range, weight_bits, 1, input_is_binned=graded_input
    )


def compared_network(
    name: str, network: DepthNetwork, *, graded_input: bool = True
) -> ComparedNetwork:
    """A network of a checkpoint, in evaluation mode.

    Args:
        graded_input: Whether a time bin holds more than one frame of the camera. A conventional
            network sums the bins in any case.
    """
    spiking = isinstance(network, SpikingDepthNet)

    def run(batch: Batch) -> tuple[list[Tensor], Workload]:
        with torch.inference_mode():
            prediction = network(network.read(batch), all_steps=True) if spiking else None
            if prediction is None or prediction.depth_steps_m is None:
                depths_m = [network(network.read(batch)).depth_m]
            else:
                depths_m = list(prediction.depth_steps_m)
        workload = workload_of_network(network, batch)
        if spiking and not graded_input:
            spikes = {name: counts.astype(bool) for name, counts in workload.inputs.items()}
            workload = replace(workload, inputs=spikes)
        return depths_m, workload

    return ComparedNetwork(
        name,
        "snn" if spiking else "ann" if network.reads_spikes else "teacher",
        run,
        network.depth_range,
        getattr(network, "weight_bits", 32),
        1 if spiking else getattr(network, "activation_bits", 32),
        input_is_binned=network.reads_spikes and (graded_input or not spiking),
    )


def measure(
    network: ComparedNetwork,
    samples: Samples,
    add_workload: Callable[[Workload], None] | None = None,
) -> Measured:
    """Run a network on all samples with depth; `add_workload` takes what it did with each.

    Every operation is counted, or an error says which is not.
    """
    counts: list[EventCounts] = []
    scores: dict[int, list[dict[str, Tensor]]] = defaultdict(list)
    caps = vars(network.depth_range)
    for batch in samples.batches():
        depths_m, workload = network.run(batch)
        if add_workload is not None:
            add_workload(workload)
        binned_inputs = workload.inputs if network.input_is_binned else ()
        counts.append(count_events(workload, binned_inputs=binned_inputs))
        truth = batch.labelled
        assert truth is not None
        for step, depth_m in enumerate(depths_m):
            scores[step].append(depth_metrics(depth_m, truth.depth_m, truth.valid_mask, **caps))
    by_step = [
        {name: np.concatenate([part[name].numpy() for part in parts]) for name in METRICS}
        for _, parts in sorted(scores.items())
    ]
    return Measured(network, by_step[-1], by_step, concatenate_counts(counts))
