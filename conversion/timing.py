"""When things happen on the chip: every edge takes a step, and what adds up must arrive together.

A skip is shorter than the path around which it leads, so its spikes have to wait: in the synapses,
where the chip can delay them, or in relay neurons that repeat every spike a step later.
"""

from dataclasses import dataclass, replace

import numpy as np

from conversion.layer_graph import INPUT, Edge, Layer, LayerGraph

# lava.proc.dense.process.DelayDense, Lava 0.10; six bits on Loihi with the top values taken.
MAX_SYNAPTIC_DELAY = 62


@dataclass(frozen=True)
class TimingCosts:
    """What balancing the skips costs, with synaptic delays and with relay neurons.

    Attributes:
        num_pipeline_steps: Steps between an input and its effect on the readout (L). A sample of T
            steps takes T + L alone, and T when samples follow each other.
        delays: (source, target) -> steps that its spikes wait.
        relay_neurons: Source -> neurons of the relays that would replace its synaptic delays; the
            targets of a source share one chain.
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
        if delay > MAX_SYNAPTIC_DELAY:
            raise ValueError(
                f"layer {target!r}: the edge from {source!r} must wait {delay} steps; the chip's "
                f"synapses can {MAX_SYNAPTIC_DELAY}: use relays, or a graph with shorter paths"
            )
    return replace(graph, layers=tuple(_with_delays(layer, delays) for layer in graph.layers))


def balance_with_relays(graph: LayerGraph) -> LayerGraph:
    """Insert relay neurons so that all edges of a layer arrive together without delays.

    Args:
        graph: A float graph; quantise afterwards.

    Returns:
        The graph with layers "<source>_relay1", "<source>_relay2", ... added.

    Raises:
        ValueError: For an integer graph, and where a graded input would have to be relayed, which
            a spike cannot.
    """
    if graph.arithmetic != "float":
        raise ValueError("relays go into the float graph, which is quantised afterwards")
    delays = _waiting_steps(graph)
    longest: dict[str, int] = {}
    for (source, target), delay in delays.items():
        if source == INPUT:
            raise ValueError(
                f"layer {target!r}: the input would have to wait {delay} steps, and relays pass "
                "single spikes, not counts; use synaptic delays"
            )
        longest[source] = max(longest.get(source, 0), delay)
    layers: list[Layer] = []
    for layer in graph.layers:
        edges = tuple(
            replace(edge, source=_relay_name(edge.source, delays.get((edge.source, layer.name), 0)))
            for edge in layer.edges
        )
        layers.append(replace(_with_delays(layer, {}), edges=edges))
        for step in range(1, longest.get(layer.name, 0) + 1):
            layers.append(_relay(layer, step))
    return replace(graph, layers=tuple(layers))


def timing_costs(graph: LayerGraph) -> TimingCosts:
    """What balancing costs.

    Args:
        graph: The graph without relays; its delays do not matter.

    Returns:
        The costs.
    """
    delays = _waiting_steps(graph)
    sizes = {name: int(np.prod(shape)) for name, shape in graph.shapes.items()}
    longest: dict[str, int] = {}
    for (source, _), delay in delays.items():
        longest[source] = max(longest.get(source, 0), delay)
    return TimingCosts(
        num_pipeline_steps=max(_arrival_steps(graph).values()),
        delays=delays,
        relay_neurons={source: steps * sizes[source] for source, steps in longest.items()},
        num_neurons=sum(layer.num_neurons for layer in graph.layers),
    )


def _arrival_steps(graph: LayerGraph) -> dict[str, int]:
    """Arrival of the first input with no delays but those that balancing needs."""
    steps = {INPUT: 0}
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


def _relay_name(source: str, step: int) -> str:
    return f"{source}_relay{step}" if step else source


def _relay(source: Layer, step: int) -> Layer:
    """Neurons that fire when their one input does, and forget the step otherwise."""
    num_channels = source.shape[0]
    copying = Edge(
        _relay_name(source.name, step - 1),
        "conv",
        np.ones((num_channels, 1, 1, 1)),
        groups=num_channels,
    )
    return Layer(
        _relay_name(source.name, step),
        "lif",
        source.shape,
        decay_v=1.0,
        v_threshold=0.5,
        edges=(copying,),
    )
