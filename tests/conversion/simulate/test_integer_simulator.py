import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversion.graph.layer_graph import Edge, Layer, LayerGraph
from conversion.simulate.integer_simulator import IntegerNeurons, decay, simulate, wrap
from tests.conversion.slow_reference import LIMIT, slow_current, slow_neuron
from tests.conversion.small_graphs import counts, skip_graph


def run_neuron(
    currents: list[int], du: int, dv: int, vth: int, bias: int, bias_exp: int, fires: bool = True
) -> list[tuple[int, int, int]]:
    layer = Layer(
        "n",
        "lif" if fires else "readout",
        (1, 1, 1),
        decay_u=du,
        decay_v=dv,
        v_threshold=vth,
        bias=np.array([bias]),
        bias_exp=bias_exp,
    )
    neurons = IntegerNeurons(layer, 1)
    seen = []
    for current in currents:
        spikes = neurons.step(np.full((1, 1, 1, 1), current))
        seen.append((int(spikes.item()), neurons._u_BCHW.item(), neurons.v_BCHW.item()))
    return seen


def test_neuron_by_hand() -> None:
    # no current kept (du = 4095), a quarter of the membrane lost (dv = 1024), threshold 2 * 64
    seen = run_neuron([1, 1, 1, -3, 0, 0], 4095, 1024, 2, bias=3, bias_exp=1)
    assert seen == [
        (0, 64, 70),
        (0, 64, 122),  # 52.5 rounds toward zero
        (1, 64, 0),  # 91 + 70 = 161 > 128
        (0, -192, -186),
        (0, 0, -133),  # -139.5 rounds toward zero
        (0, 0, -93),
    ]


def test_threshold_is_strict() -> None:
    assert run_neuron([2], 4095, 0, 2, 0, 0) == [(0, 128, 128)]
    assert run_neuron([2], 4095, 0, 2, 1, 0) == [(1, 128, 0)]


def test_current_wraps_and_membrane_clips() -> None:
    # 131071 * 64 = 2**23 - 64 is the largest current; one more weight unit turns it around
    assert run_neuron([131071, 1], 4094, 0, 131071, 0, 0)[0][1] == LIMIT - 64
    assert run_neuron([131072], 4095, 0, 131071, 0, 0) == [(0, -LIMIT, -LIMIT + 1)]
    # 2**23 - 64 > 131070 * 64
    assert run_neuron([131071], 4095, 0, 131070, 0, 0) == [(1, LIMIT - 64, 0)]
    # a membrane that is clipped is above even the largest threshold
    assert run_neuron([131071], 4095, 0, 131071, 4095, 7) == [(1, LIMIT - 64, 0)]
    # a readout stays at the limit
    readout = run_neuron([131071, 131071], 4095, 0, 0, 0, 0, fires=False)
    assert readout == [(0, LIMIT - 64, LIMIT - 64), (0, LIMIT - 64, LIMIT - 1)]


@settings(max_examples=150, deadline=None)
@given(
    currents=st.lists(
        st.one_of(st.integers(-600, 600), st.integers(-(2**24), 2**24)), min_size=1, max_size=12
    ),
    du=st.integers(0, 4095),
    dv=st.integers(0, 4095),
    vth=st.one_of(st.integers(0, 500), st.integers(0, 131071)),
    bias=st.integers(-4096, 4095),
    bias_exp=st.integers(0, 7),
    fires=st.booleans(),
)
def test_neuron_equals_slow_loop(  # type: ignore[no-untyped-def]
    currents, du, dv, vth, bias, bias_exp, fires
) -> None:
    actual = run_neuron(currents, du, dv, vth, bias, bias_exp, fires)
    assert actual == slow_neuron(currents, du, dv, vth, bias << bias_exp, fires)


