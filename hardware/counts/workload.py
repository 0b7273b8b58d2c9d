"""What is to be counted: layers, the edges between them, and what each layer sent at every step.

A spiking network and its conventional twin are the same kind of thing here. They differ in what a
layer sends: spikes, which cost an addition per synapse, or graded values, which cost a
multiplication and an addition. Which of both is a property of the layer, never of the data: a layer
of graded values does not become cheap because one batch happens to hold zeros and ones.

Shape suffixes: T steps, B samples, C channels, H rows, W columns.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from conversion.graph.layer_graph import INPUT, Edge, LayerGraph, Shape

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class WorkLayer:
    """A layer of neurons, what projects into it, and what it sent.

    Attributes:
        name: Unique name.
        shape: Channels, rows, columns.
        edges: What adds up at its input.
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
        inputs_TBCHW: What was put in: bool for spikes, numbers for graded input.
        layers: Every source before its targets.
        num_pipeline_steps: Steps between an input and its effect on the last layer.
        arrival_steps: By name of a layer, steps until the first input reaches it.

    Raises:
        ValueError: For records that differ in steps or samples, or do not fit their layers.
    """

    inputs_TBCHW: Array
    layers: tuple[WorkLayer, ...]
    num_pipeline_steps: int
    arrival_steps: Mapping[str, int]

    def __post_init__(self) -> None:
        if self.inputs_TBCHW.ndim != 5:
            raise ValueError(
                f"inputs have shape {self.inputs_TBCHW.shape}; accepted: (T, B, C, H, W)"
            )
        for layer in self.layers:
            expected = (self.num_steps, self.num_samples, *layer.shape)
            if layer.sent_TBCHW is not None and layer.sent_TBCHW.shape != expected:
                raise ValueError(
                    f"layer {layer.name!r}: its record has shape {layer.sent_TBCHW.shape}; "
                    f"accepted: {expected}"
                )

    @property
    def num_steps(self) -> int:
        """Steps per sample, T."""
        return len(self.inputs_TBCHW)

    @property
    def num_samples(self) -> int:
        """Samples, B."""
        return int(self.inputs_TBCHW.shape[1])

    @property
    def shapes(self) -> dict[str, Shape]:
        """(C, H, W) by layer name, the input included."""
        channels, rows, columns = self.inputs_TBCHW.shape[2:]
        return {INPUT: (channels, rows, columns), **{y.name: y.shape for y in self.layers}}

    def sent_by(self, name: str) -> Array:
        """What a layer, or the input, sent.

        Args:
            name: Name of a layer, or "input".

        Raises:
            ValueError: For a layer that sends nothing: its edges would cost nothing unnoticed.
        """
        if name == INPUT:
            return self.inputs_TBCHW
        sent = next((y.sent_TBCHW for y in self.layers if y.name == name), None)
        if sent is None:
            raise ValueError(
                f"nothing is recorded of what {name!r} sent; its synapses cannot be counted"
            )
        return sent


def workload_of_run(
    graph: LayerGraph,
    inputs_TBCHW: Array,
    spikes_TBCHW: Mapping[str, npt.NDArray[np.bool_]],
    *,
    graded_input: bool,
) -> Workload:
    """A converted network and the spikes of a time-aligned run.

    Args:
        graph: The network; delays and relays as they are.
        inputs_TBCHW: Spikes or counts per step.
        spikes_TBCHW: By name of every firing layer.
        graded_input: Whether the input carries counts; False takes it for spikes.

    Raises:
        ValueError: For a firing layer without a record, or an input of spikes that holds others
            than 0 and 1.
    """
    missing = [y.name for y in graph.layers if y.fires and y.name not in spikes_TBCHW]
    if missing:
        raise ValueError(f"no spikes are recorded of layers {missing}")
    if not graded_input and not np.isin(inputs_TBCHW, (0, 1)).all():
        raise ValueError(
            f"the input holds values up to {inputs_TBCHW.max()}; accepted as spikes: 0 and 1"
        )
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
    inputs = inputs_TBCHW if graded_input else inputs_TBCHW.astype(bool)
    return Workload(inputs, layers, graph.num_pipeline_steps, graph.arrival_steps)
