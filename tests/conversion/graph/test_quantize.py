from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversion.graph.layer_graph import INPUT, Edge, Layer, LayerGraph
from conversion.graph.quantize import bias_mantissa, quantize_graph, weight_step
from conversion.graph.timing import balance_with_delays, balance_with_relays
from conversion.simulate import float_simulator, integer_simulator
from conversion.student.extract import extract_graph
from conversion.student.student_run import padded_input
from tests.conversion.calibrated_student import calibrated_student, counts

Student = tuple[LayerGraph, np.ndarray]


@pytest.fixture(scope="module")
def student() -> Student:
    network = calibrated_student()
    x = counts(height=64, width=128)
    return balance_with_delays(extract_graph(network, 64, 128)), padded_input(network, x)


def meaning(graph: LayerGraph) -> LayerGraph:
    """The float graph that an integer graph stands for."""
    layers = []
    for layer in graph.layers:
        edges = tuple(
            replace(e, weight=e.weight * 2.0**e.weight_exp * layer.scale, weight_exp=0)
            for e in layer.edges
        )
        assert layer.bias is not None
        layers.append(
            replace(
                layer,
                edges=edges,
                decay_u=(layer.decay_u + 1) / 4096,
                decay_v=layer.decay_v / 4096,
                v_threshold=layer.v_threshold * layer.scale,
                bias=layer.bias * 2.0**layer.bias_exp / 64 * layer.scale,
                bias_exp=0,
            )
        )
    return replace(graph, layers=tuple(layers), arithmetic="float")


@pytest.mark.parametrize("num_weight_bits", [4, 5, 6, 7, 8])
def test_student_fits_the_chip(student: Student, num_weight_bits: int) -> None:
    graph, x = student
    integer = quantize_graph(graph, num_weight_bits=num_weight_bits, largest_input=16)
    step = {4: 32, 5: 16, 6: 8, 7: 4, 8: 2}[num_weight_bits]
    assert weight_step(num_weight_bits) == step
    for layer, before in zip(integer.layers, graph.layers, strict=True):
        assert (layer.decay_u, layer.decay_v) == (4095, 2048 if layer.fires else 819)
        assert layer.bias is not None and np.abs(layer.bias).max() <= 4095
        assert 0 <= layer.bias_exp <= 7
        if layer.fires:
            assert 0 < layer.v_threshold <= 131071
            assert layer.v_threshold * layer.scale == pytest.approx(1.0, rel=1e-14)
        for edge, old in zip(layer.edges, before.edges, strict=True):
            assert edge.weight.dtype.kind == "i" and edge.delay == old.delay
            assert edge.weight.min() >= -256 and edge.weight.max() <= 256 - step
            assert np.all(edge.weight % step == 0) and 0 <= edge.weight_exp <= 7
            error = edge.scaled_weight * layer.scale - old.weight
            unit = step * 2**edge.weight_exp * layer.scale
            assert np.abs(error).max() <= unit * 1.001
            assert np.abs(error.sum(axis=(2, 3))).max() <= 0.5 * unit * 1.001
        largest = max(np.abs(edge.weight).max() for edge in layer.edges)
        assert largest > 128 - step / 2  # no bit is wasted
    float_rates = float_simulator.simulate(graph, x).firing_rates()
    rates = integer_simulator.simulate(integer, x).firing_rates()
    tolerance = 0.03 if num_weight_bits == 8 else 0.1
    for name, rate in float_rates.items():
        assert rates[name] == pytest.approx(rate, rel=tolerance), name