def test_decay_is_exact_over_the_whole_range() -> None:
    state = np.concatenate([np.arange(-5000, 5000), np.arange(LIMIT - 5000, LIMIT)])
    state = np.concatenate([state, -state]).astype(np.int32)
    for loss in (0, 1, 2047, 3333, 4095, 4096):
        expected = np.sign(state) * (np.abs(state).astype(np.int64) * (4096 - loss) >> 12)
        assert np.array_equal(decay(state, loss), expected)


def test_wrap() -> None:
    values = np.array([LIMIT - 1, LIMIT, -LIMIT, -LIMIT - 1, 5 * LIMIT, 0])
    assert wrap(values).tolist() == [LIMIT - 1, -LIMIT, -LIMIT, LIMIT - 1, -LIMIT, 0]


def test_input_with_neurons_drives_their_membranes() -> None:
    layer = Layer("in", "input_lif", (1, 1, 1), 1024, 25, decay_u=4095, bias_exp=6)
    trace = simulate(
        LayerGraph({"input": (1, 1, 1)}, (layer,), "integer"),
        np.full((5, 1, 1, 1, 1), 13),
        record_membranes=True,
    )
    # 13, 22.75, 30.0625 > 25, ... in units of 64
    assert trace.membranes["in"].ravel().tolist() == [832, 1456, 0, 832, 1456]
    assert trace.spikes["in"].ravel().tolist() == [False, False, True, False, False]


def test_network_equals_slow_loop_in_every_neuron() -> None:
    graph, inputs = skip_graph(), counts()
    trace = simulate(graph, inputs, record_membranes=True)
    sent = {"input": inputs, **trace.spikes}
    for layer in graph.layers:
        convolutions = [edge for edge in layer.edges if edge.kind != "dense"]
        currents = np.zeros((*inputs.shape[:2], *layer.shape), np.int64)
        for t, b in np.ndindex(inputs.shape[:2]):
            for edge in convolutions:
                x_CHW = sent[edge.source][t, b].astype(np.int64)
                currents[t, b] += slow_current(edge, x_CHW, layer.shape)
            for edge in layer.edges:
                if edge.kind == "dense":
                    flat = sent[edge.source][t, b].ravel().astype(np.int64)
                    currents[t, b] += (edge.weight @ flat).reshape(layer.shape)
        for place in np.ndindex(inputs.shape[1], *layer.shape):
            channel = place[1]
            seen = slow_neuron(
                currents[(slice(None), *place)].tolist(),
                int(layer.decay_u),
                int(layer.decay_v),
                int(layer.v_threshold),
                int(layer.bias_CHW[channel].item()) << layer.bias_exp,
                layer.fires,
            )
            expected_v = [v for _, _, v in seen]
            assert trace.membranes[layer.name][(slice(None), *place)].tolist() == expected_v
            if layer.fires:
                expected_s = [s for s, _, _ in seen]
                assert trace.spikes[layer.name][(slice(None), *place)].tolist() == expected_s
    assert all(0.02 < rate < 0.9 for rate in trace.firing_rates().values())


def test_refuses_other_arithmetic_and_fractions() -> None:
    with pytest.raises(ValueError, match="'float'; accepted: 'integer'"):
        simulate(skip_graph("float"), counts())
    with pytest.raises(ValueError, match="whole numbers"):
        simulate(skip_graph(), counts() + 0.5)


def test_sum_of_edges_beyond_float32_is_exact() -> None:
    edges = (
        Edge("input", "dense", np.array([[127, 0]]), weight_exp=7),
        Edge("input", "dense", np.array([[0, 255]])),
    )
    layer = Layer("n", "lif", (1, 1, 1), 0, 252, decay_u=4095, edges=edges)
    # each edge fits float32; the sum is 2**24 + 253, in float32 2**24 + 252, and wraps around
    inputs = np.array([1024, 515]).reshape(1, 1, 2, 1, 1)
    trace = simulate(LayerGraph({"input": (2, 1, 1)}, (layer,), "integer"), inputs)
    assert trace.spikes["n"].item()
