"""What is to be counted: layers, the edges between them, and what each layer sent at every step.

A spiking network and its conventional twin are the same kind of thing here. They differ in what a
layer sends: spikes, which cost an addition per synapse, or graded values, which cost a
multiplication and an addition. Which of both is a property of the layer, not of the data: a layer
of graded values does not become cheap because one batch holds only zeros and ones.

Shape suffixes: T steps, B samples, C channels, H rows, W columns.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from conversion.graph.inputs import Inputs, named_inputs
from conversion.graph.layer_graph import Edge, LayerGraph, Shape

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class WorkLayer:
    """A layer of neurons, what projects into it, and what it sent.

    Attributes:
        sent_TBCHW: Spikes (bool) or graded values; None for a layer that sends nothing on.
        is_input_neuron: Whether the input drives it without synapses, as a bias does.
    """

    name: str
    shape: Shape
    edges: tuple[Edge, ...]
    sent_TBCHW: Array | None
    is_input_neuron: bool = False

    @property
    def num_neurons(self) -> int:
        """Neurons in the layer."""
        return math.prod(self.shape)


@dataclass(frozen=True, eq=False)
class Workload:
    """A network and what it did with some samples.

    Attributes:
        inputs: (T, B, C, H, W) by name: bool for spikes, numbers for graded input.
        num_pipeline_steps: Steps between an input and its effect on the last layer.
        arrival_steps: By name of a layer, steps until the first input reaches it.
    """

    inputs: Mapping[str, Array]
    layers: tuple[WorkLayer, ...]
    num_pipeline_steps: int
    arrival_steps: Mapping[str, int]

    def __post_init__(self) -> None:
        for name, x_TBCHW in self.inputs.items():
            expected = (self.num_steps, self.num_samples)
            if x_TBCHW.ndim != 5 or x_TBCHW.shape[:2] != expected:
                raise ValueError(
                    f"input {name!r} has shape {x_TBCHW.shape}; accepted: (T, B, C, H, W), "
                    "T and B as of the others"
                )
        for layer in self.layers:
            shape = (self.num_steps, self.num_samples, *layer.shape)
            if layer.sent_TBCHW is not None and layer.sent_TBCHW.shape != shape:
                raise ValueError(
                    f"layer {layer.name!r}: its record has shape {layer.sent_TBCHW.shape}; "
                    f"accepted: {shape}"
                )

    @property
    def num_steps(self) -> int:
        """Steps per sample, T."""
        return len(next(iter(self.inputs.values())))

    @property
    def num_samples(self) -> int:
        """Samples, B."""
        return int(next(iter(self.inputs.values())).shape[1])

    @property
    def shapes(self) -> dict[str, Shape]:
        """(C, H, W) by name of input or layer."""
        inputs: dict[str, Shape] = {name: x.shape[2:] for name, x in self.inputs.items()}
        return {**inputs, **{y.name: y.shape for y in self.layers}}

    def sent_by(self, name: str) -> Array:
        """What a layer or input sent; ValueError for a layer that sends nothing."""
        if name in self.inputs:
            return self.inputs[name]
        sent = next((y.sent_TBCHW for y in self.layers if y.name == name), None)
        if sent is None:
            raise ValueError(
                f"nothing is recorded of what {name!r} sent; its synapses cannot be counted"
            )
        return sent


def workload_of_run(
    graph: LayerGraph,
    inputs: Inputs,
    spikes_TBCHW: Mapping[str, npt.NDArray[np.bool_]],
) -> Workload:
    """A converted network and the spikes of a time-aligned run.

    Raises:
        ValueError: For a firing layer without a record, or counts where spikes are expected.
    """
    missing = [y.name for y in graph.layers if y.fires and y.name not in spikes_TBCHW]
    if missing:
        raise ValueError(f"no spikes are recorded of layers {missing}")
    layers = tuple(
        WorkLayer(
            y.name,
            y.shape,
            y.edges,
            spikes_TBCHW[y.name].astype(bool) if y.fires else None,
            is_input_neuron=y.kind == "input_lif",
        )
        for y in graph.layers
    )
    named = {
        name: x_TBCHW.astype(bool) if name in graph.binary_inputs else x_TBCHW
        for name, x_TBCHW in named_inputs(graph, inputs).items()
    }
    return Workload(named, layers, graph.num_pipeline_steps, graph.arrival_steps)
