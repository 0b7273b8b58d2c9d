"""Run a layer graph, in time-aligned or in pipelined operation, with any kind of neuron.

Time-aligned operation is that of the student in training: every layer sees step t at step t. On a
chip each edge takes a step, so that a layer works on the steps of a sample while its targets are
still at earlier ones, or at the sample before: pipelined operation. The same spikes come out,
shifted by `LayerGraph.arrival_steps`, when the delays of the graph are balanced.

Shape suffixes: T steps of a sample, S steps of a stream of samples, B batch, C channels, H rows,
W columns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from conversion.graph.inputs import Inputs, named_inputs
from conversion.graph.layer_graph import Edge, Layer, LayerGraph
from conversion.simulate.synapses import Synapses, largest_current

Array = npt.NDArray[Any]


class Neurons(Protocol):
    """The neurons of one layer, with state for a batch.

    Attributes:
        v_BCHW: Membranes after the last step, after the reset of neurons that fired.
    """

    v_BCHW: Array

    def reset(self) -> None:
        """Back to rest."""
        ...

    def step(self, current_BCHW: Array) -> npt.NDArray[np.bool_]:
        """Advance by a step; `current_BCHW` is the synaptic input, or an input_lif layer's.

        Returns:
            The spikes (B, C, H, W).
        """
        ...


@dataclass(frozen=True)
class NeuronModel:
    """How to compute: neurons for a layer and a batch size, and a dtype for an edge's currents.

    Attributes:
        make_neurons: Neurons at rest.
        choose_dtype: Dtype for currents of up to some absolute value.
    """

    make_neurons: Callable[[Layer, int], Neurons]
    choose_dtype: Callable[[float], npt.DTypeLike]


@dataclass(frozen=True, eq=False)
class Trace:
    """What the layers did.

    Attributes:
        spikes: bool (T, B, C, H, W) by name of the firing layer.
        membranes: (T, B, C, H, W) after the step and its resets, in the units of the graph's
            arithmetic; every layer when asked for, else the readouts only.
    """

    spikes: Mapping[str, npt.NDArray[np.bool_]]
    membranes: Mapping[str, Array]

    def firing_rates(self) -> dict[str, float]:
        """Mean spikes per neuron and step by layer name."""
        return {name: float(spikes.mean()) for name, spikes in self.spikes.items()}

    def spike_mismatches(self, other: "Trace") -> dict[str, int]:
        """Spikes that only one of two runs of the same steps has, by layer name."""
        return {
            name: int(np.count_nonzero(spikes != other.spikes[name]))
            for name, spikes in self.spikes.items()
        }

    def membrane_differences(self, other: "Trace") -> dict[str, float]:
        """Largest absolute difference of the membranes that both runs have, by layer name."""
        both = [name for name in self.membranes if name in other.membranes]
        return {
            name: float(np.abs(self.membranes[name] - other.membranes[name]).max()) for name in both
        }


class _RunningLayer:
    """A layer's neurons, synapses and record."""

    def __init__(
        self,
        layer: Layer,
        model: NeuronModel,
        num_steps: int,
        num_samples: int,
        largest_inputs: Mapping[str, float],
        record_membranes: bool,
    ) -> None:
        self.layer = layer
        self.neurons = model.make_neurons(layer, num_samples)
        dtype = model.choose_dtype(
            sum(largest_current(e, largest_inputs.get(e.source, 1.0)) for e in layer.edges)
        )
        self.synapses = [Synapses(edge, layer.shape, dtype) for edge in layer.edges]
        shape = (num_steps, num_samples, *layer.shape)
        self.spikes = np.zeros(shape, bool) if layer.fires else None
        self.membranes: Array | None = None
        if record_membranes or not layer.fires:
            self.membranes = np.zeros(shape, self.neurons.v_BCHW.dtype)

    def step(self, step: int, arriving: Sequence[Array]) -> None:
        """Compute and record a step.

        Args:
            step: Which.
            arriving: What comes out of each edge's axons; the input of an input_lif layer.
        """
        if self.layer.kind == "input_lif":
            (current,) = arriving
        else:
            first, *others = (s(x) for s, x in zip(self.synapses, arriving, strict=True))
            current = sum(others, first)
        spikes = self.neurons.step(current)
        if self.spikes is not None:
            self.spikes[step] = spikes
        if self.membranes is not None:
            self.membranes[step] = self.neurons.v_BCHW


def run_aligned(
    graph: LayerGraph, inputs: Inputs, model: NeuronModel, *, record_membranes: bool = False
) -> Trace:
    """Every layer sees step t at step t; each sample of the batch starts from rest.

    Args:
        graph: What to run; its delays do not matter.
        inputs: Spikes, graded counts or (for an input_lif layer) currents, (T, B, C, H, W) by
            name; a plain array for a graph of one input.
        record_membranes: Whether to keep the membranes of firing layers too.

    Returns:
        The trace, row t of it step t.

    Raises:
        ValueError: For inputs of other names or shapes than the graph's.
    """
    sent = named_inputs(graph, inputs)
    running = _prepare(graph, sent, model, record_membranes)
    for layer in running:
        sources = [edge.source for edge in layer.layer.edges] or [graph.only_input]
        for t in range(_num_steps(sent)):
            layer.step(t, [sent[source][t] for source in sources])
        if layer.spikes is not None:
            sent[layer.layer.name] = layer.spikes
    return _trace(running)