def test_integers_mean_what_the_scale_says(student: Student) -> None:
    """The integer network against its own meaning in float: only rounding of decays is left."""
    graph, x = student
    integer = quantize_graph(graph, largest_input=16)
    found = integer_simulator.simulate(integer, x)
    expected = float_simulator.simulate(meaning(integer), x)
    for name in ("stem", "enc1a", "enc1b"):
        wrong = np.count_nonzero(found.spikes[name] != expected.spikes[name])
        assert wrong < 0.02 * np.count_nonzero(expected.spikes[name]), name
    for layer in integer.layers:  # one by one, from the same spikes
        alone, sources = _only(integer, layer, x, found.spikes)
        fixed = integer_simulator.simulate(alone, sources)
        real = float_simulator.simulate(meaning(alone), sources)
        if layer.fires:
            wrong = np.count_nonzero(fixed.spikes[layer.name] != real.spikes[layer.name])
            assert wrong < 1e-3 * np.count_nonzero(real.spikes[layer.name]), layer.name
        else:
            decoded = fixed.membranes[layer.name] * layer.scale / 64
            assert np.abs(decoded - real.membranes[layer.name]).max() < 10 / 64 * layer.scale


def _only(
    graph: LayerGraph, layer: Layer, x: np.ndarray, spikes: dict[str, np.ndarray]
) -> tuple[LayerGraph, np.ndarray]:
    """The layer with its first source alone, as the input."""
    edge = layer.edges[0]
    sources = x if edge.source == INPUT else spikes[edge.source].astype(float)
    alone = replace(layer, edges=(replace(edge, source=INPUT),))
    return LayerGraph({"input": graph.shapes[edge.source]}, (alone,), "integer"), sources


def test_relays_stay_exact(student: Student) -> None:
    graph, x = student
    with_relays = quantize_graph(balance_with_relays(graph), largest_input=16)
    direct = integer_simulator.simulate(quantize_graph(graph, largest_input=16), x)
    relayed = integer_simulator.simulate(with_relays, x)
    assert np.array_equal(relayed.spikes["enc2b_relay2"], direct.spikes["enc2b"])
    every_second = direct.spikes["stem"][..., ::2, ::2]
    assert np.array_equal(relayed.spikes["stem_2x2_relay1"], every_second)
    assert np.array_equal(relayed.membranes["readout"], direct.membranes["readout"])


