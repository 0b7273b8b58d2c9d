"""Graphs of two inputs, against one synapse and one neuron after the other."""

from dataclasses import replace

import numpy as np
import pytest

from conversion.graph.layer_graph import Arithmetic, Layer
from conversion.graph.timing import balance_with_delays
from conversion.simulate import float_simulator, integer_simulator
from conversion.simulate.simulation import Trace, samples_of_stream, stream_of_samples
from tests.conversion.slow_reference import slow_current, slow_neuron
from tests.conversion.small_graphs import counts, skip_graph, two_input_graph, two_inputs

SIMULATORS = {"float": float_simulator, "integer": integer_simulator}


def slow_neurons(layer: Layer, current_TCHW: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spikes and membranes of a float layer, one neuron after the other."""
    bias_CHW = np.broadcast_to(layer.bias_CHW, layer.shape)
    spikes, membranes = np.zeros(current_TCHW.shape, bool), np.zeros(current_TCHW.shape)
    for neuron in np.ndindex(*layer.shape):
        u = v = 0.0
        for t, current in enumerate(current_TCHW):
            u = (1 - layer.decay_u) * u + current[neuron]
            v = (1 - layer.decay_v) * v + u + bias_CHW[neuron]
            if layer.fires and v > layer.v_threshold:
                spikes[t][neuron], v = True, 0.0
            membranes[t][neuron] = v
    return spikes, membranes


def slow_integer_neurons(layer: Layer, current_TCHW: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Likewise of an integer layer."""
    spikes, membranes = np.zeros(current_TCHW.shape, bool), np.zeros(current_TCHW.shape)
    for c, y, x in np.ndindex(*layer.shape):
        seen = slow_neuron(
            [int(i) for i in current_TCHW[:, c, y, x]],
            int(layer.decay_u),
            int(layer.decay_v),
            int(layer.v_threshold) if layer.fires else 0,
            int(layer.bias_CHW[c, 0, 0]) << layer.bias_exp,
            layer.fires,
        )
        for t, (spike, _, v) in enumerate(seen):
            spikes[t, c, y, x], membranes[t, c, y, x] = spike, v
    return spikes, membranes


@pytest.mark.parametrize("arithmetic", ["float", "integer"])
def test_equals_a_plain_loop(arithmetic: Arithmetic) -> None:
    graph, inputs = two_input_graph(arithmetic), two_inputs(5, 2)
    found = SIMULATORS[arithmetic].simulate(graph, inputs, record_membranes=True)
    neurons = slow_neurons if arithmetic == "float" else slow_integer_neurons
    for sample in range(2):
        sent = {name: x_TBCHW[:, sample] for name, x_TBCHW in inputs.items()}
        for layer in graph.layers:
            current_TCHW = np.stack(
                [
                    sum(slow_current(e, sent[e.source][t], layer.shape) for e in layer.edges)
                    for t in range(5)
                ]
            )
            sent[layer.name], membranes = neurons(layer, current_TCHW)
            np.testing.assert_allclose(
                found.membranes[layer.name][:, sample], membranes, rtol=0, atol=1e-12
            )
            if layer.fires:
                assert np.array_equal(found.spikes[layer.name][:, sample], sent[layer.name])
    assert all(0.1 < rate < 0.9 for rate in found.firing_rates().values())


@pytest.mark.parametrize("arithmetic", ["float", "integer"])
def test_pipelined_equals_aligned(arithmetic: Arithmetic) -> None:
    graph, inputs = two_input_graph(arithmetic), two_inputs()
    assert not graph.early_edges
    assert [e.delay for e in balance_with_delays(graph)["c"].edges] == [0, 2, 2]
    stream = {
        name: stream_of_samples(x_TBCHW, graph.num_pipeline_steps)
        for name, x_TBCHW in inputs.items()
    }
    run = SIMULATORS[arithmetic].simulate_pipelined(
        graph, stream, reset_period=7, record_membranes=True
    )
    aligned = Trace(
        {n: samples_of_stream(x, graph.arrival_steps[n], 3, 7) for n, x in run.spikes.items()},
        {n: samples_of_stream(x, graph.arrival_steps[n], 3, 7) for n, x in run.membranes.items()},
    )
    expected = SIMULATORS[arithmetic].simulate(graph, inputs, record_membranes=True)
    assert set(aligned.spike_mismatches(expected).values()) == {0}
    assert set(aligned.membrane_differences(expected).values()) == {0}


def test_each_input_matters() -> None:
    graph, inputs = two_input_graph(), two_inputs()
    whole = integer_simulator.simulate(graph, inputs)
    for name in inputs:
        without = inputs | {name: np.zeros_like(inputs[name])}
        assert integer_simulator.simulate(graph, without).spike_mismatches(whole)["c"]


def test_one_input_by_name_or_alone() -> None:
    graph = skip_graph()
    alone = integer_simulator.simulate(graph, counts())
    named = integer_simulator.simulate(graph, {"input": counts()})
    assert set(named.spike_mismatches(alone).values()) == {0}


def test_refuses_what_does_not_fit() -> None:
    graph, inputs = two_input_graph(), two_inputs()

    def refused(message: str, wrong: object) -> None:
        with pytest.raises(ValueError, match=message):
            integer_simulator.simulate(graph, wrong)  # type: ignore[arg-type]

    refused(r"has inputs \['spikes', 'thermal'\]; accepted here: one", inputs["spikes"])
    refused(r"found inputs \['spikes'\]; accepted", {"spikes": inputs["spikes"]})
    refused(r"'thermal' has shape .*accepted: \(steps", inputs | {"thermal": inputs["spikes"]})
    refused(r"inputs differ in \(steps", inputs | {"thermal": inputs["thermal"][:3]})
    refused("'spikes' holds values up to 2; accepted", inputs | {"spikes": 2 * inputs["spikes"]})
    refused("not whole numbers", inputs | {"thermal": inputs["thermal"] / 2})
    with pytest.raises(ValueError, match=r"binary inputs \['rgb'\]; accepted"):
        replace(graph, binary_inputs=frozenset({"rgb"}))
    with pytest.raises(ValueError, match="no inputs"):
        replace(graph, inputs={})
    with pytest.raises(ValueError, match="layer 'thermal': the name is taken"):
        replace(graph, layers=(*graph.layers, replace(graph["a"], name="thermal")))
    with pytest.raises(ValueError, match=r"'first': an input_lif layer .* the only input"):
        replace(graph, layers=(Layer("first", "input_lif", (2, 6, 8), 100, 5), *graph.layers))
