"""When things happen on the chip: every edge takes a step, and what adds up must arrive together.

A skip is shorter than the path around which it leads, so its spikes have to wait: in the synapses,
where the chip can delay them, or in relay neurons that repeat every spike a step later. An input
waits for nothing: whoever sends it sends it once more, later.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from conversion.graph.layer_graph import Edge, Layer, LayerGraph, Pair, Shape

# lava.proc.dense.process.DelayDense, Lava 0.10; six bits on Loihi with the top values taken.
MAX_SYNAPTIC_DELAY = 62
Balance = Literal["synaptic", "relays"]

_EVERY: Pair = (1, 1)  # stride of an edge, or a relay, that reads its whole source


@dataclass(frozen=True)
class TimingCosts:
    """What balancing the skips costs, with synaptic delays and with relay neurons.

    Attributes:
        num_pipeline_steps: Steps between an input and its effect on the readout (L). A sample of T
            steps takes T + L alone, and T when samples follow each other.
        delays: (source, target) -> steps that its spikes wait.
        relay_neurons: Source -> neurons of the relays that would replace its synaptic delays.
        num_neurons: Neurons without relays.
    """

    num_pipeline_steps: int
    delays: dict[tuple[str, str], int]
    relay_neurons: dict[str, int]
    num_neurons: int

    @property
    def num_relay_neurons(self) -> int:
        """All relay neurons."""
        return sum(self.relay_neurons.values())

    @property
    def relay_share(self) -> float:
        """Part of all neuron updates that would be the relays', 0..1."""
        return self.num_relay_neurons / (self.num_relay_neurons + self.num_neurons)


def balance(graph: LayerGraph, delays: Balance) -> LayerGraph:
    """Make all edges of a layer arrive together.

    Raises:
        ValueError: As the function that does it.
    """
    return (balance_with_delays if delays == "synaptic" else balance_with_relays)(graph)


def spikes_with_relays(
    graph: LayerGraph, spikes: Mapping[str, npt.NDArray[np.bool_]]
) -> dict[str, npt.NDArray[np.bool_]]:
    """Add what the relays of a balanced graph do in time-aligned operation: what their sources do.

    Args:
        spikes: (T, B, C, H, W) by name of all firing layers that are no relays.

    Returns:
        Likewise of all firing layers, in the graph's order.
    """
    found: dict[str, npt.NDArray[np.bool_]] = {}
    for layer in graph.layers:
        if layer.name in spikes:
            found[layer.name] = spikes[layer.name]
        elif layer.fires:
            (edge,) = layer.edges
            found[layer.name] = found[edge.source][..., :: edge.stride[0], :: edge.stride[1]]
    return found


def balance_with_delays(graph: LayerGraph) -> LayerGraph:
    """Delay every edge by synaptic delays so that all edges of a layer arrive together.

    Args:
        graph: Any graph; earlier delays are replaced.

    Returns:
        The graph with no early edges, whose pipelined operation computes what time-aligned
        operation does.

    Raises:
        ValueError: Where a delay exceeds the chip's, naming the layer.
    """
    delays = _waiting_steps(graph)
    for (source, target), delay in delays.items():
        if delay > MAX_SYNAPTIC_DELAY and source not in graph.inputs:
            raise ValueError(
                f"layer {target!r}: the edge from {source!r} must wait {delay} steps; the chip's "
                f"synapses can {MAX_SYNAPTIC_DELAY}: use relays, or a graph with shorter paths"
            )
    return replace(graph, layers=tuple(_with_delays(layer, delays) for layer in graph.layers))


def balance_with_relays(graph: LayerGraph) -> LayerGraph:
    """Insert relay neurons so that all edges of a layer arrive together without synaptic delays.

    Args:
        graph: A float graph; quantise afterwards.

    Returns:
        The graph with layers "<source>_relay1", "<source>_relay2", ... added. Only edges from an
        input keep a delay, by which it is sent once more.

    Raises:
        ValueError: For an integer graph.
    """
    if graph.arithmetic != "float":
        raise ValueError("relays go into the float graph, which is quantised afterwards")
    delays = _waiting_steps(graph)
    chains = _relay_chains(graph, delays)
    layers: list[Layer] = []
    for layer in graph.layers:
        edges = (
            _through_relays(e, delays.get((e.source, layer.name), 0), chains) for e in layer.edges
        )
        layers.append(replace(layer, edges=tuple(edges)))
        for (source, stride), num_steps in chains.items():
            if source == layer.name:
                layers += (_relay(layer, stride, step) for step in range(1, num_steps + 1))
    return replace(graph, layers=tuple(layers))


