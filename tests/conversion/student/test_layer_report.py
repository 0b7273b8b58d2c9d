from dataclasses import replace

import numpy as np
import pytest

from conversion.graph.layer_graph import INPUT, Edge, Layer, LayerGraph
from conversion.simulate.simulation import Trace
from conversion.student.layer_report import Traces, bits_used, check_equal, layer_rows


@pytest.mark.parametrize(
    ("weights", "bits"),
    [
        ([-256, 254], 8),
        ([-256, 0], 1),
        ([-4, 4], 2),
        ([2, 4], 3),
        ([0, 0], 0),
        ([-8, 6, 2], 3),
        ([-224, 32], 4),
        ([127, 1], 8),
    ],
)
def test_bits_used(weights: list[int], bits: int) -> None:
    edge = Edge(INPUT, "conv", np.array(weights).reshape(-1, 1, 1, 1), weight_exp=3)
    assert bits_used(edge) == bits


def small_report() -> tuple[LayerGraph, Traces]:
    """Four neurons, two steps: one spike of three is dropped, one is added."""
    edges = (
        Edge(INPUT, "conv", np.full((1, 1, 1, 1), 254)),
        Edge(INPUT, "conv", np.full((1, 1, 1, 1), 6), weight_exp=1),
    )
    hidden = Layer("a", "lif", (1, 2, 2), 2048, 508, 4095, edges=edges)
    last = Edge("a", "conv", np.full((2, 1, 1, 1), 2))
    out = Layer("out", "readout", (2, 2, 2), 2048, decay_u=4095, edges=(last,), scale=0.5)
    graph = LayerGraph({"input": (1, 2, 2)}, (hidden, out), "integer")
    spikes = np.zeros((2, 1, 1, 2, 2), bool)
    spikes.flat[[0, 3, 6]] = True
    changed = spikes.copy()
    changed.flat[[3, 4]] = [False, True]
    v = np.full((2, 1, 2, 2, 2), 3.0)
    traces = Traces(
        student=Trace({"a": spikes}, {"out": v + 1e-12}),
        student_float32=Trace({"a": ~spikes}, {"out": v}),
        graph=Trace({"a": spikes}, {"out": v}),
        integer=Trace({"a": changed}, {"out": np.full(v.shape, 128)}),
    )
    return graph, traces


def test_figures_by_hand() -> None:
    first, last = layer_rows(*small_report())
    assert (first.name, first.shape, first.num_neurons, first.num_weights) == ("a", (1, 2, 2), 4, 2)
    assert first.bits_used == ((8, 0), (3, 1)) and first.drift is None
    assert first.firing is not None
    assert (first.firing.rate, first.firing.rate_integer) == (3 / 8, 3 / 8)
    assert first.firing.share_changed == 2 / 3
    assert (first.firing.mismatches, first.firing.mismatches_float32) == (0, 8)
    assert last.firing is None and last.drift is not None
    assert last.drift.rms == 3.0
    assert last.drift.from_student == pytest.approx(1e-12, rel=1e-3)
    assert last.drift.integer_rms == 2.0  # 128 * 0.5 / 64 is 1


def test_the_first_layer_that_differs_is_named() -> None:
    graph, traces = small_report()
    check_equal(layer_rows(graph, traces))
    changed = Trace(traces.integer.spikes, traces.student.membranes)
    rows = layer_rows(graph, replace(traces, student=changed))
    with pytest.raises(ValueError, match=r"layer 'a' is the first that differs .*by 2 spikes"):
        check_equal(rows)
    for wrong in (1e-6, float("nan")):
        drifted = Trace(traces.student.spikes, {"out": traces.graph.membranes["out"] + wrong})
        rows = layer_rows(graph, replace(traces, student=drifted))
        with pytest.raises(ValueError, match=r"layer 'out' is the first that differs .*membrane"):
            check_equal(rows)