@settings(max_examples=60, deadline=None)
@given(
    magnitudes=st.lists(st.floats(-2.0, 1.0), min_size=1, max_size=3),
    num_weight_bits=st.integers(4, 8),
    v_threshold=st.floats(0.3, 3.0),
    seed=st.integers(0, 2**16),
)
def test_edges_of_any_size_share_a_scale(
    magnitudes: list[float], num_weight_bits: int, v_threshold: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    edges = tuple(
        Edge(INPUT, "conv", 10.0**power * rng.normal(size=(3, 2, 3, 3)), padding=(1, 1))
        for power in magnitudes
    )
    layer = Layer("a", "lif", (3, 4, 4), 0.5, v_threshold, bias=rng.normal(size=3), edges=edges)
    graph = quantize_graph(
        LayerGraph({"input": (2, 4, 4)}, (layer,)), num_weight_bits=num_weight_bits, largest_input=1
    )
    found = graph["a"]
    step = weight_step(num_weight_bits)
    assert found.v_threshold * found.scale == pytest.approx(v_threshold, rel=1e-14)
    for new, old in zip(found.edges, edges, strict=True):
        error = (new.scaled_weight * found.scale - old.weight) / (step * found.scale)
        assert np.abs(error).max() <= 2**new.weight_exp * 1.0001
        assert np.abs(error.sum(axis=(2, 3))).max() <= 0.5 * 2**new.weight_exp * 1.0001
    largest = max(found.edges, key=lambda edge: np.abs(edge.scaled_weight).max())
    # The best scale may lie anywhere in an octave, and rounding that keeps sums less than a step
    # away: no less than half of the range is used.
    assert np.abs(largest.weight).max() > 127 / 2 - step


def test_scale_by_hand() -> None:
    """0.5 fills 254 units; -2 needs two bits more; the threshold is exact: 508 units are 1.0."""
    edges = (
        Edge(INPUT, "conv", np.array([[[[0.5]]]])),
        Edge(INPUT, "conv", np.array([[[[-2.0]]]])),
    )
    layer = Layer("a", "lif", (1, 1, 1), 0.7, 1.0, bias=np.array([-0.75]), edges=edges)
    found = quantize_graph(LayerGraph({"input": (1, 1, 1)}, (layer,)), largest_input=1)["a"]
    assert (found.v_threshold, found.decay_v, found.decay_u) == (508, 2867, 4095)
    assert [(int(e.weight[0, 0, 0, 0]), e.weight_exp) for e in found.edges] == [(254, 0), (-254, 2)]
    assert found.bias is not None
    assert (found.bias.tolist(), found.bias_exp) == ([-3048], 3)  # 0.75 * 508 * 64 = 24384


def test_bias_takes_the_smallest_exponent() -> None:
    mantissa, exponent = bias_mantissa(np.array([4095.4, -1.0]))
    assert (mantissa.tolist(), exponent) == ([4095, -1], 0)
    mantissa, exponent = bias_mantissa(np.array([4096.0, -8.0]))
    assert (mantissa.tolist(), exponent) == ([2048, -4], 1)
    with pytest.raises(ValueError, match="accepted: up to 524160"):
        bias_mantissa(np.array([600_000.0]))


def one_layer(weight: np.ndarray, **changes: object) -> LayerGraph:
    arguments = {"kind": "lif", "decay_v": 0.5, "v_threshold": 1.0, **changes}
    edge = Edge(INPUT, "conv", weight)
    return LayerGraph(
        {INPUT: (weight.shape[1], 1, 1)},
        (Layer("a", shape=(len(weight), 1, 1), edges=(edge,), **arguments),),  # type: ignore[arg-type]
    )


def test_scale_shrinks_until_the_current_cannot_wrap_around() -> None:
    ones = np.ones((1, 1000, 1, 1))
    graph = quantize_graph(one_layer(ones), largest_input=1)
    assert graph["a"].edges[0].weight.max() < 131.1
    everything = np.ones((1, 1, 1000, 1, 1))
    assert integer_simulator.simulate(graph, everything).spikes["a"].all()
    # the same sum, of fewer synapses and larger counts
    graded = quantize_graph(one_layer(ones[:, :100]), largest_input=10)
    assert graded["a"].edges[0].weight.max() == graph["a"].edges[0].weight.max()
    assert integer_simulator.simulate(graded, 10 * everything[:, :, :100]).spikes["a"].all()


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (one_layer(np.full((1, 1, 1, 1), 1e-4)), "layer 'a': its threshold lets .* use only 5.2%"),
        (
            one_layer(np.ones((1, 1, 1, 1)), bias=np.array([500.0])),
            "layer 'a': its bias lets",
        ),
        (
            one_layer(np.ones((1, 3000, 1, 1))),
            r"layer 'a': its sum of weights \(24-bit accumulator\) lets",
        ),
        (one_layer(np.ones((1, 1, 1, 1)), decay_u=0.0), "layer 'a': decay_u is 0.0"),
        (
            LayerGraph({"input": (1, 1, 1)}, (Layer("in", "input_lif", (1, 1, 1), 0.5, 1.0),)),
            "layer 'in': kind 'input_lif' takes currents",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(graph: LayerGraph, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        quantize_graph(graph, largest_input=1)


def test_arguments_out_of_range() -> None:
    graph = one_layer(np.ones((1, 1, 1, 1)))
    for bits in (3, 9):
        with pytest.raises(ValueError, match=f"num_weight_bits is {bits}; accepted: 4 to 8"):
            quantize_graph(graph, num_weight_bits=bits, largest_input=1)
    with pytest.raises(ValueError, match="arithmetic is 'integer'"):
        quantize_graph(quantize_graph(graph, largest_input=1), largest_input=1)
