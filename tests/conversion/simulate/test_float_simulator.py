import numpy as np
import pytest

from conversion.graph.layer_graph import Edge, Layer, LayerGraph
from conversion.simulate.float_simulator import simulate
from tests.conversion.small_graphs import counts, skip_graph


def run_neuron(inputs: list[float], **constants: object) -> tuple[list[bool], list[float]]:
    edge = Edge("input", "conv", np.ones((1, 1, 1, 1)))
    layer = Layer("n", shape=(1, 1, 1), edges=(edge,), **constants)  # type: ignore[arg-type]
    graph = LayerGraph({"input": (1, 1, 1)}, (layer,))
    trace = simulate(graph, np.array(inputs).reshape(-1, 1, 1, 1, 1), record_membranes=True)
    spikes = trace.spikes["n"].ravel().tolist() if layer.fires else []
    return spikes, trace.membranes["n"].ravel().tolist()


def test_neuron_by_hand() -> None:
    # a tie with the threshold does not fire
    spikes, v = run_neuron(
        [0.75, 0.75, 0.5, 0.75, 1.25, -2.0, 0.0], kind="lif", decay_v=0.5, v_threshold=1.0
    )
    assert v == [0.75, 0, 0.5, 1.0, 0, -2.0, -1.0]
    assert spikes == [False, True, False, False, True, False, False]


def test_synaptic_current_and_bias_by_hand() -> None:
    spikes, v = run_neuron(
        [1.0, 0.0, 0.0],
        kind="lif",
        decay_u=0.5,
        decay_v=0.0,
        v_threshold=1.5,
        bias=np.array([0.125]),
    )
    # u: 1, 0.5, 0.25; the reset leaves it alone
    assert v == [1.125, 0, 0.375]
    assert spikes == [False, True, False]


def test_readout_never_fires() -> None:
    _, v = run_neuron([4.0, 4.0, 0.0], kind="readout", decay_v=0.5, v_threshold=1.0)
    assert v == [4.0, 6.0, 3.0]


def test_bias_per_channel_and_per_neuron() -> None:
    shape = (2, 1, 2)
    edge = Edge("input", "conv", np.zeros((2, 1, 1, 1)))
    for bias, expected in [
        (np.array([1.0, 2.0]), [1, 1, 2, 2]),
        (np.arange(4.0).reshape(shape), [0, 1, 2, 3]),
    ]:
        layer = Layer("n", "readout", shape, 0.5, edges=(edge,), bias=bias)
        trace = simulate(LayerGraph({"input": (1, 1, 2)}, (layer,)), np.ones((1, 1, 1, 1, 2)))
        assert trace.membranes["n"].ravel().tolist() == expected


def test_refuses_integer_graph() -> None:
    with pytest.raises(ValueError, match="'integer'; accepted: 'float'"):
        simulate(skip_graph(), counts())


def test_input_neurons_take_the_input_as_a_bias() -> None:
    layer = Layer("in", "input_lif", (1, 1, 1), 0.5, 10.0, decay_u=0.25, bias=np.array([1.0]))
    graph = LayerGraph({"input": (1, 1, 1)}, (layer,))
    inputs = np.array([2.0, 0.0, 4.0]).reshape(3, 1, 1, 1, 1)
    trace = simulate(graph, inputs, record_membranes=True)
    # 2 + 1; 1.5 + 1; 1.25 + 4 + 1: nothing of the input lingers in a current
    assert trace.membranes["in"].ravel().tolist() == [3.0, 2.5, 6.25]
