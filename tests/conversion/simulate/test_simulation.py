from types import ModuleType

import numpy as np
import pytest

from conversion.graph.layer_graph import Arithmetic, LayerGraph
from conversion.simulate import float_simulator, integer_simulator
from conversion.simulate.simulation import Trace, samples_of_stream, stream_of_samples
from tests.conversion.small_graphs import counts, skip_graph

SIMULATORS = {"float": float_simulator, "integer": integer_simulator}


def pipelined_samples(simulator: ModuleType, graph: LayerGraph, period: int) -> Trace:
    """Run the samples of `counts` back to back, and shift every layer's record back."""
    inputs = counts()
    num_steps, num_samples = inputs.shape[:2]
    trace = simulator.simulate_pipelined(
        graph,
        stream_of_samples(inputs, graph.num_pipeline_steps, period),
        reset_period=max(period, num_steps),
        record_membranes=True,
    )

    def aligned(records: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {
            name: samples_of_stream(
                record, graph.arrival_steps[name], num_samples, num_steps, period
            )
            for name, record in records.items()
        }

    return Trace(aligned(trace.spikes), aligned(trace.membranes))


@pytest.mark.parametrize("arithmetic", ["float", "integer"])
@pytest.mark.parametrize("period", [0, 9])
def test_pipelined_equals_aligned_shifted(arithmetic: Arithmetic, period: int) -> None:
    simulator, graph = SIMULATORS[arithmetic], skip_graph(arithmetic)
    expected = simulator.simulate(graph, counts(), record_membranes=True)
    actual = pipelined_samples(simulator, graph, period)
    assert set(expected.spikes) == {"a", "b", "c", "d"}
    assert set(expected.membranes) == {"a", "b", "c", "d", "out"}
    assert set(actual.spike_mismatches(expected).values()) == {0}
    assert set(actual.membrane_differences(expected).values()) == {0}
    assert all(0.02 < rate < 0.9 for rate in expected.firing_rates().values())


def test_skips_without_delays_compute_something_else() -> None:
    graph = skip_graph(balanced=False)
    assert graph.early_edges == {("a", "c"): 1, ("input", "c"): 2}
    expected = integer_simulator.simulate(skip_graph(), counts())
    mismatches = pipelined_samples(integer_simulator, graph, 0).spike_mismatches(expected)
    assert mismatches["a"] == mismatches["b"] == 0
    assert mismatches["c"] > 0


def test_samples_do_not_depend_on_each_other() -> None:
    graph = skip_graph()
    together = integer_simulator.simulate(graph, counts(), record_membranes=True)
    alone = integer_simulator.simulate(graph, counts()[:, 1:2], record_membranes=True)
    for name, spikes in alone.spikes.items():
        assert np.array_equal(spikes, together.spikes[name][:, 1:2])


def test_only_readouts_are_recorded_unless_asked() -> None:
    trace = float_simulator.simulate(skip_graph("float"), counts())
    assert set(trace.membranes) == {"out"}
    assert trace.membranes["out"].shape == (7, 3, 2, 1, 1)


def test_mismatches_are_counted() -> None:
    spikes = np.zeros((2, 1, 1, 1, 3), bool)
    other = spikes.copy()
    other[1, 0, 0, 0, :2] = True
    first = Trace({"a": spikes}, {"a": np.zeros(3), "b": np.zeros(1)})
    second = Trace({"a": other}, {"a": np.array([1.0, -4.0, 0.0])})
    assert first.spike_mismatches(second) == {"a": 2}
    assert first.membrane_differences(second) == {"a": 4}


def test_stream_round_trip() -> None:
    inputs = counts()
    for period in (0, 9):
        stream = stream_of_samples(inputs, 4, period)
        assert stream.shape == (3 * max(7, period) + 4, 1, 2, 8, 12)
        assert np.array_equal(samples_of_stream(stream, 0, 3, 7, period), inputs)
        assert stream.sum() == inputs.sum()


def test_refuses_wrong_inputs() -> None:
    graph = skip_graph()
    for shape in [(7, 2, 8, 12), (7, 1, 2, 12, 8), (0, 1, 2, 8, 12)]:
        with pytest.raises(ValueError, match="input 'input' has shape"):
            integer_simulator.simulate(graph, np.zeros(shape))
    with pytest.raises(ValueError, match="reset_period is 0"):
        integer_simulator.simulate_pipelined(graph, counts(), reset_period=0)
