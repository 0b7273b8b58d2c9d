"""A workload with every kind of edge: the small graph of the conversion's tests, simulated."""

import numpy as np

from conversion.graph.layer_graph import LayerGraph
from conversion.simulate.integer_simulator import simulate
from hardware.counts.workload import Workload, workload_of_run
from tests.conversion.small_graphs import counts, skip_graph, two_input_graph, two_inputs


def two_input_workload() -> tuple[LayerGraph, Workload]:
    """The graph of two inputs, and what it does with spikes and counts."""
    graph, inputs = two_input_graph(), two_inputs()
    return graph, workload_of_run(graph, inputs, simulate(graph, inputs).spikes)


def small_workload(num_samples: int = 3) -> tuple[LayerGraph, Workload]:
    """Graph, and what it does with graded input."""
    graph = skip_graph()
    inputs = counts(num_samples=num_samples)
    spikes = simulate(graph, inputs).spikes
    assert all(0 < np.mean(s) < 1 for s in spikes.values())
    return graph, workload_of_run(graph, inputs, spikes)
