import numpy as np
import pytest

from conversion.graph.layer_graph import INPUT, Edge, Layer, LayerGraph
from conversion.graph.overflow import accumulator_range_used, extreme_currents
from conversion.simulate.integer_simulator import simulate


def integers(*shape: int, seed: int = 0, low: int = -128, high: int = 127) -> np.ndarray:
    return 2 * np.random.default_rng(seed).integers(low, high, shape)


EDGES = {
    "conv": Edge(INPUT, "conv", integers(4, 2, 3, 3), padding=(1, 1), groups=2, weight_exp=1),
    "strided": Edge(INPUT, "conv", integers(4, 4, 3, 3), stride=(2, 2), padding=(1, 1)),
    "conv_transpose": Edge(
        INPUT, "conv_transpose", integers(4, 3, 4, 4), stride=(2, 2), padding=(1, 1)
    ),
    "transposed, grouped, dilated": Edge(
        INPUT,
        "conv_transpose",
        integers(4, 3, 3, 3),
        stride=(2, 2),
        dilation=(2, 1),
        groups=2,
    ),
    "dense": Edge(INPUT, "dense", integers(5, 4 * 6 * 7)),
}
SHAPE = (4, 6, 7)


def graph_of(*edges: Edge, kind: str = "readout", **constants: object) -> LayerGraph:
    arguments = {"decay_v": 4095, "decay_u": 4095, **constants}
    layer = Layer("out", kind, edges[0].output_shape(SHAPE), edges=edges, **arguments)  # type: ignore[arg-type]
    return LayerGraph({"input": SHAPE}, (layer,), "integer")


def currents(graph: LayerGraph, x_CHW: np.ndarray) -> np.ndarray:
    """Synaptic input of every neuron, by a simulation with no memory."""
    return simulate(graph, x_CHW[None, None].astype(float)).membranes["out"][0, 0] / 64


@pytest.mark.parametrize("name", EDGES)
def test_bound_is_reached_and_never_exceeded(name: str) -> None:
    """For each neuron the input of the signs of its own weights, found by probing."""
    graph = graph_of(EDGES[name])
    lowest, highest = extreme_currents(graph["out"], {INPUT: 3})
    size = int(np.prod(SHAPE))
    weights = np.stack([currents(graph, row.reshape(SHAPE)) for row in np.eye(size)])
    found_high = 3 * np.maximum(weights, 0).sum(0).max(axis=(1, 2))
    found_low = 3 * np.minimum(weights, 0).sum(0).min(axis=(1, 2))
    np.testing.assert_array_equal(highest, found_high)
    np.testing.assert_array_equal(lowest, found_low)


def test_edges_add_up_and_spikes_count_once() -> None:
    first = Edge(INPUT, "conv", np.full((1, 1, 1, 1), 10), weight_exp=2)
    second = Edge("hidden", "conv", np.array([[[[-6]]], [[[8]]]]))
    hidden = Layer("hidden", "lif", (1, 1, 1), 0, 1, decay_u=4095, edges=(first,))
    out = Layer(
        "out",
        "lif",
        (2, 1, 1),
        0,
        1,
        decay_u=4095,
        edges=(Edge(INPUT, "conv", np.array([[[[4]]], [[[-2]]]])), second),
    )
    graph = LayerGraph({"input": (1, 1, 1)}, (hidden, out), "integer")
    assert extreme_currents(graph["hidden"], {INPUT: 5}).tolist() == [[0], [200]]
    assert extreme_currents(graph["out"], {INPUT: 5}).tolist() == [[-6, -10], [20, 8]]


def test_part_used_is_where_the_current_wraps_around() -> None:
    """131071 units fit into 24 bits, 131072 do not."""
    edge = Edge(INPUT, "conv", np.full((1, 4, 1, 1), 128))  # 512 units per count of all channels
    graph = graph_of(edge, kind="lif", v_threshold=1000)
    assert (
        accumulator_range_used(graph["out"], {INPUT: 255})
        < 1
        < accumulator_range_used(graph["out"], {INPUT: 256})
    )
    for count, fires in ((255, True), (256, False)):
        trace = simulate(graph, np.full((1, 1, *SHAPE), float(count)))
        assert trace.spikes["out"].all() == fires


def test_a_current_that_lingers_and_a_readouts_memory_need_room() -> None:
    edge = Edge(INPUT, "conv", np.full((1, 4, 1, 1), 128))
    alone = accumulator_range_used(graph_of(edge, kind="lif", v_threshold=9)["out"], {INPUT: 10})
    lingering = graph_of(edge, kind="lif", v_threshold=9, decay_u=1023)["out"]
    assert accumulator_range_used(lingering, {INPUT: 10}) == pytest.approx(4 * alone)
    readout = graph_of(edge, decay_v=819, bias=np.array([100]), bias_exp=6)["out"]
    graph = LayerGraph({"input": SHAPE}, (readout,), "integer")
    v = simulate(graph, np.full((200, 1, *SHAPE), 10.0)).membranes["out"]
    assert v.max() / (2**23 - 1) == pytest.approx(
        accumulator_range_used(readout, {INPUT: 10}), rel=1e-3
    )
