from dataclasses import replace

import numpy as np
import pytest

from conversion.graph.ancestors import ancestors
from conversion.graph.layer_graph import Layer, LayerGraph
from conversion.simulate import integer_simulator
from tests.conversion.small_graphs import counts, skip_graph, two_input_graph


@pytest.mark.parametrize(
    ("name", "kept"), [("a", "a"), ("b", "a b"), ("c", "a b c"), ("out", "a b c d out")]
)
def test_keeps_what_a_layer_depends_on(name: str, kept: str) -> None:
    graph = skip_graph()
    part = ancestors(graph, name)
    assert [layer.name for layer in part.layers] == kept.split()
    assert (part.arithmetic, part.input_shape) == (graph.arithmetic, graph.input_shape)
    assert all(part[layer.name] is graph[layer.name] for layer in part.layers)
    whole = integer_simulator.simulate(graph, counts(), record_membranes=True)
    found = integer_simulator.simulate(part, counts(), record_membranes=True)
    assert np.array_equal(found.membranes[name], whole.membranes[name])


def test_leaves_out_a_branch_that_stands_before() -> None:
    graph = skip_graph(balanced=False)
    edges = tuple(edge for edge in graph["c"].edges if edge.source != "b")
    without_b = replace(graph["c"], edges=edges)
    layers = tuple(without_b if layer.name == "c" else layer for layer in graph.layers)
    part = ancestors(replace(graph, layers=layers), "d")
    assert [layer.name for layer in part.layers] == ["a", "c", "d"]


def test_leaves_out_inputs_that_are_not_read() -> None:
    part = ancestors(two_input_graph(), "a")
    assert dict(part.inputs) == {"spikes": (2, 6, 8)}
    assert part.binary_inputs == {"spikes"}
    assert list(ancestors(two_input_graph(), "b").inputs) == ["spikes", "thermal"]
    neurons = Layer("first", "input_lif", (2, 8, 12), 0.5, 1.0)
    graph = LayerGraph({"input": (2, 8, 12)}, (neurons,))
    assert ancestors(graph, "first").inputs == graph.inputs


def test_unknown_layer() -> None:
    with pytest.raises(ValueError, match="no layer 'input'; accepted: a, b, c, d, out"):
        ancestors(skip_graph(), "input")
