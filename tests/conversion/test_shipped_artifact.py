"""The converted network beside the shipped weights is theirs, and proves itself."""

import hashlib

import numpy as np

from conversion.graph.artifact import read_artifact
from conversion.graph.quantize import quantize_graph
from conversion.graph.timing import balance, timing_costs
from conversion.simulate import float_simulator, integer_simulator
from conversion.student.extract import extract_graph
from snn_depth.files.stored_network import SHIPPED_NETWORK
from snn_depth.training.checkpoint import load_network

ARTIFACT = SHIPPED_NETWORK.with_suffix(".h5")


def test_it_is_the_conversion_of_the_shipped_weights() -> None:
    artifact, loaded = read_artifact(ARTIFACT), load_network(SHIPPED_NETWORK)
    provenance = artifact.provenance
    checksum = hashlib.sha256(SHIPPED_NETWORK.read_bytes()).hexdigest()
    assert provenance["checkpoint_sha256"] == checksum
    assert {run["target"] for run in provenance["lava_runs"]} == {"lava-float", "lava-fixed"}
    assert all(run["num_samples"] >= 8 for run in provenance["lava_runs"])
    graph = balance(
        extract_graph(loaded.network, loaded.data.height, loaded.data.width), "synaptic"
    )
    again = quantize_graph(
        graph,
        num_weight_bits=provenance["num_weight_bits"],
        largest_input=provenance["largest_input"],
    )
    assert timing_costs(graph).relay_share <= 0.2, "what the student was made for"
    for layer, expected in zip(artifact.graph.layers, again.layers, strict=True):
        assert (layer.name, layer.v_threshold) == (expected.name, expected.v_threshold)
        assert (layer.decay_u, layer.decay_v) == (expected.decay_u, expected.decay_v)
        assert np.array_equal(layer.bias_CHW, expected.bias_CHW), layer.name
        assert (layer.bias_exp, layer.scale) == (expected.bias_exp, expected.scale)
        assert len(layer.edges) == len(expected.edges)
        for edge, same in zip(layer.edges, expected.edges, strict=True):
            assert np.array_equal(edge.weight, same.weight), layer.name
            assert (edge.weight_exp, edge.delay) == (same.weight_exp, same.delay)


def test_its_test_vector_is_what_the_integer_simulator_does() -> None:
    artifact = read_artifact(ARTIFACT)
    assert artifact.test_vector is not None and artifact.float_graph is not None
    inputs, expected = artifact.test_vector.inputs["input"], artifact.test_vector.expected
    trace = integer_simulator.simulate(artifact.graph, inputs, record_membranes=True)
    assert not any(expected.spike_mismatches(trace).values())
    assert np.array_equal(expected.membranes["readout"], trace.membranes["readout"])
    last = artifact.test_vector.last_membranes_BCHW
    assert set(last) == set(trace.membranes)
    for name, v_BCHW in last.items():
        assert np.array_equal(v_BCHW, trace.membranes[name][-1]), name
    float_trace = float_simulator.simulate(artifact.float_graph, inputs)
    for name, rate in float_trace.firing_rates().items():
        assert abs(rate - expected.firing_rates()[name]) < 0.01, name
