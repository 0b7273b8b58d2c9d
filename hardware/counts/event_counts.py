"""Exact counts of what happens in a network: synaptic operations, updates, spikes.

Every figure is a whole number per step and sample, found from what the layers really sent; nothing
is a rate times a size. Counts of a sample depend on neither the samples beside it nor those before.

Shape suffixes: T steps, B samples.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from conversion.graph.layer_graph import EdgeKind
from hardware.counts.connections import Connections, connect
from hardware.counts.workload import Array, Workload

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EdgeCounts:
    """What happened on the synapses between two layers.

    Attributes:
        graded: Whether it sends graded values, so that an operation is a multiply-accumulate;
            else it is an addition.
        num_synapses: Joined pairs of neurons; a dense machine computes them all in every step.
        num_zero_weights: Of the stored weights, zeros; their synapses count like all others.
        events_TB: Spikes, or values other than zero, that were sent.
        synops_TB: Synapses that they drove.
    """

    source: str
    kind: EdgeKind
    graded: bool
    num_synapses: int
    num_weights: int
    num_zero_weights: int
    num_source_neurons: int
    events_TB: Counts
    synops_TB: Counts
    from_input: bool = False

    def changed(self, change: Callable[[Counts], Counts]) -> "EdgeCounts":
        """The same with every array (T, B) changed."""
        return replace(self, events_TB=change(self.events_TB), synops_TB=change(self.synops_TB))

    @property
    def synops_per_synapse_B(self) -> npt.NDArray[np.float64]:
        """Operations per synapse and inference: "spikes per synapse" of the break-even papers."""
        ratio: npt.NDArray[np.float64] = self.synops_TB.sum(0) / self.num_synapses
        return ratio


@dataclass(frozen=True, eq=False)
class LayerCounts:
    """What happened in a layer.

    Layers that send graded values count those other than zero as spikes; a readout has none.
    """

    name: str
    shape: tuple[int, int, int]
    edges: tuple[EdgeCounts, ...]
    spikes_TB: Counts
    fires: bool

    @property
    def num_neurons(self) -> int:
        """Neurons, each updated in every step."""
        return math.prod(self.shape)

    @property
    def num_synapses(self) -> int:
        """Joined pairs of neurons over all edges."""
        return sum(edge.num_synapses for edge in self.edges)

    @property
    def num_weights(self) -> int:
        """Stored weights over all edges."""
        return sum(edge.num_weights for edge in self.edges)

    @property
    def accumulations_TB(self) -> Counts:
        """Additions that spikes cause."""
        return self._synops_TB(graded=False)

    @property
    def macs_TB(self) -> Counts:
        """Multiply-accumulates that graded values other than zero cause."""
        return self._synops_TB(graded=True)

    @property
    def synops_TB(self) -> Counts:
        """Both."""
        return self.accumulations_TB + self.macs_TB

    def _synops_TB(self, *, graded: bool) -> Counts:
        zero = np.zeros_like(self.spikes_TB)
        return sum((e.synops_TB for e in self.edges if e.graded == graded), zero)


@dataclass(frozen=True, eq=False)
class EventCounts:
    """What happened in a network.

    Attributes:
        num_pipeline_steps: L, steps between an input and its effect on the last layer.
        binning_TB: Additions that made counts of inputs out of single spikes; zeros where inputs
            are spikes, or were never any.
    """

    layers: tuple[LayerCounts, ...]
    num_pipeline_steps: int
    binning_TB: Counts

    @property
    def num_steps(self) -> int:
        """Steps per sample, T."""
        return len(self.binning_TB)

    @property
    def num_samples(self) -> int:
        """Samples, B."""
        return int(self.binning_TB.shape[1])

    @property
    def num_neurons(self) -> int:
        """Neurons of all layers."""
        return sum(layer.num_neurons for layer in self.layers)

    @property
    def num_synapses(self) -> int:
        """Synapses of all layers: dense operations per step."""
        return sum(layer.num_synapses for layer in self.layers)

    @property
    def num_weights(self) -> int:
        """Stored weights of all layers."""
        return sum(layer.num_weights for layer in self.layers)

    @property
    def synops_B(self) -> Counts:
        """Synaptic operations per sample, graded ones included."""
        return self._total_B("synops_TB")

    @property
    def accumulations_B(self) -> Counts:
        """Of these, additions."""
        return self._total_B("accumulations_TB")

    @property
    def macs_B(self) -> Counts:
        """Of these, multiply-accumulates."""
        return self._total_B("macs_TB")

    @property
    def spikes_B(self) -> Counts:
        """Spikes per sample."""
        return self._total_B("spikes_TB")

    def num_updates(self, *, pipelined: bool) -> int:
        """Neuron updates per sample.

        Args:
            pipelined: Samples follow each other without a gap, so that every layer works all the
                time: N T. Else a sample comes alone, and all neurons are updated until it has
                left: N (T + L).
        """
        steps = self.num_steps + (0 if pipelined else self.num_pipeline_steps)
        return self.num_neurons * steps

    def first_steps(self, num_steps: int) -> "EventCounts":
        """What had happened after 1 to T steps of every sample: the price of reading out early."""
        if not 1 <= num_steps <= self.num_steps:
            raise ValueError(f"num_steps is {num_steps}; accepted: 1 to {self.num_steps}")
        return self._map(lambda counts: counts[:num_steps])

    def without_spikes(self) -> "EventCounts":
        """The same network if it received its graded input, and nothing fired."""
        layers = tuple(
            replace(
                layer,
                spikes_TB=np.zeros_like(layer.spikes_TB),
                edges=tuple(e if e.graded else e.changed(np.zeros_like) for e in layer.edges),
            )
            for layer in self.layers
        )
        return replace(self, layers=layers)

    def silent(self) -> "EventCounts":
        """The same network if nothing had been sent: what it costs to wait for events."""
        return self._map(np.zeros_like)

    def _map(self, change: Callable[[Counts], Counts]) -> "EventCounts":
        """The same with every array (T, B) changed."""
        layers = tuple(
            replace(
                layer,
                spikes_TB=change(layer.spikes_TB),
                edges=tuple(edge.changed(change) for edge in layer.edges),
            )
            for layer in self.layers
        )
        return replace(self, layers=layers, binning_TB=change(self.binning_TB))

    def _total_B(self, part: str) -> Counts:
        total: Counts = sum(getattr(layer, part) for layer in self.layers).sum(0)
        return total


def count_events(workload: Workload, *, binned_inputs: Collection[str] = ()) -> EventCounts:
    """Count what a network did.

    Args:
        binned_inputs: Inputs whose counts are sums of single spikes, whose additions are to be
            counted: one for every spike of the camera.

    Raises:
        ValueError: For an edge whose kind cannot be counted, or whose source has no record.
    """
    shapes = workload.shapes
    events = {name: count_nonzero(x_TBCHW) for name, x_TBCHW in workload.inputs.items()}
    none = np.zeros((workload.num_steps, workload.num_samples), np.int64)
    layers = []
    for layer in workload.layers:
        edges = []
        for edge in layer.edges:
            arriving_TBCHW = workload.sent_by(edge.source)
            connections = connect(edge, shapes[edge.source], layer.shape)
            edges.append(
                EdgeCounts(
                    edge.source,
                    edge.kind,
                    arriving_TBCHW.dtype != np.bool_,
                    connections.num_synapses,
                    edge.weight.size,
                    edge.weight.size - int(np.count_nonzero(edge.weight)),
                    math.prod(shapes[edge.source]),
                    events[edge.source],
                    count_synops(arriving_TBCHW, connections),
                    from_input=edge.source in workload.inputs,
                )
            )
        sent_TBCHW = layer.sent_TBCHW
        fires = sent_TBCHW is not None
        events[layer.name] = none if sent_TBCHW is None else count_nonzero(sent_TBCHW)
        layers.append(LayerCounts(layer.name, layer.shape, tuple(edges), events[layer.name], fires))
    binning = sum((workload.inputs[name].sum((2, 3, 4)) for name in binned_inputs), none)
    return EventCounts(tuple(layers), workload.num_pipeline_steps, binning.astype(np.int64))


def concatenate_counts(parts: Sequence[EventCounts]) -> EventCounts:
    """Counts of all samples of several batches of one network."""
    first = parts[0]
    layers = []
    for index, layer in enumerate(first.layers):
        same = [part.layers[index] for part in parts]
        edges = tuple(
            replace(
                edge,
                events_TB=np.concatenate([y.edges[i].events_TB for y in same], axis=1),
                synops_TB=np.concatenate([y.edges[i].synops_TB for y in same], axis=1),
            )
            for i, edge in enumerate(layer.edges)
        )
        spikes = np.concatenate([y.spikes_TB for y in same], axis=1)
        layers.append(replace(layer, spikes_TB=spikes, edges=edges))
    binning = np.concatenate([part.binning_TB for part in parts], axis=1)
    return replace(first, layers=tuple(layers), binning_TB=binning)


def count_nonzero(sent_TBCHW: Array) -> Counts:
    """Spikes, or values other than zero, per step and sample (T, B)."""
    events: Counts = np.count_nonzero(sent_TBCHW, axis=(2, 3, 4)).astype(np.int64)
    return events


def count_synops(sent_TBCHW: Array, connections: Connections) -> Counts:
    """Synapses driven per step and sample (T, B)."""
    # Floating-point products are many times faster, and exact: sums stay below 2**53.
    fan_out = connections.fan_out_CHW.ravel().astype(np.float64)
    num_samples = sent_TBCHW.shape[1]
    by_step = [(sent != 0).reshape(num_samples, -1) @ fan_out for sent in sent_TBCHW]
    synops: Counts = np.stack(by_step).astype(np.int64)
    return synops
