import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from conversion.extract import extract_graph
from conversion.float_simulator import simulate
from conversion.layer_graph import Layer, LayerGraph
from conversion.onnx_export import onnx_model, write_onnx
from conversion.simulation import Trace
from conversion.student_run import padded_input
from conversion.timing import balance_with_delays
from tests.conversion.small_graphs import counts, skip_graph
from tests.conversion.student import calibrated_student
from tests.conversion.student import counts as student_counts


class Stepper:
    """Runs a model step by step and hands the state on."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.session = onnxruntime.InferenceSession(model.SerializeToString())
        self.state: dict[str, np.ndarray] = {}

    def step(self, counts_BCHW: np.ndarray) -> dict[str, np.ndarray]:
        inputs = {"counts": counts_BCHW.astype(np.float32)}
        for entry in self.session.get_inputs():
            shape = (len(counts_BCHW), *entry.shape[1:])
            inputs.setdefault(entry.name, self.state.get(entry.name, np.zeros(shape, np.float32)))
        names = [entry.name for entry in self.session.get_outputs()]
        outputs = dict(zip(names, self.session.run(names, inputs), strict=True))
        self.state = {n.removesuffix("_next"): x for n, x in outputs.items() if n.endswith("_next")}
        return outputs

    def run(self, graph: LayerGraph, counts_TBCHW: np.ndarray) -> Trace:
        steps = [self.step(x) for x in counts_TBCHW]
        firing = [layer.name for layer in graph.layers if layer.fires]
        return Trace(
            {name: np.stack([s[f"{name}_spikes"] > 0 for s in steps]) for name in firing},
            {
                layer.name: np.stack([s[f"{layer.name}_v_next"] for s in steps])
                for layer in graph.layers
            },
        )


def assert_equal(found: Trace, expected: Trace) -> None:
    """Small dyadic numbers are exact in 32 bits too, so nothing may differ."""
    assert not any(expected.spike_mismatches(found).values())
    assert not any(expected.membrane_differences(found).values())
    assert all(spikes.any() for spikes in expected.spikes.values())


def test_every_kind_of_edge_steps_as_the_simulator_does() -> None:
    graph = skip_graph("float")
    found = Stepper(onnx_model(graph)).run(graph, counts(5))
    assert_equal(found, simulate(graph, counts(5), record_membranes=True))


def test_a_stream_is_continued_by_its_state() -> None:
    graph = skip_graph("float")
    stepper, x = Stepper(onnx_model(graph)), counts(5)
    first, second = stepper.run(graph, x[:2]), stepper.run(graph, x[2:])
    whole = simulate(graph, x, record_membranes=True)
    for name, spikes in whole.spikes.items():
        assert np.array_equal(np.concatenate([first.spikes[name], second.spikes[name]]), spikes)


def test_input_neurons_and_a_bias_per_neuron() -> None:
    random = np.random.default_rng(0)
    bias = random.integers(-2, 3, (2, 8, 12)) / 8
    layer = Layer("in", "input_lif", (2, 8, 12), 0.25, 1.5, decay_u=0.5, bias=bias)
    graph = LayerGraph((2, 8, 12), (layer,))
    found = Stepper(onnx_model(graph)).run(graph, counts(4))
    assert_equal(found, simulate(graph, counts(4), record_membranes=True))


def test_student_in_32_bits() -> None:
    network = calibrated_student()
    graph = balance_with_delays(extract_graph(network, 32, 48))
    x = padded_input(network, student_counts(4, 2, 32, 48))
    expected = simulate(graph, x)
    found = Stepper(onnx_model(graph)).run(graph, x)
    for name, number in expected.spike_mismatches(found).items():
        assert number <= 1e-3 * expected.spikes[name].sum(), name
    np.testing.assert_allclose(
        found.membranes["readout"], expected.membranes["readout"], rtol=0, atol=1e-2
    )


def test_file_carries_its_metadata(tmp_path: Path) -> None:
    network = calibrated_student()
    graph = extract_graph(network, 32, 48)
    write_onnx(tmp_path / "a.onnx", graph, {"seed": 7, "depth_range_m": [1.0, 80.0]})
    model = onnx.load(tmp_path / "a.onnx")
    onnx.checker.check_model(model, full_check=True)
    found = {p.key: json.loads(p.value) for p in model.metadata_props if p.key != "operation"}
    assert found["provenance"]["seed"] == 7
    assert (found["depth"]["min_depth_m"], found["depth"]["decay_v"]) == (1.0, 0.2)
    assert [layer["name"] for layer in found["layers"]] == [layer.name for layer in graph.layers]
    assert model.graph.input[0].name == "counts"
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "B"


def test_integer_graphs_are_refused() -> None:
    with pytest.raises(ValueError, match="arithmetic is 'integer'; accepted: 'float'"):
        onnx_model(skip_graph("integer"))