def run_pipelined(
    graph: LayerGraph,
    inputs: Inputs,
    model: NeuronModel,
    *,
    reset_period: int,
    record_membranes: bool = False,
) -> Trace:
    """One step per edge, delays, staggered resets: samples follow each other as on the chip.

    The stream is one continuous run of S steps; a new sample starts every `reset_period` steps.
    Steps in which nothing is to be put in are rows of zeros
    (`stream_of_samples` makes such a stream). The batch holds independent streams.

    Args:
        inputs: What is put in at every step, (S, B, C, H, W) by name; a plain array for a graph
            of one input.
        reset_period: Steps from the start of one sample to the start of the next.
        record_membranes: Whether to keep the membranes of firing layers too.

    Returns:
        The trace, row s of it step s of the stream.

    Raises:
        ValueError: For inputs of other names or shapes than the graph's, or `reset_period` below 1.
    """
    if reset_period < 1:
        raise ValueError(f"reset_period is {reset_period}; accepted: 1 or more steps")
    sent = named_inputs(graph, inputs)
    running = _prepare(graph, sent, model, record_membranes)
    reset_steps = graph.reset_steps(reset_period)
    num_steps = _num_steps(sent)
    sent |= {layer.layer.name: layer.spikes for layer in running if layer.spikes is not None}
    nothing = {name: np.zeros_like(record[0]) for name, record in sent.items()}

    def arriving(edge: Edge, s: int) -> Array:
        sent_at = s - 1 - edge.delay
        spikes: Array = sent[edge.source][sent_at] if sent_at >= 0 else nothing[edge.source]
        return spikes

    for s in range(num_steps):
        for layer in running:
            if s % reset_period == reset_steps[layer.layer.name]:
                layer.neurons.reset()
            edges = layer.layer.edges
            layer.step(s, [arriving(e, s) for e in edges] or [sent[graph.only_input][s]])
    return _trace(running)


def stream_of_samples(inputs_TBCHW: Array, num_drain_steps: int, reset_period: int = 0) -> Array:
    """Put the samples of a batch one behind the other, for pipelined operation.

    Args:
        num_drain_steps: Steps of zeros at the end, in which the last sample leaves the pipeline:
            `LayerGraph.num_pipeline_steps`.
        reset_period: Steps from sample to sample, filled with zeros; T if smaller.

    Returns:
        Shape (S, 1, C, H, W), the samples in their order.
    """
    num_steps, num_samples, *shape = inputs_TBCHW.shape
    period = max(num_steps, reset_period)
    slots = np.zeros((num_samples, period, *shape), inputs_TBCHW.dtype)
    slots[:, :num_steps] = np.moveaxis(inputs_TBCHW, 1, 0)
    drain = np.zeros((num_drain_steps, *shape), inputs_TBCHW.dtype)
    stream: Array = np.concatenate([slots.reshape(-1, *shape), drain])[:, None]
    return stream


def samples_of_stream(
    record_SBCHW: Array, arrival_step: int, num_samples: int, num_steps: int, reset_period: int = 0
) -> Array:
    """Undo the pipeline's shift: the inverse of `stream_of_samples` for a layer's record.

    Args:
        record_SBCHW: Spikes or membranes of a layer in a stream, (S, 1, C, H, W).
        arrival_step: The layer's entry in `LayerGraph.arrival_steps`.
        reset_period: As given to `stream_of_samples`.

    Returns:
        Shape (T, num_samples, C, H, W).
    """
    period = max(num_steps, reset_period)
    starts = arrival_step + period * np.arange(num_samples)
    samples: Array = record_SBCHW[starts + np.arange(num_steps)[:, None], 0]
    return samples


def _num_steps(inputs: Mapping[str, Array]) -> int:
    return len(next(iter(inputs.values())))


def _prepare(
    graph: LayerGraph, inputs: Mapping[str, Array], model: NeuronModel, record_membranes: bool
) -> list[_RunningLayer]:
    largest = {name: float(np.abs(array).max(initial=0)) for name, array in inputs.items()}
    num_steps, num_samples = next(iter(inputs.values())).shape[:2]
    return [
        _RunningLayer(layer, model, num_steps, num_samples, largest, record_membranes)
        for layer in graph.layers
    ]


def _trace(running: list[_RunningLayer]) -> Trace:
    return Trace(
        {r.layer.name: r.spikes for r in running if r.spikes is not None},
        {r.layer.name: r.membranes for r in running if r.membranes is not None},
    )
