from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from conversion.graph.layer_graph import Edge, Layer, LayerGraph
from tests.conversion.small_graphs import SHAPE, skip_graph


def test_timing_of_skips() -> None:
    graph = skip_graph()
    assert dict(graph.arrival_steps) == {"input": 0, "a": 1, "b": 2, "c": 3, "d": 4, "out": 5}
    assert graph.num_pipeline_steps == 5
    assert graph.max_delay == 2
    assert not graph.early_edges
    assert graph.reset_steps(4) == {"a": 1, "b": 2, "c": 3, "d": 0, "out": 1}


def test_lookup() -> None:
    graph = skip_graph()
    assert graph["b"].shape == graph.shapes["b"] == (6, 2, 3)
    assert graph["b"].num_neurons == 36
    assert graph.shapes["input"] == SHAPE


def test_scaled_weight() -> None:
    edge = Edge("input", "dense", np.array([[3, -5]], np.int16), weight_exp=4)
    assert edge.scaled_weight.tolist() == [[48, -80]]


def changed_layer(changed: str, **changes: Any) -> LayerGraph:
    graph = skip_graph()
    layers = (replace(la, **changes) if la.name == changed else la for la in graph.layers)
    return replace(graph, layers=tuple(layers))


def changed_edge(**changes: Any) -> LayerGraph:
    return changed_layer("b", edges=(replace(skip_graph()["b"].edges[0], **changes),))


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (lambda: changed_layer("b", name="a"), "layer 'a': the name is taken"),
        (lambda: changed_layer("b", name="input"), "layer 'input': the name is taken"),
        (lambda: changed_layer("b", edges=()), "layer 'b': nothing projects into it"),
        (lambda: changed_layer("b", bias=np.zeros(4)), r"layer 'b': bias has shape \(4,\)"),
        (lambda: changed_layer("b", shape=(6, 2, 4)), r"layer 'b': .*\(6, 2, 3\).*\(6, 2, 4\)"),
        (lambda: changed_layer("b", kind="input_lif"), "layer 'b': an input_lif layer"),
        (lambda: changed_layer("d", kind="readout"), "layer 'out': .*'d', a readout"),
        (lambda: changed_layer("b", decay_u=4096), "layer 'b': decay_u is 4096; .*0..4095"),
        (lambda: changed_layer("b", decay_v=0.5), "layer 'b': decay_v is 0.5"),
        (lambda: changed_layer("b", v_threshold=131072), "layer 'b': v_threshold is 131072"),
        (lambda: changed_layer("b", bias=np.full(6, 4096)), "layer 'b': bias is 4096"),
        (lambda: changed_layer("b", bias_exp=8), "layer 'b': bias_exp is 8"),
        (lambda: changed_edge(source="c"), "layer 'b': receives from 'c', which does not stand"),
        (lambda: changed_edge(source="input"), "layer 'b': edge from 'input': .*do not take 2"),
        (lambda: changed_edge(groups=4), "layer 'b': edge from 'a': .*4 groups"),
        (lambda: changed_edge(delay=-1), "layer 'b': edge from 'a' has delay -1"),
        (lambda: changed_edge(weight_exp=8), "layer 'b': weight_exp of the edge from 'a' is 8"),
        (
            lambda: changed_edge(weight=np.full((6, 4, 3, 3), 256)),
            "layer 'b': weight of the edge from 'a' is 256; accepted: integers -256..255",
        ),
        (
            lambda: changed_edge(kind="dense", weight=np.zeros((36, 95), int)),
            "layer 'b': edge from 'a': dense weights take 95 inputs",
        ),
        (
            lambda: changed_edge(kind="dense", weight=np.zeros((6, 96), int)),
            "layer 'b': edge from 'a' arrives with shape",
        ),
    ],
)
def test_impossible_graphs_name_the_layer(graph: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        graph()


def test_empty_graph_is_refused() -> None:
    with pytest.raises(ValueError, match="no layers"):
        LayerGraph({"input": SHAPE}, ())


def test_float_graph_has_no_ranges() -> None:
    layer = Layer(
        "n", "lif", (1, 1, 1), 0.5, 1.0, edges=(Edge("input", "dense", np.full((1, 192), 1e6)),)
    )
    LayerGraph({"input": SHAPE}, (layer,))
    with pytest.raises(ValueError, match="layer 'n': decay_v is 0"):
        LayerGraph({"input": SHAPE}, (layer,), "integer")
