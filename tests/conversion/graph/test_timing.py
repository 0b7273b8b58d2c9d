from dataclasses import replace

import numpy as np
import pytest

from conversion.graph.layer_graph import Edge, Layer, LayerGraph
from conversion.graph.timing import balance_with_delays, balance_with_relays, timing_costs
from conversion.simulate.float_simulator import simulate, simulate_pipelined
from conversion.simulate.simulation import samples_of_stream, stream_of_samples
from conversion.student.extract import extract_graph
from conversion.student.student_run import padded_input
from tests.conversion.calibrated_student import calibrated_student, counts


def chain(num_layers: int, *, skip: bool = True, source: str = "a0") -> LayerGraph:
    """a0 -> a1 -> ... -> last, and a skip from `source` into the last."""
    one = np.ones((1, 1, 1, 1))
    names = [f"a{index}" for index in range(num_layers)]
    layers = [
        Layer(name, "lif", (1, 2, 2), 0.5, 0.5, edges=(Edge(before, "conv", one),))
        for name, before in zip(names, ["input", *names], strict=False)
    ]
    if skip:
        layers[-1] = replace(layers[-1], edges=(*layers[-1].edges, Edge(source, "conv", one)))
    return LayerGraph({"input": (1, 2, 2)}, tuple(layers))


@pytest.fixture(scope="module")
def student_graph() -> tuple[LayerGraph, np.ndarray]:
    network = calibrated_student()
    x = counts(num_steps=6, batch=3, height=32, width=48)
    return extract_graph(network, 32, 48), padded_input(network, x)


@pytest.mark.parametrize("balance", [balance_with_delays, balance_with_relays])
def test_pipelined_student_equals_time_aligned(
    student_graph: tuple[LayerGraph, np.ndarray], balance: object
) -> None:
    graph, x = student_graph
    aligned = simulate(graph, x)
    balanced = balance(graph)  # type: ignore[operator]
    assert not balanced.early_edges
    stream = stream_of_samples(x, balanced.num_pipeline_steps)
    trace = simulate_pipelined(balanced, stream, reset_period=len(x))
    for name, expected in aligned.spikes.items():
        found = samples_of_stream(trace.spikes[name], balanced.arrival_steps[name], 3, len(x))
        assert expected.any() and np.array_equal(found, expected), name
    found = samples_of_stream(
        trace.membranes["readout"], balanced.arrival_steps["readout"], 3, len(x)
    )
    np.testing.assert_allclose(found, aligned.membranes["readout"], rtol=0, atol=1e-12)


def test_without_balance_the_pipelined_student_is_wrong(
    student_graph: tuple[LayerGraph, np.ndarray],
) -> None:
    graph, x = student_graph
    assert graph.early_edges
    stream = stream_of_samples(x, graph.num_pipeline_steps)
    trace = simulate_pipelined(graph, stream, reset_period=len(x))
    found = samples_of_stream(trace.spikes["dec0"], graph.arrival_steps["dec0"], 3, len(x))
    assert np.count_nonzero(found != simulate(graph, x).spikes["dec0"]) > 1000


def test_delays_and_costs_agree_with_the_network(
    student_graph: tuple[LayerGraph, np.ndarray],
) -> None:
    network = calibrated_student()
    costs = timing_costs(student_graph[0])
    assert costs.delays == network.graph.delays()
    assert costs.num_pipeline_steps == network.graph.num_pipeline_steps == 11
    assert costs.num_relay_neurons == network.graph.num_relay_neurons(32, 48)
    relays = balance_with_relays(student_graph[0])
    added = sum(layer.num_neurons for layer in relays.layers) - costs.num_neurons
    assert added == costs.num_relay_neurons
    assert costs.relay_share == added / (added + costs.num_neurons)


def test_delays_by_hand() -> None:
    graph = balance_with_delays(chain(4))
    assert [edge.delay for edge in graph["a3"].edges] == [0, 2]
    assert all(edge.delay == 0 for name in ("a0", "a1", "a2") for edge in graph[name].edges)
    # what was delayed before is set anew
    assert [edge.delay for edge in balance_with_delays(graph)["a3"].edges] == [0, 2]
    assert [layer.name for layer in balance_with_relays(graph).layers] == [
        *("a0", "a0_relay1", "a0_relay2", "a1", "a2", "a3")
    ]
    assert timing_costs(chain(4)).relay_neurons == {"a0": 2 * 4}


def test_too_long_a_delay_is_refused_by_name() -> None:
    assert balance_with_delays(chain(64)).max_delay == 62
    with pytest.raises(
        ValueError, match=r"layer 'a64': the edge from 'a0' must wait 63 steps.* 62"
    ):
        balance_with_delays(chain(65))


def test_input_is_sent_once_more_whoever_delays_the_rest() -> None:
    graph = chain(3, source="input")
    for balance in (balance_with_delays, balance_with_relays):
        balanced = balance(graph)
        assert [edge.delay for edge in balanced["a2"].edges] == [0, 2]
        assert len(balanced.layers) == 3
    assert timing_costs(graph).num_relay_neurons == 0
    assert balance_with_delays(chain(70, source="input")).max_delay == 69


def strided_shortcut(*, with_full_skip: bool) -> LayerGraph:
    """a -> b -> c (-> d), a 1x1 stride-2 shortcut from a into c and maybe a skip from a into d."""
    pointwise, wide = np.ones((3, 3, 1, 1)), np.ones((3, 3, 3, 3))
    down = Edge("a", "conv", wide, stride=(2, 2), padding=(1, 1))
    shortcut = Edge("a", "conv", pointwise, stride=(2, 2))
    layers = [
        Layer("a", "lif", (3, 5, 8), 0.5, 0.5, edges=(Edge("input", "conv", pointwise),)),
        Layer("b", "lif", (3, 3, 4), 0.5, 0.5, edges=(down,)),
        Layer("c", "lif", (3, 3, 4), 0.5, 0.5, edges=(Edge("b", "conv", pointwise), shortcut)),
    ]
    if with_full_skip:
        into_d = (Edge("c", "conv", pointwise), down)
        layers.append(Layer("d", "lif", (3, 3, 4), 0.5, 0.5, edges=into_d))
    return LayerGraph({"input": (3, 5, 8)}, tuple(layers))


def test_relays_repeat_only_what_a_strided_shortcut_reads() -> None:
    graph = strided_shortcut(with_full_skip=False)
    balanced = balance_with_relays(graph)
    assert timing_costs(graph).relay_neurons == {"a": 3 * 3 * 4}
    assert balanced["a_2x2_relay1"].shape == (3, 3, 4)
    x = np.random.default_rng(0).integers(0, 2, (5, 2, 3, 5, 8))
    assert np.array_equal(simulate(balanced, x).spikes["c"], simulate(graph, x).spikes["c"])
    assert simulate(graph, x).spikes["c"].any()


def test_a_strided_shortcut_shares_the_chain_of_its_whole_source() -> None:
    graph = strided_shortcut(with_full_skip=True)
    assert timing_costs(graph).relay_neurons == {"a": 2 * 3 * 5 * 8}
    balanced = balance_with_relays(graph)
    assert [layer.name for layer in balanced.layers] == ["a", "a_relay1", "a_relay2", "b", "c", "d"]
    assert [(e.source, e.stride) for e in balanced["c"].edges] == [
        ("b", (1, 1)),
        ("a_relay1", (2, 2)),
    ]
    assert [e.source for e in balanced["d"].edges] == ["c", "a_relay2"]
