"""Counts of layers, written down instead of counted; they need not be whole numbers."""

import math
from typing import Any

import numpy as np

from conversion.graph.layer_graph import EdgeKind
from hardware.counts.event_counts import EdgeCounts, EventCounts, LayerCounts


def edge_counts(
    events: Any,
    synops: Any,
    *,
    source: str = "before",
    kind: EdgeKind = "conv",
    graded: bool = False,
    num_synapses: int = 576,
    num_weights: int = 36,
    num_source_neurons: int = 64,
) -> EdgeCounts:
    """An edge; events and synops of shape (T, B)."""
    return EdgeCounts(
        source=source,
        kind=kind,
        graded=graded,
        num_synapses=num_synapses,
        num_weights=num_weights,
        num_zero_weights=0,
        num_source_neurons=num_source_neurons,
        events_TB=np.asarray(events),
        synops_TB=np.asarray(synops),
        from_input=source == "input",
    )


def layer_counts(
    *edges: EdgeCounts,
    spikes: Any,
    name: str = "layer",
    shape: tuple[int, int, int] = (4, 4, 4),
    fires: bool = True,
) -> LayerCounts:
    """A layer of 64 neurons; spikes of shape (T, B)."""
    return LayerCounts(name, shape, edges, np.asarray(spikes), fires)


def network_counts(
    *layers: LayerCounts, num_pipeline_steps: int = 3, binning: Any = None
) -> EventCounts:
    """A network; binning of shape (T, B), nothing by default."""
    none = np.zeros_like(layers[0].spikes_TB)
    return EventCounts(layers, num_pipeline_steps, none if binning is None else np.asarray(binning))


def twin_of(layer: LayerCounts, nonzero: float = 0.5) -> LayerCounts:
    """The layer of a conventional network in its place, with a share of values other than zero."""
    edges = tuple(
        edge_counts(
            [[math.floor(nonzero * edge.num_source_neurons)]],
            [[math.floor(nonzero * edge.num_synapses)]],
            source=edge.source,
            kind=edge.kind,
            graded=True,
            num_synapses=edge.num_synapses,
            num_weights=edge.num_weights,
            num_source_neurons=edge.num_source_neurons,
        )
        for edge in layer.edges
    )
    spikes = [[math.floor(nonzero * layer.num_neurons) * layer.fires]]
    return LayerCounts(layer.name, layer.shape, edges, np.asarray(spikes), layer.fires)
