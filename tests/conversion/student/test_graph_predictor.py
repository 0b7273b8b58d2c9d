import pytest
import torch

from conversion.graph.quantize import quantize_graph
from conversion.simulate import integer_simulator
from conversion.student.extract import extract_graph
from conversion.student.graph_predictor import GraphPredictor
from conversion.student.readout_depth import depth_of_readout
from conversion.student.student_run import padded_input
from snn_depth.data.sample import Batch, View
from snn_depth.models.graph import READOUT
from tests.conversion.calibrated_student import calibrated_student, counts

SMALL = {"channel_multipliers": (1, 2)}


def test_float_graph_predicts_as_its_student() -> None:
    network = calibrated_student(**SMALL).double()
    x = counts(3, 2, 30, 41).double()
    found = GraphPredictor(extract_graph(network, 30, 41), network.depth_range)(
        Batch({"spikes": View(x)})
    )
    with torch.no_grad():
        expected = network(x)
    assert expected.depth_m.std() > 0.1
    torch.testing.assert_close(found.depth_m, expected.depth_m.float(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(
        found.uncertainty, expected.uncertainty.float(), rtol=1e-5, atol=1e-5
    )
    assert set(found.firing_rates) == set(expected.firing_rates)
    for name, rate in expected.firing_rates.items():
        assert found.firing_rates[name].item() == pytest.approx(rate.item(), rel=1e-6)


def test_integer_graph_predicts_by_the_integer_simulator() -> None:
    network = calibrated_student(**SMALL)
    x = counts(3, 2, 32, 40)
    graph = quantize_graph(extract_graph(network, 32, 40), num_weight_bits=5, largest_input=16)
    found = GraphPredictor(graph, network.depth_range)(Batch({"spikes": View(x)}))
    trace = integer_simulator.simulate(graph, padded_input(network, x))
    expected = depth_of_readout(
        network, graph[READOUT], "integer", trace.membranes[READOUT], 32, 40
    )
    assert torch.equal(found.depth_m, expected)
    assert {k: v.item() for k, v in found.firing_rates.items()} == pytest.approx(
        trace.firing_rates()
    )


def test_bad_input() -> None:
    network = calibrated_student(**SMALL)
    predictor = GraphPredictor(extract_graph(network, 32, 40), network.depth_range)
    with pytest.raises(
        ValueError, match="samples are 64x40; the graph takes 32x40: convert it for their size"
    ):
        predictor(Batch({"spikes": View(counts(2, 1, 64, 40))}))
    with pytest.raises(ValueError, match="'spikes' is needed, but the data has only"):
        predictor(Batch({"rgb": View(torch.zeros(1, 3, 32, 40))}))


def test_other_time_steps_than_the_artifacts_are_refused() -> None:
    network = calibrated_student(**SMALL)
    graph = extract_graph(network, 32, 40)
    predictor = GraphPredictor(graph, network.depth_range, num_steps=4)
    with pytest.raises(ValueError, match="samples have 3 steps; the artifact takes 4"):
        predictor(Batch({"spikes": View(counts(3, 1, 32, 40))}))