def timing_costs(graph: LayerGraph) -> TimingCosts:
    """What balancing costs."""
    delays = _waiting_steps(graph)
    relay_neurons: dict[str, int] = {}
    for (source, stride), num_steps in _relay_chains(graph, delays).items():
        num_neurons = num_steps * math.prod(_relayed_shape(graph.shapes[source], stride))
        relay_neurons[source] = relay_neurons.get(source, 0) + num_neurons
    return TimingCosts(
        num_pipeline_steps=max(_arrival_steps(graph).values()),
        delays=delays,
        relay_neurons=relay_neurons,
        num_neurons=sum(layer.num_neurons for layer in graph.layers),
    )


def _arrival_steps(graph: LayerGraph) -> dict[str, int]:
    """Arrival of the first input with no delays but those that balancing needs."""
    steps = dict.fromkeys(graph.inputs, 0)
    for layer in graph.layers:
        steps[layer.name] = max((steps[edge.source] + 1 for edge in layer.edges), default=0)
    return steps


def _waiting_steps(graph: LayerGraph) -> dict[tuple[str, str], int]:
    """(source, target) -> steps that its spikes must wait; only those that must."""
    steps = _arrival_steps(graph)
    waits = {
        (edge.source, layer.name): steps[layer.name] - 1 - steps[edge.source]
        for layer in graph.layers
        for edge in layer.edges
    }
    return {ends: wait for ends, wait in waits.items() if wait}


def _with_delays(layer: Layer, delays: dict[tuple[str, str], int]) -> Layer:
    edges = (replace(e, delay=delays.get((e.source, layer.name), 0)) for e in layer.edges)
    return replace(layer, edges=tuple(edges))


def _relay_chains(
    graph: LayerGraph, delays: dict[tuple[str, str], int]
) -> dict[tuple[str, Pair], int]:
    """(source, stride of what is relayed of it) -> steps; a chain serves all targets it passes.

    A 1x1 convolution with a stride reads only some of its source's neurons, and only those need a
    relay, unless a chain of the whole source passes anyway.
    """
    longest: dict[tuple[str, Pair], int] = {}
    for layer in graph.layers:
        for edge in layer.edges:
            delay = delays.get((edge.source, layer.name), 0)
            if delay and edge.source not in graph.inputs:
                chain = (edge.source, _stride_read(edge))
                longest[chain] = max(longest.get(chain, 0), delay)
    return {
        (source, stride): num_steps
        for (source, stride), num_steps in longest.items()
        if stride == _EVERY or num_steps > longest.get((source, _EVERY), 0)
    }


def _stride_read(edge: Edge) -> Pair:
    """Which rows and columns of its source an edge reads: every first, second, ..."""
    is_pointwise = edge.kind == "conv" and edge.weight.shape[2:] == (1, 1)
    return edge.stride if is_pointwise and edge.padding == (0, 0) else _EVERY


def _through_relays(edge: Edge, delay: int, chains: dict[tuple[str, Pair], int]) -> Edge:
    """The edge, from the relay that repeats its source `delay` steps later, if there is one."""
    stride = _stride_read(edge)
    if (edge.source, stride) not in chains:
        stride = _EVERY
    if not delay or (edge.source, stride) not in chains:  # an input has none: it is sent again
        return replace(edge, delay=delay)
    relay = _relay_name(edge.source, stride, delay)
    if stride == _EVERY:
        return replace(edge, source=relay, delay=0)
    return replace(edge, source=relay, delay=0, stride=_EVERY)  # the relay has made the steps


def _relayed_shape(shape: Shape, stride: Pair) -> Shape:
    return shape[0], -(-shape[1] // stride[0]), -(-shape[2] // stride[1])


def _relay_name(source: str, stride: Pair, step: int) -> str:
    part = "" if stride == _EVERY else f"_{stride[0]}x{stride[1]}"
    return f"{source}{part}_relay{step}"


def _relay(source: Layer, stride: Pair, step: int) -> Layer:
    """Neurons that fire when their one input does, and forget the step otherwise."""
    num_channels = source.shape[0]
    copying = Edge(
        source.name if step == 1 else _relay_name(source.name, stride, step - 1),
        "conv",
        np.ones((num_channels, 1, 1, 1)),
        stride=stride if step == 1 else _EVERY,
        groups=num_channels,
    )
    return Layer(
        _relay_name(source.name, stride, step),
        "lif",
        _relayed_shape(source.shape, stride),
        decay_v=1.0,
        v_threshold=0.5,
        edges=(copying,),
    )
